// One axis along an edge of the map: its ticks, and a way to zoom and pan along it alone.
import { el } from '../dom.ts';
import type { RulerMark } from './marks.ts';

export type Axis = 'x' | 'y';

export interface RulerEvents {
  /** About a place along the axis, in screen pixels; its middle for null. */
  zoom(axis: Axis, factor: number, at: number | null): void;
  /** By screen pixels. */
  pan(axis: Axis, by: number): void;
}

const TICK = 5;
const GAP = 3;
const FONT = '11px system-ui, sans-serif';
/** Of the wheel for twice the scale. */
const WHEEL_OCTAVE = 240;
const KEY_STEP = 40;

export class Ruler {
  private readonly canvas = el('canvas', { 'aria-hidden': 'true' });
  readonly element: HTMLElement;
  private drag: { pointer: number; at: number } | null = null;
  private marks: readonly RulerMark[] = [];
  private title = '';

  constructor(
    private readonly axis: Axis,
    private readonly events: RulerEvents,
  ) {
    this.element = el('div', { class: `ruler ruler-${axis}`, 'data-testid': `ruler-${axis}`, role: 'group', tabindex: 0 }, this.canvas);
    this.element.addEventListener('wheel', (event) => this.wheel(event), { passive: false });
    this.element.addEventListener('keydown', (event) => this.key(event));
    this.element.addEventListener('pointerdown', (event) => {
      this.element.setPointerCapture(event.pointerId);
      this.drag = { pointer: event.pointerId, at: this.along(event) };
    });
    this.element.addEventListener('pointermove', (event) => {
      if (this.drag?.pointer !== event.pointerId) return;
      const at = this.along(event);
      this.events.pan(this.axis, this.drag.at - at);
      this.drag.at = at;
    });
    for (const name of ['pointerup', 'pointercancel'] as const) this.element.addEventListener(name, () => { this.drag = null; });
  }

  /** In screen pixels. */
  get length(): number {
    return this.axis === 'x' ? this.element.clientWidth : this.element.clientHeight;
  }

  show(marks: readonly RulerMark[], title: string, range: string): void {
    this.marks = marks;
    this.title = title;
    this.element.setAttribute('aria-label', `Axis ${title}, ${range}. Arrow keys pan along it, plus and minus zoom along it alone.`);
    const [width, height, ratio] = [this.element.clientWidth, this.element.clientHeight, window.devicePixelRatio];
    Object.assign(this.canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
    const context = this.canvas.getContext('2d');
    if (!context || width === 0 || height === 0) return;
    context.scale(ratio, ratio);
    this.draw(context, getComputedStyle(this.element).color);
  }

  /** The same upon a picture of the map, from whose corner `left` and `top` are. */
  paint(context: CanvasRenderingContext2D, { left, top }: { left: number; top: number }): void {
    const place = this.element.getBoundingClientRect();
    const { color, backgroundColor } = getComputedStyle(this.element);
    context.save();
    context.translate(place.left - left, place.top - top);
    context.fillStyle = backgroundColor;
    context.fillRect(0, 0, place.width, place.height);
    this.draw(context, color);
    context.restore();
  }

  private draw(context: CanvasRenderingContext2D, colour: string): void {
    const [width, height] = [this.element.clientWidth, this.element.clientHeight];
    Object.assign(context, { fillStyle: colour, font: FONT, textBaseline: 'middle', textAlign: 'center' });
    const across = this.axis === 'x';
    // The name of the axis is at its end, where no number is drawn over it.
    const name = context.measureText(this.title).width + 2 * GAP;
    const room = across ? width - name : 2 * 14;
    let free = -Infinity;
    for (const { at, text } of this.marks) {
      const half = context.measureText(text).width / 2;
      context.fillRect(...(across ? [Math.round(at), 0, 1, TICK] : [width - TICK, Math.round(at), TICK, 1]) as [number, number, number, number]);
      const extent = across ? half : 6;
      if (at - extent < Math.max(free, across ? 2 : room) || at + extent > (across ? room : height - 2)) continue;
      free = at + extent + GAP;
      if (across) context.fillText(text, at, TICK + (height - TICK) / 2);
      else this.write(context, text, width - TICK - GAP, at, width - TICK - GAP - 2);
    }
    if (across) {
      context.textAlign = 'right';
      context.fillText(this.title, width - GAP, TICK + (height - TICK) / 2);
    } else {
      this.write(context, this.title, width - GAP, 12, width - GAP - 2);
    }
  }

  /** To the left of a place, narrower where it is too long. */
  private write(context: CanvasRenderingContext2D, text: string, x: number, y: number, most: number): void {
    context.textAlign = 'right';
    context.fillText(text, x, y, most);
  }

  private along(event: PointerEvent | WheelEvent): number {
    const { left, top } = this.element.getBoundingClientRect();
    return this.axis === 'x' ? event.clientX - left : event.clientY - top;
  }

  private wheel(event: WheelEvent): void {
    event.preventDefault();
    this.events.zoom(this.axis, wheelFactor(event), this.along(event));
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const forward = this.axis === 'x' ? 'ArrowRight' : 'ArrowDown';
    const back = this.axis === 'x' ? 'ArrowLeft' : 'ArrowUp';
    if (event.key === '+' || event.key === '=') this.events.zoom(this.axis, 2, null);
    else if (event.key === '-') this.events.zoom(this.axis, 0.5, null);
    else if (event.key === forward) this.events.pan(this.axis, KEY_STEP);
    else if (event.key === back) this.events.pan(this.axis, -KEY_STEP);
    else return;
    event.preventDefault();
  }
}

const LINE = 40;

/** How much larger things are after a turn of the wheel. */
export function wheelFactor({ deltaX, deltaY, deltaMode }: WheelEvent): number {
  // With Shift or Alt some systems turn the wheel sideways.
  const delta = (deltaY === 0 ? deltaX : deltaY) * (deltaMode === 0 ? 1 : LINE);
  return 2 ** (-Math.max(-WHEEL_OCTAVE, Math.min(WHEEL_OCTAVE, delta)) / WHEEL_OCTAVE);
}
