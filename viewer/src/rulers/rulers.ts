// The axes of the image along the edges of the map.
import type { ImageInfo } from '../api.ts';
import { dimensionOf } from '../dimensions.ts';
import { el } from '../dom.ts';
import { formatNumber } from '../format.ts';
import type { Place } from '../navigation.ts';
import { rulerMarks, rulerTitle, type Span } from './marks.ts';
import { type Axis, Ruler, type RulerEvents } from './ruler.ts';

const KEY = 'projectile-axes';
/** Screen pixels between ticks: numbers stand beside each other, or below. */
const APART: Record<Axis, number> = { x: 90, y: 44 };

export class Rulers {
  readonly element = el('div', { class: 'rulers', 'data-testid': 'rulers', hidden: true });
  private readonly rulers: Record<Axis, Ruler>;
  private chosen: boolean | null = rememberedChoice();
  private shown: { info: ImageInfo; place: Place } | null = null;

  constructor(events: RulerEvents, private readonly onToggle: (shown: boolean) => void) {
    this.rulers = { x: new Ruler('x', events), y: new Ruler('y', events) };
    this.element.append(this.rulers.y.element, this.rulers.x.element);
  }

  toggle(): void {
    this.chosen = !this.isShown();
    try {
      localStorage.setItem(KEY, this.chosen ? 'shown' : 'hidden');
    } catch {
      // Storage is off: the choice lasts as long as the page.
    }
    this.update();
  }

  show(info: ImageInfo, place: Place): void {
    this.shown = { info, place };
    this.update();
  }

  /** The same upon a picture of the map. */
  paint(context: CanvasRenderingContext2D, corner: { left: number; top: number }): void {
    if (!this.isShown()) return;
    this.rulers.x.paint(context, corner);
    this.rulers.y.paint(context, corner);
  }

  /** Unless somebody chose: where the axes have coordinates, or scales of their own. */
  isShown(): boolean {
    if (!this.shown) return false;
    const { info, place } = this.shown;
    return this.chosen ?? (place.stretch !== 1 || (['x', 'y'] as const).some((axis) => dimensionOf(info, axis)?.coordinates != null));
  }

  private update(): void {
    const shown = this.isShown();
    if (this.element.hidden === shown) {
      this.element.hidden = !shown;
      document.documentElement.dataset['axes'] = shown ? 'shown' : 'hidden';
      this.onToggle(shown);
    }
    if (!shown || !this.shown) return;
    const { info, place } = this.shown;
    this.draw('x', info, place.x, 2 ** -place.zoom / place.stretch);
    this.draw('y', info, place.y, 2 ** -place.zoom);
  }

  private draw(axis: Axis, info: ImageInfo, centre: number, resolution: number): void {
    const ruler = this.rulers[axis];
    const { length } = ruler;
    const span: Span = { from: centre - length / 2 * resolution, to: centre + length / 2 * resolution, length };
    const dimension = dimensionOf(info, axis);
    const marks = rulerMarks(dimension, axis === 'x' ? info.width : info.height, span, APART[axis]);
    const range = `pixels ${formatNumber(Math.max(0, Math.floor(span.from)), 12)} to ${formatNumber(Math.ceil(span.to), 12)}`;
    ruler.show(marks, rulerTitle(dimension, axis), range);
  }
}

function rememberedChoice(): boolean | null {
  try {
    const choice = localStorage.getItem(KEY);
    return choice === null ? null : choice === 'shown';
  } catch {
    return null;
  }
}
