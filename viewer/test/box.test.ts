import { describe, expect, it } from 'vitest';
import { boxBetween, boxHolds, boxInside, formatBox, movedBox, parseBox, resizedBox } from '../src/box.ts';

const size = { width: 100, height: 50 };
const box = (y: number, x: number, height: number, width: number) => ({ y, x, height, width });

describe('boxes', () => {
  it('holds the pixels at both ends, whichever way it was drawn', () => {
    const expected = box(5, 10, 3, 11);
    // Map coordinates have y up.
    expect(boxBetween(size, [10.2, -5.9], [20.1, -7.1])).toEqual(expected);
    expect(boxBetween(size, [20.1, -5.9], [10.2, -7.1])).toEqual(expected);
    expect(boxBetween(size, [3.5, -4.5], [3.6, -4.4])).toEqual(box(4, 3, 1, 1));
  });

  it('ends where the image ends', () => {
    expect(boxBetween(size, [-5, 5], [200, -200])).toEqual(box(0, 0, 50, 100));
    expect(boxBetween(size, [-5, -1], [-1, -9])).toBeNull();
    expect(boxInside(size, box(40, 90, 100, 100))).toEqual(box(40, 90, 10, 10));
    expect(boxInside(size, box(50, 0, 1, 1))).toBeNull();
    expect(boxInside(size, box(0.5, 0, 1, 1))).toBeNull();
  });

  it('moves and grows within the image', () => {
    expect(movedBox(size, box(40, 90, 5, 5), 9, 9)).toEqual(box(45, 95, 5, 5));
    expect(movedBox(size, box(1, 1, 5, 5), -9, 1)).toEqual(box(2, 0, 5, 5));
    expect(resizedBox(size, box(40, 90, 5, 5), 99, -99)).toEqual(box(40, 90, 1, 10));
  });

  it('knows what lies in it', () => {
    expect([[1, -1], [2.9, -1.5], [3, -1], [1, -0.9]].map((at) => boxHolds(box(1, 1, 1, 2), at)))
      .toEqual([true, true, false, false]);
  });

  it('is written as it is read', () => {
    expect(formatBox(box(1, 2, 3, 4))).toBe('1,2,3,4');
    expect(parseBox('1,2,3,4')).toEqual(box(1, 2, 3, 4));
    for (const text of ['', '1,2,3', '1,2,0,4', '-1,2,3,4', '1,2,3,4,5', 'a,b,c,d', '1.5,2,3,4']) {
      expect(parseBox(text), text).toBeNull();
    }
  });
});
