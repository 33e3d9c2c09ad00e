// How images are compared: the choices of the person at the screen, as plain data.

export const MODES = ['side', 'swipe', 'blink', 'overlay', 'difference'] as const;
export type Mode = (typeof MODES)[number];

export const isMode = (text: string): text is Mode => (MODES as readonly string[]).includes(text);

/** Images beside the first one. */
export const MOST_OTHERS = 8;
export const FIRST_COLORMAP = 'RdBu_r';

export interface Compare {
  mode: Mode;
  /** 0 to 1: where the border of a swipe is, or how opaque an overlay. */
  share: number;
  /** Times a second that a blink shows another image; 0 is by hand. */
  rate: number;
  /** The difference that has the last colour; null is one that fits what is seen. */
  limit: number | null;
  /** Of differences; null is the usual one. */
  colormap: string | null;
  /** Whether all have one contrast. */
  linked: boolean;
  /** Which image the panel is of: 0 is the first. */
  active: number;
}

export const plainCompare = (mode: Mode): Compare =>
  ({ mode, share: 0.5, rate: 0, limit: null, colormap: null, linked: false, active: 0 });

/** How many others a mode shows. */
export const shownOthers = (mode: Mode, others: number): number =>
  (mode === 'side' || mode === 'blink' ? others : Math.min(1, others));

/** `A`, `B`, …: what images are called. */
export const letterOf = (index: number): string => String.fromCharCode(65 + index);

export const nextMode = (mode: Mode): Mode => MODES[(MODES.indexOf(mode) + 1) % MODES.length] ?? 'side';

/** Columns and rows for so many panes in a window of this shape, so that each is rather square. */
export function paneGrid(count: number, width: number, height: number): { columns: number; rows: number } {
  let best = { columns: 1, rows: count, side: 0 };
  for (let columns = 1; columns <= count; columns += 1) {
    const rows = Math.ceil(count / columns);
    const side = Math.min(width / columns, height / rows);
    if (side > best.side + 1e-9) best = { columns, rows, side };
  }
  return { columns: best.columns, rows: best.rows };
}
