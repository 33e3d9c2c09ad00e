// How often values occur: what the server says, and the arithmetic of drawing it.
import { imagePath, ProblemError, request } from './api.ts';

export interface Histogram {
  start: number;
  stop: number;
  counts: number[];
  min: number | null;
  max: number | null;
  percentiles: Record<string, number | null>;
}

export interface View {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

/** The query of a histogram; null for what is at its default. */
export function histogramQuery(
  channel: number | null, planes: ReadonlyMap<string, number | string>, view: View | null, bins = 256,
): string {
  const query = new URLSearchParams({ bins: String(bins) });
  if (channel !== null) query.set('c', String(channel));
  for (const [name, plane] of planes) query.set(name, String(plane));
  if (view) for (const [name, value] of Object.entries(view)) query.set(name, String(value));
  return query.toString();
}

/** Null where the server has none. */
export async function fetchHistogram(image: string, query: string, signal: AbortSignal): Promise<Histogram | null> {
  try {
    const response = await request(`${imagePath(image)}/histogram?${query}`, { signal });
    const histogram = (await response.json()) as Histogram;
    return Array.isArray(histogram.counts) && histogram.counts.length > 0 ? histogram : null;
  } catch (error) {
    if (error instanceof ProblemError) return null;
    throw error;
  }
}

/** Heights from 0 to 1; what occurs at all can be seen. */
export function barHeights(counts: readonly number[], log: boolean): number[] {
  const size = (count: number): number => (log ? Math.log1p(count) : count);
  const most = Math.max(...counts.map(size), 0);
  return counts.map((count) => (count > 0 && most > 0 ? Math.max(size(count) / most, 0.02) : 0));
}

export interface Range {
  lo: number;
  hi: number;
}

/** What is drawn from left to right: all of the histogram, and the window. */
export function shownRange({ start, stop }: Pick<Histogram, 'start' | 'stop'>, window: Range): Range {
  const lo = Math.min(start, window.lo);
  const hi = Math.max(stop, window.hi);
  return hi > lo ? { lo, hi } : { lo: lo - 0.5, hi: lo + 0.5 };
}

export const shareOf = ({ lo, hi }: Range, value: number): number => Math.min(1, Math.max(0, (value - lo) / (hi - lo)));

/** A value as exact as the range can be pointed at. */
export function pointedValue({ lo, hi }: Range, share: number, whole: boolean): number {
  const value = lo + Math.min(1, Math.max(0, share)) * (hi - lo);
  if (whole) return Math.round(value);
  const digits = Math.max(0, 4 - Math.ceil(Math.log10(hi - lo)));
  return digits > 15 ? value : Number(value.toFixed(digits));
}

/** A window with one end moved: the ends never pass each other. */
export const movedEnd = (window: Range, end: 'lo' | 'hi', value: number): Range =>
  (end === 'lo' ? { lo: Math.min(value, window.hi), hi: window.hi } : { lo: window.lo, hi: Math.max(value, window.lo) });

/** The window between two percentiles, `p` from either end; 0 is from the least to the greatest. */
export function percentileWindow({ percentiles, min, max }: Histogram, p: string): Range | null {
  const [lo, hi] = p === '0' ? [min, max] : [percentiles[p], percentiles[String(Number((100 - Number(p)).toFixed(3)))]];
  return lo == null || hi == null ? null : { lo, hi };
}
