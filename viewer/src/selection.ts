// A box drawn on the image: with the tool, or with shift and the mouse.
import type OlMap from 'ol/Map.js';
import { boxBetween, boxHolds, boxInside, movedBox, resizedBox, sameBox } from './box.ts';
import { el } from './dom.ts';
import { formatDimensions } from './format.ts';
import type { Plane } from './plane.ts';
import type { Region } from './revisions.ts';

interface Size {
  width: number;
  height: number;
}

/** In CSS pixels of the map. */
interface Frame {
  left: number;
  top: number;
  width: number;
  height: number;
}

interface Stroke {
  pointer: number;
  from: { coordinate: number[]; x: number; y: number };
  /** Whether it went further than a click does. */
  drawn: boolean;
  before: Region | null;
}

const CLICK_PIXELS = 3;
/** How far beyond the map an edge is still drawn: far enough not to be seen. */
const BEYOND = 50;

export class Selection {
  box: Region | null = null;
  private size: Size | null = null;
  private active = false;
  private stroke: Stroke | null = null;
  private readonly label = el('span', { class: 'selection-size', 'data-testid': 'selection-size' });
  private readonly element = el(
    'div', { class: 'selection', 'data-testid': 'selection', role: 'group', tabindex: 0, hidden: true }, this.label,
  );

  constructor(
    private readonly map: OlMap,
    private readonly target: HTMLElement,
    private readonly plane: () => Plane,
    private readonly onChange: () => void,
    private readonly onTool: (active: boolean) => void,
  ) {
    target.after(this.element);
    // Before the map hears of it.
    target.addEventListener('pointerdown', (event) => this.begin(event), { capture: true });
    target.addEventListener('pointermove', (event) => this.draw(event), { capture: true });
    target.addEventListener('pointerup', (event) => this.end(event), { capture: true });
    target.addEventListener('pointercancel', () => this.cancel(), { capture: true });
    target.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && this.active) this.drawMiddle();
    });
    this.element.addEventListener('keydown', (event) => this.key(event));
    map.on('postrender', () => this.place());
  }

  /** Another image, with what is selected in it. */
  open(size: Size, box: Region | null): void {
    this.stroke = null;
    this.size = size;
    this.box = boxInside(size, box);
    this.show();
  }

  close(): void {
    this.stroke = null;
    this.size = null;
    this.box = null;
    this.show();
  }

  set(box: Region | null): void {
    const inside = this.size && boxInside(this.size, box);
    if (sameBox(inside, this.box)) return;
    this.box = inside;
    this.show();
    this.onChange();
  }

  toggleTool(): void {
    this.setTool(!this.active);
  }

  putDown(): void {
    this.setTool(false);
  }

  /** Gives up the least that there is to give up: a stroke, the box, the tool. */
  escape(): void {
    if (this.stroke) this.cancel();
    else if (this.box) this.set(null);
    else this.setTool(false);
  }

  /** Where the box is on the screen; null where nothing of it would show. */
  frame(): Frame | null {
    const { box } = this;
    const [from, to] = box ? [[box.x, -box.y], [box.x + box.width, -box.y - box.height]]
      .map((corner) => this.map.getPixelFromCoordinate(this.plane().toMap(corner))) : [];
    if (!from || !to) return null;
    const span = (index: number, length: number): [number, number] => {
      const [low, high] = [from[index] ?? 0, to[index] ?? 0].map((at) => Math.min(length + BEYOND, Math.max(-BEYOND, at)));
      return [low ?? 0, high ?? 0];
    };
    const [left, right] = span(0, this.target.clientWidth);
    const [top, bottom] = span(1, this.target.clientHeight);
    return { left, top, width: right - left, height: bottom - top };
  }

  /** The same upon a picture of the map. */
  paint(context: CanvasRenderingContext2D): void {
    const frame = this.frame();
    if (!frame || !this.box) return;
    const { left, top, width, height } = frame;
    for (const [colour, line] of [['rgb(0 0 0 / 60%)', 3], ['#fff', 1]] as const) {
      context.strokeStyle = colour;
      context.lineWidth = line;
      // A line on whole pixels is drawn along their middles.
      context.strokeRect(Math.round(left) + 0.5, Math.round(top) + 0.5, width - 1, height - 1);
    }
    const label = this.label.getBoundingClientRect();
    const bounds = this.target.getBoundingClientRect();
    context.translate(label.left - bounds.left, label.top - bounds.top);
    context.fillStyle = 'rgb(0 0 0 / 70%)';
    context.fillRect(0, 0, label.width, label.height);
    const { color, fontWeight, fontSize, fontFamily } = getComputedStyle(this.label);
    // `font` itself is empty where figures are tabular.
    const font = `${fontWeight} ${fontSize} ${fontFamily}`;
    Object.assign(context, { fillStyle: color, font, textAlign: 'center', textBaseline: 'middle' });
    context.fillText(this.label.textContent ?? '', label.width / 2, label.height / 2);
  }

  private setTool(active: boolean): void {
    if (active === this.active) return;
    this.active = active;
    if (!active) this.cancel();
    this.target.classList.toggle('selecting', active);
    this.onTool(active);
  }

  private begin(event: PointerEvent): void {
    if (this.stroke) {
      // A second finger.
      this.cancel();
      return;
    }
    if (!this.size || event.button !== 0 || !event.isPrimary || !(this.active || event.shiftKey)) return;
    const at = this.at(event);
    if (!at) return;
    event.stopPropagation();
    this.target.setPointerCapture(event.pointerId);
    this.stroke = { pointer: event.pointerId, from: at, drawn: false, before: this.box };
  }

  private draw(event: PointerEvent): void {
    const { stroke, size } = this;
    if (!stroke || !size || event.pointerId !== stroke.pointer) return;
    event.stopPropagation();
    const at = this.at(event);
    if (!at) return;
    const { from } = stroke;
    stroke.drawn ||= Math.hypot(at.x - from.x, at.y - from.y) >= CLICK_PIXELS;
    if (stroke.drawn) this.set(boxBetween(size, from.coordinate, at.coordinate));
  }

  private end(event: PointerEvent): void {
    const { stroke } = this;
    if (!stroke || event.pointerId !== stroke.pointer) return;
    event.stopPropagation();
    this.stroke = null;
    const beside = this.box && !boxHolds(this.box, stroke.from.coordinate);
    if (!stroke.drawn && this.active && beside) this.set(null);
  }

  private cancel(): void {
    const { stroke } = this;
    this.stroke = null;
    if (stroke) this.set(stroke.before);
  }

  /** Without a pointer: the middle of what is in sight, for the arrow keys to go on from. */
  private drawMiddle(): void {
    const [width, height] = [this.target.clientWidth, this.target.clientHeight];
    const [from, to] = [0.375, 0.625].map((share) => this.map.getCoordinateFromPixel([width * share, height * share]));
    if (!this.size || !from || !to) return;
    this.set(boxBetween(this.size, this.plane().toImage(from), this.plane().toImage(to)));
    this.place();
    this.element.focus();
  }

  private key(event: KeyboardEvent): void {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!way || !this.box || !this.size || event.ctrlKey || event.metaKey || event.altKey) return;
    // A step that can be seen.
    const step = Math.max(1, Math.round(this.map.getView().getResolution() ?? 1));
    const across = Math.max(1, Math.round(step / this.plane().stretch));
    const [right, down] = [(way[0] ?? 0) * across, (way[1] ?? 0) * step];
    event.preventDefault();
    this.set((event.shiftKey ? resizedBox : movedBox)(this.size, this.box, right, down));
  }

  private at(event: PointerEvent): { coordinate: number[]; x: number; y: number } | null {
    const bounds = this.target.getBoundingClientRect();
    const [x, y] = [event.clientX - bounds.left, event.clientY - bounds.top];
    const coordinate = this.map.getCoordinateFromPixel([x, y]);
    return coordinate ? { coordinate: this.plane().toImage(coordinate), x, y } : null;
  }

  private show(): void {
    const { box } = this;
    if (!box && document.activeElement === this.element) this.target.focus();
    const text = box ? formatDimensions(box.width, box.height) : '';
    this.label.textContent = text;
    this.element.setAttribute('aria-label', box
      ? `Selected box, ${text} at ${box.x}, ${box.y}. Arrow keys move it, with Shift they resize it, Escape clears it.`
      : '');
    this.place();
  }

  private place(): void {
    const frame = this.frame();
    this.element.hidden = frame === null;
    if (!frame) return;
    const { style } = this.element;
    style.translate = `${frame.left}px ${frame.top}px`;
    style.width = `${frame.width}px`;
    style.height = `${frame.height}px`;
    // The size is read also where an edge of the box is out of sight, or has no room below it.
    style.setProperty('--cut-left', `${Math.max(0, -frame.left)}px`);
    style.setProperty('--cut-bottom', `${Math.max(0, frame.top + frame.height - this.target.clientHeight)}px`);
    this.element.classList.toggle('low', frame.top + frame.height > this.target.clientHeight - 28);
  }
}
