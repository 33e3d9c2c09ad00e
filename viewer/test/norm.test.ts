import { describe, expect, it } from 'vitest';
import { grayLut, parseColour, reversedLut } from '../src/gpu/lut.ts';
import { NORMS, place, scaleOf, valueAt } from '../src/gpu/norm.ts';

describe('scales', () => {
  it.each(NORMS)('%s goes from end to end and back', (norm) => {
    for (const [lo, hi] of [[-1000, 3000], [0, 1], [5, 7], [-8, -2]] as const) {
      const scale = scaleOf(norm, lo, hi);
      expect(place(scale, scale.lo)).toBeCloseTo(0);
      expect(place(scale, hi)).toBeCloseTo(1);
      for (const gamma of [1, 0.5, 2]) {
        const shares = [0.1, 0.25, 0.5, 0.9].map((share) => place(scale, valueAt(scale, share, gamma), gamma));
        shares.forEach((share, index) => expect(share).toBeCloseTo([0.1, 0.25, 0.5, 0.9][index] ?? 0));
      }
    }
  });

  it('have no zero where they are logs', () => {
    expect(scaleOf('log', -1, 100).lo).toBeCloseTo(0.01);
    expect(scaleOf('log', -5, -1).norm).toBe('linear');
    expect(place(scaleOf('log', 1, 100), 10)).toBeCloseTo(0.5);
  });

  it('of a point are its first colour', () => {
    expect(place(scaleOf('linear', 3, 3), 3)).toBe(0);
  });
});

describe('colours', () => {
  it('turn round', () => {
    const lut = reversedLut(grayLut());
    expect([...lut.slice(0, 4), ...lut.slice(-4)]).toEqual([255, 255, 255, 255, 0, 0, 0, 255]);
  });

  it('are read', () => {
    expect(parseColour('#ff0000')).toEqual([1, 0, 0]);
    expect(parseColour('00ff00')).toEqual([0, 1, 0]);
    expect(parseColour('red')).toBeNull();
  });
});
