// The arithmetic of the tile pyramid. Map coordinates are image pixels with y up: the image lies in [0, -h, w, 0], and
// to the right of that where pixels are stretched (plane.ts).
import TileGrid from 'ol/tilegrid/TileGrid.js';
import { octavesOf, reductionsFor, type Stretch } from './plane.ts';

export interface Pyramid {
  width: number;
  height: number;
  max_zoom: number;
  native_zoom: number;
  tile_size: number;
}

export type Extent = [number, number, number, number];

/** At most so many screen pixels per image pixel. */
export const MAX_SCALE = 128;

export function imageExtent(size: { width: number; height: number }, stretch: Stretch = 1): Extent {
  return [0, -size.height, size.width * stretch, 0];
}

/** Image pixels per tile pixel at each zoom, none finer than the image itself (but always zoom 0). */
export function resolutions(pyramid: Pyramid): number[] {
  const last = Math.max(0, pyramid.native_zoom);
  return Array.from({ length: last + 1 }, (_, z) => 2 ** (pyramid.max_zoom - z) / pyramid.tile_size);
}

/** The zooms of the server's tiles at zoom z of the grid: along rows, and along columns. */
export function zoomsOf(pyramid: Pyramid, z: number, octaves: number): readonly [number, number] {
  const side = Math.log2(pyramid.tile_size);
  const { x, y } = reductionsFor(pyramid.max_zoom - z - side, octaves, Math.max(0, pyramid.native_zoom));
  return [pyramid.max_zoom - side - x, pyramid.max_zoom - side - y];
}

/**
 * On a dense screen (`density` device pixels per CSS pixel) the same tiles are drawn smaller, so finer ones are chosen.
 * Where pixels are stretched the tiles are those for `octaves`, which stay while the stretch changes a little. A pixel is
 * `scale` map units high.
 */
export function tileGrid(
  pyramid: Pyramid, density = 1, stretch: Stretch = 1, octaves = octavesOf(stretch), scale = 1,
): TileGrid {
  const shown = resolutions(pyramid).map((resolution) => resolution * density * scale);
  const covers = (zoom: number): number => 2 ** (pyramid.max_zoom - zoom) * scale;
  return new TileGrid({
    extent: imageExtent({ width: pyramid.width * scale, height: pyramid.height * scale }, stretch),
    // One for each zoom says that four tiles need not make one of the next.
    origins: shown.map(() => [0, 0]),
    resolutions: shown,
    tileSizes: shown.map((resolution, z) => {
      const [zx, zy] = zoomsOf(pyramid, z, octaves);
      return [covers(zx) * stretch / resolution, covers(zy) / resolution];
    }),
  });
}

/** Whether tile (x, y) of zoom z holds any of the image. */
export function tileInImage(pyramid: Pyramid, z: number, x: number, y: number): boolean {
  const covers = 2 ** (pyramid.max_zoom - z);
  return x >= 0 && y >= 0 && x * covers < pyramid.width && y * covers < pyramid.height;
}

/** Tiles x0 to x1 and y0 to y1 (half-open) of zoom z. */
export interface TileRect {
  z: number;
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

/** The tiles that a view of this extent shows; null where it shows none of the image. */
export function tilesInView(pyramid: Pyramid, grid: TileGrid, extent: Extent, resolution: number): TileRect | null {
  const z = grid.getZForResolution(resolution);
  const range = grid.getTileRangeForExtentAndZ(extent, z);
  const covers = 2 ** (pyramid.max_zoom - z);
  const [x0, y0] = [Math.max(0, range.minX), Math.max(0, range.minY)];
  const x1 = Math.min(Math.ceil(pyramid.width / covers), range.maxX + 1);
  const y1 = Math.min(Math.ceil(pyramid.height / covers), range.maxY + 1);
  return x1 > x0 && y1 > y0 ? { z, x0, y0, x1, y1 } : null;
}

/** Image pixels per screen pixel at which the whole image is in sight with a margin. */
export function fitResolution(
  size: { width: number; height: number },
  view: { width: number; height: number },
  margins = MARGINS,
): number {
  const fit = Math.max(size.width / roomIn(view.width, margins.across), size.height / roomIn(view.height, margins.down));
  return Math.max(fit, 1 / MAX_SCALE);
}

export interface Margins {
  across: number;
  down: number;
}

/** Around the whole image, in screen pixels; and where the axes have to fit in. */
export const MARGINS: Margins = { across: 24, down: 24 };
export const MARGINS_OF_AXES: Margins = { across: 60, down: 30 };

/** What is left of a length of the view beside margins. */
const roomIn = (length: number, margin: number): number => Math.max(length - 2 * margin, length / 2, 1);

/** The stretch at which an image fills the view both ways. */
export function fillStretch(size: { width: number; height: number }, view: { width: number; height: number }): Stretch {
  const down = Math.max(size.height / roomIn(view.height, MARGINS_OF_AXES.down), 1 / MAX_SCALE);
  return down / size.width * roomIn(view.width, MARGINS_OF_AXES.across);
}

/** Where the view may go: from a few times as far as the fit (a window may shrink), down to MAX_SCALE. */
export function viewResolutions(fit: number): number[] {
  const first = Math.max(0, Math.ceil(Math.log2(fit)) + 2);
  return Array.from({ length: first + Math.log2(MAX_SCALE) + 1 }, (_, index) => 2 ** (first - index));
}

/** The integer pixel under a map coordinate, or null outside the image. */
export function pixelAt(
  size: { width: number; height: number },
  coordinate: readonly number[],
): { x: number; y: number } | null {
  const x = Math.floor(coordinate[0] ?? Number.NaN);
  const y = Math.floor(-(coordinate[1] ?? Number.NaN));
  const inside = x >= 0 && y >= 0 && x < size.width && y < size.height;
  return inside ? { x: x + 0, y: y + 0 } : null;
}

/** log2 of screen pixels per image pixel. */
export const zoomOf = (resolution: number): number => -Math.log2(resolution);
export const resolutionOf = (zoom: number): number => 2 ** -zoom;
