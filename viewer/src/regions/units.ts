// Lengths and areas in pixels, and in the image's own units where its dimensions say how large a pixel is.
import type { ImageInfo } from '../api.ts';
import { dimensionOf } from '../dimensions.ts';
import { formatNumber } from '../format.ts';
import type { Mark, Point } from './mark.ts';

export interface PixelLength {
  length: number;
  unit: string;
}

/** How long a pixel is along an axis; null where nobody said. */
export function pixelLength(info: ImageInfo, axis: 'x' | 'y'): PixelLength | null {
  const { unit, coordinates } = dimensionOf(info, axis) ?? {};
  if (!unit || !coordinates || !('step' in coordinates)) return null;
  const length = Math.abs(coordinates.step);
  return length > 0 && Number.isFinite(length) ? { length, unit } : null;
}

/** Both ways, in one unit. */
export function pixelSize(info: ImageInfo): { x: number; y: number; unit: string } | null {
  const [x, y] = [pixelLength(info, 'x'), pixelLength(info, 'y')];
  return x && y && x.unit === y.unit ? { x: x.length, y: y.length, unit: x.unit } : null;
}

const both = (pixels: string, units: string | null): string => (units === null ? pixels : `${pixels} · ${units}`);

/** `102.4 px · 5.12 mm` */
export function describeLength(info: ImageInfo, [from, to]: readonly Point[]): string {
  const [across, down] = [(to?.[0] ?? 0) - (from?.[0] ?? 0), (to?.[1] ?? 0) - (from?.[1] ?? 0)];
  const size = pixelSize(info);
  const units = size && `${formatNumber(Math.hypot(across * size.x, down * size.y), 5)} ${size.unit}`;
  return both(`${formatNumber(Math.hypot(across, down), 5)} px`, units);
}

/** Of the shape itself, not of the pixels whose middles are in it. */
function areaOf({ kind, points }: Mark): number {
  const [first = [0, 0], second = [0, 0]] = points;
  if (kind === 'rectangle') return Math.abs((second[0] - first[0]) * (second[1] - first[1]));
  const twice = points.reduce((sum, [x, y], index) => {
    const [nextX, nextY] = points[(index + 1) % points.length] ?? [0, 0];
    return sum + (x - first[0]) * (nextY - first[1]) - (nextX - first[0]) * (y - first[1]);
  }, 0);
  return Math.abs(twice) / 2;
}

/** '' where a pixel has no known size. */
export function describeArea(info: ImageInfo, mark: Mark): string {
  const size = pixelSize(info);
  return size ? `${formatNumber(areaOf(mark) * size.x * size.y, 5)} ${size.unit}²` : '';
}

/** What a mark measures, said shortly. */
export function describeExtent(info: ImageInfo, mark: Mark): string {
  const [first = [0, 0], second = [0, 0]] = mark.points;
  if (mark.kind === 'line') return describeLength(info, mark.points);
  if (mark.kind === 'point') return `${first[0]}, ${first[1]}`;
  if (mark.kind === 'polygon') return `${mark.points.length} corners`;
  return `${second[0] - first[0]} × ${second[1] - first[1]}`;
}
