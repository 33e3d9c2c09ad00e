// The axes of an image as its author knows them: labels, units, coordinates.
import type { Dimension, ImageInfo } from './api.ts';
import { formatNumber } from './format.ts';

export const dimensionOf = (info: ImageInfo, name: string): Dimension | undefined =>
  info.dimensions?.find((dimension) => dimension.name === name);

export function coordinateAt({ coordinates }: Dimension, index: number): number | string | null {
  if (!coordinates) return null;
  if ('values' in coordinates) return coordinates.values[index] ?? null;
  return coordinates.start + coordinates.step * index;
}

/** A computed coordinate has as many digits as its step has a use for; one that was given stays as it is. */
function formatCoordinate({ coordinates }: Dimension, value: number): string {
  const step = coordinates && 'step' in coordinates ? Math.abs(coordinates.step) : 0;
  if (step > 0 && Number.isFinite(value) && Math.abs(value) < 1e15) {
    // Two digits more than tell neighbours apart.
    const decimals = Math.ceil(2 - Math.log10(step));
    if (decimals <= 15) return String(Number(value.toFixed(Math.max(0, decimals))));
  }
  return formatNumber(value, 12);
}

/** The coordinate at an index with its unit: `1.5 s`; '' where there is none. */
export function describeIndex(dimension: Dimension | undefined, index: number): string {
  const value = dimension ? coordinateAt(dimension, index) : null;
  if (!dimension || value === null) return '';
  if (typeof value === 'string') return value;
  const text = formatCoordinate(dimension, value);
  return dimension.unit === null ? text : `${text} ${dimension.unit}`;
}

/** What stands beside the slider of an axis: `3 / 11 · 1.5 s`. */
export function describePlace(info: ImageInfo, axis: { name: string; size: number }, index: number): string {
  const coordinate = describeIndex(dimensionOf(info, axis.name), index);
  return `${index} / ${axis.size - 1}${coordinate === '' ? '' : ` · ${coordinate}`}`;
}

/** The coordinates of a pixel: `longitude 12.5 °, latitude 3 °`; '' where there are none. */
export function describePixel(info: ImageInfo, pixel: { x: number; y: number }): string {
  return (['x', 'y'] as const).flatMap((name) => {
    const dimension = dimensionOf(info, name);
    const coordinate = describeIndex(dimension, pixel[name]);
    return dimension && coordinate !== '' ? [`${dimension.label} ${coordinate}`] : [];
  }).join(', ');
}

/** The size of a dimension, and from where to where it goes: `12 · 0 to 5.5 s`. */
export function describeDimension(dimension: Dimension): string {
  const { size, unit } = dimension;
  const [first, last] = [coordinateAt(dimension, 0), coordinateAt(dimension, size - 1)];
  if (first === null || last === null || size < 1) return unit === null ? String(size) : `${size} · ${unit}`;
  const from = typeof first === 'number' ? formatCoordinate(dimension, first) : first;
  const range = size === 1 ? describeIndex(dimension, 0) : `${from} to ${describeIndex(dimension, size - 1)}`;
  return `${size} · ${range}`;
}
