// Two images tile by tile: which tile of the one lies where a tile of the other does, and both as one tile of two bands.
import type { Samples } from '../gpu/samples.ts';
import type { Pyramid } from '../grid.ts';

export interface TileAddress {
  /** Along rows, and along columns. */
  zooms: readonly [number, number];
  x: number;
  y: number;
  /** Pixels along a side of the tile. */
  size: number;
}

/** Whether a tile holds any of the image. */
function holdsAny(pyramid: Pyramid, [zx, zy]: readonly [number, number], x: number, y: number): boolean {
  return x * 2 ** (pyramid.max_zoom - zx) < pyramid.width && y * 2 ** (pyramid.max_zoom - zy) < pyramid.height;
}

/**
 * The tile of `other` that covers the same pixels as tile (x, y) of `first`, reduced as much; null where it has none.
 * Pixel (0, 0) lies upon pixel (0, 0).
 */
export function tileBeside(
  first: Pyramid, other: Pyramid, zooms: readonly [number, number], x: number, y: number,
): TileAddress | null {
  if (!holdsAny(first, zooms, x, y) || !holdsAny(other, [zooms[0] + other.max_zoom - first.max_zoom, zooms[1] + other.max_zoom - first.max_zoom], x, y)) return null;
  const further = other.max_zoom - first.max_zoom;
  const own = [zooms[0] + further, zooms[1] + further] as const;
  if (own[0] >= 0 && own[1] >= 0) return { zooms: own, x, y, size: first.tile_size };
  // The whole of the smaller image is a corner of this tile: its only tile, with fewer pixels. Tiles with two zooms
  // have no such smaller ones.
  const size = first.tile_size * 2 ** own[0];
  return own[0] === own[1] && size >= 1 ? { zooms: [0, 0], x: 0, y: 0, size } : null;
}

/** Which number of a pixel's samples takes part; null is how light a colour is. */
export type Band = number | null;

/** Shares of red, green and blue in what seems light (ITU-R BT.709). */
const LIGHT = [0.2126, 0.7152, 0.0722] as const;

/** What of one image takes part. */
export interface Half {
  samples: Samples;
  band: Band;
}

function read({ samples, band }: Half, pixel: number): number {
  const { values, bad, channels } = samples;
  const from = pixel * channels;
  if (band !== null) return bad && ((bad[pixel] ?? 0) >> band) & 1 ? Number.NaN : values[from + band] ?? Number.NaN;
  if (bad && (bad[pixel] ?? 0) > 0) return Number.NaN;
  return LIGHT.reduce((sum, share, index) => sum + share * (values[from + index] ?? 0), 0);
}

export const nothing = (): Samples =>
  ({ width: 0, height: 0, channels: 2, values: new Float32Array(0), bad: null, origin: 0 });

/** Two bands, where both images have pixels. What was taken off the difference of the two is its origin. */
export function paired(a: Half, b: Half): Samples {
  const width = Math.min(a.samples.width, b.samples.width);
  const height = Math.min(a.samples.height, b.samples.height);
  const values = new Float32Array(2 * width * height);
  let bad: Uint8Array | null = null;
  for (let y = 0, at = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1, at += 1) {
      const one = read(a, y * a.samples.width + x);
      const other = read(b, y * b.samples.width + x);
      const bits = (Number.isNaN(one) ? 1 : 0) | (Number.isNaN(other) ? 2 : 0);
      if (bits) {
        bad ??= new Uint8Array(width * height);
        bad[at] = bits;
      }
      values[2 * at] = bits & 1 ? 0 : one;
      values[2 * at + 1] = bits & 2 ? 0 : other;
    }
  }
  return { width, height, channels: 2, values, bad, origin: a.samples.origin - b.samples.origin };
}

const MOST_SAMPLED = 1024;

/** How far apart the two are at some pixels of a tile. */
export function distances({ width, height, values, bad, origin }: Samples): Float32Array {
  const count = width * height;
  // An odd step meets every column.
  const step = Math.max(1, Math.floor(count / MOST_SAMPLED)) | 1;
  const found: number[] = [];
  for (let at = 0; at < count; at += step) {
    if (!bad || bad[at] === 0) found.push(Math.abs((values[2 * at] ?? 0) - (values[2 * at + 1] ?? 0) + origin));
  }
  return Float32Array.from(found);
}

/** A round number that all but a few of the distances are below; null where there are none. */
export function fittingLimit(all: readonly Float32Array[]): number | null {
  const sorted = Float32Array.from(all.flatMap((each) => [...each])).sort();
  if (sorted.length === 0) return null;
  const most = sorted[sorted.length - 1] ?? 0;
  // Differences may be rare: where most pixels are the same, those that are not are all there is to see.
  const high = sorted[Math.min(sorted.length - 1, Math.floor(0.995 * sorted.length))] || most;
  return high > 0 ? Number(high.toPrecision(2)) : 1;
}
