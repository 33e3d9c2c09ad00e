// The label under the pointer: its number where it lies over another image, and its colour.
import type { PixelValue } from '../api.ts';
import { type Pixel, Readout } from '../readout.ts';
import { cssColour, labelColour } from './colours.ts';
import { axesOf } from './fit.ts';
import type { Overlay } from './overlay.ts';
import { parseLabel } from './table.ts';

/** A colour without a text is that of the value of the image itself. */
type Tell = (text: string, colour: string | null) => void;

export class UnderPointer {
  private overlay: Overlay | null = null;
  private seed = 0;
  private value: PixelValue | null = null;
  private readonly readout = new Readout(() => undefined, (value) => {
    if (this.overlay && !this.overlay.isOwn) this.show(value);
  });

  constructor(private readonly tell: Tell) {}

  /** Other labels, or another place along their axes. Null is none. */
  aim(overlay: Overlay | null, axes: ReadonlyMap<string, number>): void {
    this.overlay = overlay;
    const isOver = overlay !== null && !overlay.isOwn;
    this.readout.setTarget(isOver ? { id: overlay.info.id, axes: axesOf(overlay.info, axes) } : null);
    if (!overlay) this.show(null);
  }

  setPixel(pixel: Pixel | null): void {
    const { scale = 1, info } = this.overlay ?? {};
    const [x, y] = [Math.floor((pixel?.x ?? 0) / scale), Math.floor((pixel?.y ?? 0) / scale)];
    const inside = pixel !== null && info !== undefined && x < info.width && y < info.height;
    this.readout.setPixel(inside ? { x, y } : null);
    if (!inside) this.show(null);
  }

  /** The value of the image itself, which may be its labels. */
  told(value: PixelValue | null): void {
    if (this.overlay?.isOwn) this.show(value);
  }

  setSeed(seed: number): void {
    if (seed === this.seed) return;
    this.seed = seed;
    this.show(this.value);
  }

  /** The pixels have changed. */
  refresh(): void {
    this.readout.refresh();
  }

  private show(value: PixelValue | null): void {
    this.value = value;
    const label = parseLabel(String(value?.values[0] ?? ''));
    const text = label === null || this.overlay?.isOwn ? '' : `label ${label}`;
    this.tell(text, label === null || label === 0 ? null : cssColour(labelColour(label, this.seed)));
  }
}
