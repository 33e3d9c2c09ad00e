// The value under the pointer: asked for at a measured pace, and never shown for another pixel than the one named.
import { fetchValue, isAbort, type PixelValue } from './api.ts';
import { throttle } from './dom.ts';

export interface Pixel {
  x: number;
  y: number;
}

export interface ReadoutTarget {
  id: string;
  axes: ReadonlyMap<string, number | string>;
}

export class Readout {
  private pixel: Pixel | null = null;
  private target: ReadoutTarget | null = null;
  private work: AbortController | null = null;
  private readonly ask = throttle(() => void this.fetch(), 80);

  constructor(
    private readonly onPixel: (pixel: Pixel | null) => void,
    private readonly onValue: (value: PixelValue | null) => void,
  ) {}

  /** Another image, or another place along its extra axes. */
  setTarget(target: ReadoutTarget | null): void {
    this.target = target;
    this.restart();
  }

  setPixel(pixel: Pixel | null): void {
    if (pixel?.x === this.pixel?.x && pixel?.y === this.pixel?.y) return;
    this.pixel = pixel;
    this.onPixel(pixel);
    this.restart();
  }

  /** The pixels have changed: what is shown stays until the new value is there. */
  refresh(): void {
    if (this.pixel && this.target) this.ask();
  }

  private restart(): void {
    this.work?.abort();
    this.work = null;
    this.onValue(null);
    if (this.pixel && this.target) this.ask();
    else this.ask.cancel();
  }

  private async fetch(): Promise<void> {
    const { pixel, target } = this;
    if (!pixel || !target) return;
    this.work?.abort();
    const work = new AbortController();
    this.work = work;
    try {
      const value = await fetchValue(target.id, pixel.x, pixel.y, target.axes, work.signal);
      if (this.work === work) this.onValue(value);
    } catch (error) {
      // A value that doesn't come stays blank; tiles say what is wrong with the server.
      if (!isAbort(error) && this.work === work) this.onValue(null);
    }
  }
}
