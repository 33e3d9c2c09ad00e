// Brings a layer of samples the colours of its colormap. Nothing is asked for but a colormap that was never shown.
import type { DataLayer } from './data-layer.ts';
import { lutOf } from './lut.ts';

export class Colours {
  private shown: string | null = null;

  constructor(
    private readonly layer: DataLayer,
    private readonly onProblem: (error: Error) => void,
  ) {}

  /** The old colours stay until the new ones are there; without any there is nothing to see. */
  show(colormap: string): void {
    if (colormap === this.shown) return;
    this.shown = colormap;
    void this.load(colormap);
  }

  /** What is still on its way is not wanted any more. */
  stop(): void {
    this.shown = null;
  }

  private async load(colormap: string): Promise<void> {
    const done = this.layer.wait();
    try {
      const lut = await lutOf(colormap);
      if (this.shown === colormap) this.layer.setLut(lut);
    } catch (error) {
      if (this.shown !== colormap) return;
      this.shown = null;
      this.onProblem(error instanceof Error ? error : new Error(String(error)));
    } finally {
      done();
    }
  }
}
