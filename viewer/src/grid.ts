// The arithmetic of the tile pyramid. Map coordinates are image pixels with y up: the image lies in [0, -h, w, 0].
import TileGrid from 'ol/tilegrid/TileGrid.js';

export interface Pyramid {
  width: number;
  height: number;
  max_zoom: number;
  native_zoom: number;
  tile_size: number;
}

export type Extent = [number, number, number, number];

/** At most so many screen pixels per image pixel. */
export const MAX_SCALE = 64;

export function imageExtent(size: { width: number; height: number }): Extent {
  return [0, -size.height, size.width, 0];
}

/** Image pixels per tile pixel at each zoom, none finer than the image itself (but always zoom 0). */
export function resolutions(pyramid: Pyramid): number[] {
  const last = Math.max(0, pyramid.native_zoom);
  return Array.from({ length: last + 1 }, (_, z) => 2 ** (pyramid.max_zoom - z) / pyramid.tile_size);
}

/** On a dense screen (`density` device pixels per CSS pixel) the same tiles are drawn smaller, so finer ones are chosen. */
export function tileGrid(pyramid: Pyramid, density = 1): TileGrid {
  return new TileGrid({
    extent: imageExtent(pyramid),
    origin: [0, 0],
    resolutions: resolutions(pyramid).map((resolution) => resolution * density),
    tileSize: pyramid.tile_size / density,
  });
}

/** Whether tile (x, y) of zoom z holds any of the image. */
export function tileInImage(pyramid: Pyramid, z: number, x: number, y: number): boolean {
  const covers = 2 ** (pyramid.max_zoom - z);
  return x >= 0 && y >= 0 && x * covers < pyramid.width && y * covers < pyramid.height;
}

/** Image pixels per screen pixel at which the whole image is in sight with a margin. */
export function fitResolution(
  size: { width: number; height: number },
  view: { width: number; height: number },
  margin = 24,
): number {
  const room = (length: number): number => Math.max(length - 2 * margin, length / 2, 1);
  const fit = Math.max(size.width / room(view.width), size.height / room(view.height));
  return Math.max(fit, 1 / MAX_SCALE);
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
