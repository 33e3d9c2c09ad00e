// What a comparison asks of the page that it is on.
import type { ImageInfo } from '../api.ts';
import type { Permalink } from '../permalink.ts';
import type { Revisions } from '../revisions.ts';
import type { Display } from '../state.ts';

export interface Host {
  load(id: string, signal: AbortSignal): Promise<ImageInfo>;
  revisions(id: string): Revisions;
  /** Something that a link tells is another. */
  onChange(): void;
  /** The panel, the scale of colours or the numbers in pixels are of another image. */
  onShown(): void;
  /** Only the scale of colours may be another: a control that is being dragged must live. */
  onColours(): void;
  onValues(): void;
  onPointer(coordinate: number[] | null): void;
  /** Other tiles are asked for. */
  onLoading(): void;
  /** Whether all is there, beside the map of the first image, may be another answer now. */
  onReadiness(): void;
  onProblem(error: Error): void;
  onNoGpu(): void;
  /** The first image is to be shown so. */
  setFirst(display: Display): void;
  /** Another link is to be followed. */
  follow(link: Permalink): void;
  /** A link to all that is shown. */
  permalink(): Permalink | null;
}
