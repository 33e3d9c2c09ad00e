// What commands act upon.
import type { ImageInfo, ImageSummary } from '../api.ts';
import type { Chrome } from '../chrome.ts';
import type { Panel } from '../panels/panel.ts';
import type { SaveActions } from '../panels/save.ts';
import type { Session } from '../session.ts';
import type { Display } from '../state.ts';

export interface Page {
  readonly session: Session;
  readonly panel: Panel;
  readonly chrome: Chrome;
  readonly saving: SaveActions;
  images(): readonly ImageSummary[];
  openImage(id: string): void;
  /** The next image, or the one before. */
  step(by: number): void;
  toGallery(): void;
  chooseFiles(): void;
  retry(): void;
  /** Opens the palette, with something typed in it already. */
  ask(text: string): void;
  togglePalette(): void;
  /** Tells what was done, for a moment. */
  say(text: string): void;
  problem(error: unknown): void;
}

/** The image and how it is shown; null where none is. */
export const shown = (page: Page): { info: ImageInfo; display: Display } | null => page.session.shown();

export const hasImage = (page: Page): boolean => shown(page) !== null;
