// Which images hold labels, and how they lie over another image.
import type { ImageInfo, ImageSummary } from '../api.ts';
import type { Display } from '../state.ts';

type Size = { width: number; height: number };

const INTEGER = /^(u?int(8|16|32|64)|bool)$/;

/** Whether its samples can be told apart as labels. */
export const holdsLabels = (image: Pick<ImageSummary, 'kind' | 'dtype'>): boolean =>
  INTEGER.test(image.dtype) && (image.kind === 'labels' || image.kind === 'gray');

/** Whole numbers, one over a whole number, or nothing better than the quotient. */
function plainest(least: number, most: number, quotient: number): number {
  const whole = Math.round(quotient);
  if (whole >= 1 && whole >= least && whole <= most) return whole;
  const part = 1 / Math.round(1 / quotient);
  return Number.isFinite(part) && part >= least && part <= most ? part : quotient;
}

/**
 * How many pixels of an image are as wide as one of its labels: labels are often made of a reduced image, whose sides
 * were rounded. 1 where the shapes differ.
 */
export function scaleOver(image: Size, labels: Size): number {
  const { width, height } = labels;
  const least = Math.max(image.width / (width + 1), image.height / (height + 1));
  const most = Math.min(image.width / Math.max(width - 1, 0.5), image.height / Math.max(height - 1, 0.5));
  if (least > most) return 1;
  return plainest(least, most, Math.sqrt((image.width / width) * (image.height / height)));
}

/** Ways to reduce that give a label that is there. */
const WHOLE = new Set(['mode', 'nearest', 'max', 'min']);

/** The query of tiles of labels. `own` is the display of an image whose labels are its own. */
export function labelsQuery(info: ImageInfo, axes: ReadonlyMap<string, number>, own: Display | null): string {
  const query = new URLSearchParams();
  const chosen = own?.resampling ?? info.resampling;
  const resampling = WHOLE.has(chosen) && (own?.resampling != null || info.kind === 'labels') ? chosen : 'mode';
  if (resampling !== info.resampling) query.set('resampling', resampling);
  for (const [name, index] of axesOf(info, axes)) if (index > 0) query.set(name, String(index));
  query.set('v', info.version);
  return query.toString();
}

/** Where the labels are along axes of theirs that the image that is shown has, too. */
export const axesOf = (info: ImageInfo, axes: ReadonlyMap<string, number>): Map<string, number> =>
  new Map(info.extra_axes.map(({ name, size }) => [name, Math.min(size - 1, axes.get(name) ?? 0)]));
