import { describe, expect, it } from 'vitest';
import {
  fitResolution, imageExtent, MAX_SCALE, pixelAt, resolutionOf, resolutions, tileGrid, tileInImage,
  tilesInView, viewResolutions, zoomOf,
} from '../src/grid.ts';

const terrain = { width: 16384, height: 16384, max_zoom: 14, native_zoom: 6, tile_size: 256 };
const giant = { width: 2 ** 48, height: 2 ** 40, max_zoom: 48, native_zoom: 40, tile_size: 256 };
const dot = { width: 1, height: 1, max_zoom: 0, native_zoom: -8, tile_size: 256 };

describe('tilesInView', () => {
  it('counts the tiles of the zoom that is drawn', () => {
    const grid = tileGrid(terrain);
    expect(tilesInView(terrain, grid, [0, -16384, 16384, 0], 64)).toEqual({ z: 0, x0: 0, y0: 0, x1: 1, y1: 1 });
    // 8 image pixels per tile pixel: 2048 of them per tile.
    expect(tilesInView(terrain, grid, [2100, -6200, 4200, -100], 8)).toEqual({ z: 3, x0: 1, y0: 0, x1: 3, y1: 4 });
    expect(tilesInView(terrain, grid, [-9000, -99_999, 99_999, 9000], 8)).toEqual({ z: 3, x0: 0, y0: 0, x1: 8, y1: 8 });
  });

  it('has none beside the image', () => {
    expect(tilesInView(terrain, tileGrid(terrain), [-900, -90, -800, 0], 1)).toBeNull();
    const narrow = { ...terrain, width: 100 };
    expect(tilesInView(narrow, tileGrid(narrow), [0, -16384, 16384, 0], 8)).toEqual({ z: 3, x0: 0, y0: 0, x1: 1, y1: 8 });
  });
});

describe('grid', () => {
  it('ends at one image pixel per tile pixel', () => {
    expect(resolutions(terrain)).toEqual([64, 32, 16, 8, 4, 2, 1]);
    expect(resolutions(giant).at(-1)).toBe(1);
  });

  it('has zoom 0 for an image smaller than a tile', () => {
    expect(resolutions(dot)).toEqual([1 / 256]);
    expect(tileInImage(dot, 0, 0, 0)).toBe(true);
  });

  it('counts tiles down from the top left', () => {
    const grid = tileGrid(terrain);
    expect(grid.getTileCoordForCoordAndZ([300, -600], 6)).toEqual([6, 1, 2]);
    expect(grid.getTileCoordExtent([6, 1, 2])).toEqual([256, -768, 512, -512]);
  });

  it('is exact at the far corner of the greatest image', () => {
    const grid = tileGrid(giant);
    const coord = grid.getTileCoordForCoordAndZ([giant.width - 0.5, -(giant.height - 0.5)], 40);
    expect(coord).toEqual([40, 2 ** 40 - 1, 2 ** 32 - 1]);
    expect(tileInImage(giant, 40, 2 ** 40 - 1, 2 ** 32 - 1)).toBe(true);
    expect(tileInImage(giant, 40, 2 ** 40, 0)).toBe(false);
    expect(tileInImage(giant, 40, 0, 2 ** 32)).toBe(false);
  });

  it('knows the tiles of a long thin image', () => {
    const thin = { width: 120000, height: 80, max_zoom: 17, native_zoom: 9, tile_size: 256 };
    expect(tileInImage(thin, 9, 468, 0)).toBe(true);
    expect(tileInImage(thin, 9, 469, 0)).toBe(false);
    expect(tileInImage(thin, 9, 0, 1)).toBe(false);
    expect(imageExtent(thin)).toEqual([0, -80, 120000, 0]);
  });

  it('fits every size into the window', () => {
    const view = { width: 1048, height: 848 };
    expect(fitResolution({ width: 16384, height: 100 }, view)).toBe(16.384);
    expect(fitResolution({ width: 100, height: 16000 }, view)).toBe(20);
    expect(fitResolution({ width: 1, height: 1 }, view)).toBe(1 / MAX_SCALE);
    expect(fitResolution({ width: 2 ** 48, height: 1 }, view)).toBeCloseTo(2 ** 48 / 1000, 0);
  });

  it('lets the view reach exactly 64 screen pixels per image pixel', () => {
    for (const fit of [1 / 64, 1, 19.3, 2 ** 41]) {
      const all = viewResolutions(fit);
      expect(all.at(-1)).toBe(1 / MAX_SCALE);
      expect(all[0]).toBeGreaterThanOrEqual(2 * fit);
    }
  });

  it('names the pixel under a coordinate', () => {
    expect(pixelAt(terrain, [0, 0])).toEqual({ x: 0, y: 0 });
    expect(pixelAt(terrain, [10.9, -20.1])).toEqual({ x: 10, y: 20 });
    expect(pixelAt(terrain, [16384, -1])).toBeNull();
    expect(pixelAt(terrain, [-0.1, -1])).toBeNull();
    expect(pixelAt(terrain, [1, 0.5])).toBeNull();
    expect(pixelAt(giant, [2 ** 48 - 0.25, -1.5])).toEqual({ x: 2 ** 48 - 1, y: 1 });
  });

  it('turns resolution into zoom and back', () => {
    expect(zoomOf(8)).toBe(-3);
    expect(resolutionOf(6)).toBe(1 / 64);
  });
});
