import { describe, expect, it } from 'vitest';
import { fillStretch, fitResolution, MARGINS_OF_AXES, tileGrid, zoomsOf } from '../src/grid.ts';
import { MOST_APART, octavesOf, Plane, reductionsFor, withinStretch } from '../src/plane.ts';

const tall = { width: 96, height: 1_000_000, max_zoom: 20, native_zoom: 12, tile_size: 256 };
const square = { width: 16384, height: 16384, max_zoom: 14, native_zoom: 6, tile_size: 256 };
const small = { width: 100, height: 40, max_zoom: 7, native_zoom: 0, tile_size: 256 };

describe('Plane', () => {
  it('goes there and back', () => {
    const plane = new Plane(2.5);
    expect(plane.toMap([4, -3])).toEqual([10, -3]);
    expect(plane.toImage(plane.toMap([4, -3]))).toEqual([4, -3]);
  });
});

describe('reductionsFor', () => {
  it('reduces the stretched axis less, and never below the image itself', () => {
    expect(reductionsFor(6, 2, 12)).toEqual({ x: 4, y: 6 });
    expect(reductionsFor(6, 9, 12)).toEqual({ x: 0, y: 6 });
    expect(reductionsFor(0, -3, 12)).toEqual({ x: 3, y: 0 });
  });

  it('goes no further apart than the server does, by reducing less', () => {
    for (let octaves = -14; octaves <= 14; octaves += 1) {
      for (let shown = 0; shown <= 12; shown += 1) {
        const { x, y } = reductionsFor(shown, octaves, 12);
        expect(Math.abs(x - y)).toBeLessThanOrEqual(MOST_APART);
        expect(y).toBeLessThanOrEqual(shown);
        expect(x).toBeLessThanOrEqual(Math.max(0, shown - octaves));
        expect(Math.min(x, y)).toBeGreaterThanOrEqual(0);
      }
    }
    expect(reductionsFor(12, 14, 12)).toEqual({ x: 0, y: 8 });
  });

  it('leaves what is not reduced at all', () => {
    expect(reductionsFor(-1, 5, 0)).toEqual({ x: -1, y: -1 });
  });
});

describe('zoomsOf', () => {
  it('is the zoom itself where pixels are square', () => {
    expect(zoomsOf(square, 3, 0)).toEqual([3, 3]);
    expect(zoomsOf(small, 0, 4)).toEqual([0, 0]);
  });

  it('is further in along the axis that is stretched', () => {
    expect(zoomsOf(square, 2, 3)).toEqual([5, 2]);
    expect(zoomsOf(square, 2, 30)).toEqual([6, 2]);
    expect(zoomsOf(square, 5, -3)).toEqual([2, 5]);
    expect(zoomsOf(square, 5, -30)).toEqual([0, 5]);
    expect(zoomsOf(tall, 1, 14)).toEqual([12, 4]);
  });
});

describe('tileGrid of stretched pixels', () => {
  it('covers what the tiles cover, wherever the stretch lies between two octaves', () => {
    for (const stretch of [0.01, 0.3, 1, 1.3, 8, 1234]) {
      const grid = tileGrid(square, 1, stretch);
      for (let z = 0; z <= 6; z += 1) {
        const [zx, zy] = zoomsOf(square, z, octavesOf(stretch));
        const [left = 0, bottom = 0, right = 0, top = 0] = grid.getTileCoordExtent([z, 2, 3]);
        const [across, down] = [2 ** (14 - zx), 2 ** (14 - zy)];
        expect(left).toBeCloseTo(2 * across * stretch, 6);
        expect(right).toBeCloseTo(3 * across * stretch, 6);
        expect(top).toBeCloseTo(-3 * down, 6);
        expect(bottom).toBeCloseTo(-4 * down, 6);
      }
    }
  });
});

describe('fillStretch', () => {
  it('makes the image as wide and as high as the view', () => {
    const view = { width: 1000, height: 600 };
    const stretch = fillStretch(tall, view);
    const resolution = fitResolution({ width: tall.width * stretch, height: tall.height }, view, MARGINS_OF_AXES);
    expect(tall.height / resolution).toBeCloseTo(540, 6);
    expect(tall.width * stretch / resolution).toBeCloseTo(880, 6);
  });
});

describe('withinStretch', () => {
  it('ends somewhere', () => {
    expect([withinStretch(1e9), withinStretch(1e-9), withinStretch(3)]).toEqual([2 ** 20, 2 ** -20, 3]);
  });
});
