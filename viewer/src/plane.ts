// How image pixels lie on the map. Map coordinates have y up, in image pixels; a pixel may be wider than it is high.

export type Stretch = number;

/** Beyond this a pixel of one axis is a line of the other. */
export const MOST_STRETCH = 2 ** 20;

/** The most that the two zooms of a tile differ, on the server. */
export const MOST_APART = 8;

export class Plane {
  /** `stretch` is how many times wider than high a pixel is. */
  constructor(readonly stretch: Stretch = 1) {}

  /** From image pixels with y up to the map. */
  toMap([x = 0, up = 0]: readonly number[]): number[] {
    return [x * this.stretch, up];
  }

  /** From the map to image pixels with y up. */
  toImage([x = 0, up = 0]: readonly number[]): number[] {
    return [x / this.stretch, up];
  }
}

export interface Reduction {
  /** Base-2 logarithms of the image pixels for a pixel of a tile. */
  x: number;
  y: number;
}

/**
 * What tiles are reduced by, along each axis, where pixels are stretched: `reduction` is what the screen shows down the
 * image. Neither axis is coarser than it is shown, but for rounding; what is further apart than the server goes is finer.
 */
export function reductionsFor(reduction: number, octaves: number, most: number): Reduction {
  if (reduction < 0 || octaves === 0) return { x: reduction, y: reduction };
  const x = Math.min(most, Math.max(0, reduction - octaves));
  return { x: Math.min(x, reduction + MOST_APART), y: Math.min(reduction, x + MOST_APART) };
}

/** Of a stretch, the power of two that tiles are made for. */
export const octavesOf = (stretch: Stretch): number => Math.round(Math.log2(stretch)) + 0;

export const withinStretch = (stretch: Stretch): Stretch => Math.min(MOST_STRETCH, Math.max(1 / MOST_STRETCH, stretch));
