// Where an axis has ticks, and what stands beside them.
import type { Dimension } from '../api.ts';
import { describeIndex } from '../dimensions.ts';
import { formatNumber } from '../format.ts';
import { niceSteps } from '../ticks.ts';

/** What of an axis is in sight: from where to where in pixels of the image, over how many of the screen. */
export interface Span {
  from: number;
  to: number;
  length: number;
}

export interface RulerMark {
  /** In screen pixels from the start. */
  at: number;
  text: string;
}

/** The middle of a pixel. */
const MIDDLE = 0.5;

/** Round whole numbers, each at least `least` from the next. */
function wholeSteps(from: number, to: number, least: number): number[] {
  const [low, high] = [Math.ceil(from), Math.floor(to)];
  if (high <= low) return high === low ? [low] : [];
  return niceSteps(low, high, (high - low) / Math.max(1, least));
}

/** As many decimals as tell neighbours apart. */
function stepText(value: number, values: readonly number[]): string {
  const step = Math.abs((values[1] ?? 0) - (values[0] ?? 0));
  const decimals = step > 0 ? Math.min(12, Math.max(0, -Math.floor(Math.log10(step) + 1e-9))) : 6;
  const size = Math.max(...values.map(Math.abs), 0);
  return size >= 1e6 || (size > 0 && size < 1e-4) ? formatNumber(value, 6) : String(Number(value.toFixed(decimals)));
}

/** Round coordinates where the axis has even ones, else whole pixels with whatever they are called. */
export function rulerMarks(dimension: Dimension | undefined, size: number, span: Span, apart: number): RulerMark[] {
  const { from, to, length } = span;
  if (!(to > from) || !(length > 0)) return [];
  const scale = length / (to - from);
  const placed = (index: number, text: string): RulerMark => ({ at: (index + MIDDLE - from) * scale, text });
  const [low, high] = [Math.max(0, from - MIDDLE), Math.min(size - 1, to - MIDDLE)];
  const coordinates = dimension?.coordinates;
  if (coordinates && 'step' in coordinates && coordinates.step !== 0) {
    const { start, step } = coordinates;
    const ends = [start + low * step, start + high * step];
    const values = niceSteps(Math.min(...ends), Math.max(...ends), (high - low) * scale / apart);
    return values.map((value) => placed((value - start) / step, stepText(value, values)));
  }
  return wholeSteps(low, high, apart / scale)
    .map((index) => placed(index, (coordinates ? describeIndex(dimension && { ...dimension, unit: null }, index) : '') || String(index)));
}

/** What stands at the end of an axis: `longitude (°)`, `x`. */
export function rulerTitle(dimension: Dimension | undefined, axis: 'x' | 'y'): string {
  const name = dimension?.label ?? axis;
  return dimension?.unit ? `${name} (${dimension.unit})` : name;
}
