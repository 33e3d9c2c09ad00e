import { describe, expect, it } from 'vitest';
import type { Dimension } from '../src/api.ts';
import { rulerMarks, rulerTitle } from '../src/rulers/marks.ts';

const dimension = (coordinates: Dimension['coordinates'], unit: string | null = null): Dimension =>
  ({ name: 'x', label: 'longitude', size: 100, unit, coordinates });
const span = (from: number, to: number, length = 400): { from: number; to: number; length: number } => ({ from, to, length });

describe('rulerMarks', () => {
  it('names whole pixels in their middles', () => {
    expect(rulerMarks(undefined, 100, span(0, 10), 40)).toEqual(
      Array.from({ length: 10 }, (_, index) => ({ at: (index + 0.5) * 40, text: String(index) })));
    expect(rulerMarks(undefined, 1000, span(0, 1000), 90).map(({ text }) => text)).toEqual(['0', '500']);
    expect(rulerMarks(undefined, 1e6, span(2000, 3000), 40).map(({ text }) => text)).toContain('2100');
  });

  it('never names a part of a pixel, nor what lies beyond the image', () => {
    for (const [from, to] of [[0.2, 1.9], [3, 3.5], [97.5, 110], [-50, 3]] as const) {
      for (const { at, text } of rulerMarks(undefined, 100, span(from, to), 20)) {
        expect(text).toMatch(/^\d\d?$/);
        expect(at).toBeCloseTo((Number(text) + 0.5 - from) * 400 / (to - from), 6);
      }
    }
    expect(rulerMarks(undefined, 100, span(97, 120), 15).map(({ text }) => text)).toEqual(['97', '98', '99']);
  });

  it('has round coordinates where they are even, in either direction', () => {
    const marks = rulerMarks(dimension({ start: 10, step: -0.25 }), 100, span(0, 40), 80);
    expect(marks.map(({ text }) => text)).toEqual(['2', '4', '6', '8', '10']);
    for (const { at, text } of marks) expect(at).toBeCloseTo(((10 - Number(text)) / 0.25 + 0.5) * 10, 6);
    expect(rulerMarks(dimension({ start: 0, step: 0.001 }), 100, span(0, 100), 100).map(({ text }) => text))
      .toEqual(['0', '0.05']);
  });

  it('calls pixels by their own names', () => {
    const names = dimension({ values: Array.from({ length: 100 }, (_, index) => `gene ${index}`) });
    expect(rulerMarks(names, 100, span(0, 4), 90).map(({ text }) => text)).toEqual(['gene 0', 'gene 1', 'gene 2', 'gene 3']);
  });

  it('has nothing to say of nothing', () => {
    expect(rulerMarks(undefined, 10, span(3, 3), 90)).toEqual([]);
    expect(rulerMarks(undefined, 10, span(0, 3, 0), 90)).toEqual([]);
  });
});

describe('rulerTitle', () => {
  it('has the unit, and the letter where there is no name', () => {
    expect(rulerTitle(dimension(null, '°'), 'x')).toBe('longitude (°)');
    expect(rulerTitle(undefined, 'y')).toBe('y');
  });
});
