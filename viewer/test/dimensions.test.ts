import { describe, expect, it } from 'vitest';
import type { Dimension, ImageInfo } from '../src/api.ts';
import { describeDimension, describeIndex, describePixel, describePlace } from '../src/dimensions.ts';

const dimension = (change: Partial<Dimension>): Dimension =>
  ({ name: 't', label: 'time', size: 12, unit: 's', coordinates: { start: 0, step: 0.5 }, ...change });
const info = (...dimensions: Dimension[]): ImageInfo => ({ dimensions }) as unknown as ImageInfo;

describe('dimensions', () => {
  it('describe the place on an axis', () => {
    const axis = { name: 't', size: 12 };
    expect(describePlace(info(dimension({})), axis, 3)).toBe('3 / 11 · 1.5 s');
    expect(describePlace(info(dimension({ unit: null })), axis, 3)).toBe('3 / 11 · 1.5');
    expect(describePlace(info(dimension({ coordinates: null })), axis, 3)).toBe('3 / 11');
    expect(describePlace(info(), axis, 3)).toBe('3 / 11');
    expect(describePlace({} as unknown as ImageInfo, axis, 3)).toBe('3 / 11');
    const named = dimension({ coordinates: { values: ['DAPI', '2020-01-01'] } });
    expect(describePlace(info(named), axis, 1)).toBe('1 / 11 · 2020-01-01');
    expect(describePlace(info(named), axis, 2)).toBe('2 / 11');
  });

  it('write no digits that nobody meant, and all that tell neighbours apart', () => {
    const at = (start: number, step: number, index: number) =>
      describeIndex(dimension({ unit: null, size: 1e9, coordinates: { start, step } }), index);
    expect(at(0, 0.1, 3)).toBe('0.3');
    expect(at(4_500_000.25, 0.5, 1)).toBe('4500000.75');
    expect(at(0, 1 / 3, 1)).toBe('0.333');
    expect(at(90, -0.001, 1)).toBe('89.999');
    expect(at(0, 1e-20, 3)).toBe('3e-20');
    expect(at(5, 0, 3)).toBe('5');
    const values = dimension({ unit: 'm', coordinates: { values: [0, 0.125, 10] } });
    expect([0, 1, 2].map((index) => describeIndex(values, index))).toEqual(['0 m', '0.125 m', '10 m']);
  });

  it('describe a pixel and themselves', () => {
    const x = dimension({ name: 'x', label: 'longitude', unit: '°', size: 4, coordinates: { start: 10, step: 0.25 } });
    const y = dimension({ name: 'y', label: 'y', unit: null, size: 2, coordinates: null });
    expect(describePixel(info(y, x), { x: 2, y: 1 })).toBe('longitude 10.5 °');
    expect(describePixel(info(), { x: 2, y: 1 })).toBe('');
    expect(describeDimension(x)).toBe('4 · 10 to 10.75 °');
    expect(describeDimension(y)).toBe('2');
    expect(describeDimension({ ...y, unit: 'px' })).toBe('2 · px');
    expect(describeDimension({ ...x, size: 1 })).toBe('1 · 10 °');
  });
});
