import { describe, expect, it } from 'vitest';
import { scaleOf } from '../src/gpu/norm.ts';
import {
  barHeights, histogramQuery, movedEnd, percentileWindow, pointedValue, shareOf, shownRange,
} from '../src/histogram.ts';
import { niceSteps, ticksOf } from '../src/ticks.ts';

describe('histogram', () => {
  it('asks for what is shown', () => {
    expect(histogramQuery(null, new Map(), null)).toBe('bins=256');
    expect(histogramQuery(2, new Map([['t', 3]]), { x0: 0, y0: 1, x1: 20, y1: 30 }))
      .toBe('bins=256&c=2&t=3&x0=0&y0=1&x1=20&y1=30');
  });

  it('is as high as its highest bar', () => {
    expect(barHeights([0, 5, 10], false)).toEqual([0, 0.5, 1]);
    expect(barHeights([1, 1000000], false)[0]).toBe(0.02);
    expect(barHeights([9, 99], true)).toEqual([0.5, 1].map((height) => expect.closeTo(height)));
    expect(barHeights([0, 0], true)).toEqual([0, 0]);
  });

  it('shows the window, however far it is', () => {
    expect(shownRange({ start: 0, stop: 10 }, { lo: -5, hi: 3 })).toEqual({ lo: -5, hi: 10 });
    expect(shownRange({ start: 2, stop: 2 }, { lo: 2, hi: 2 })).toEqual({ lo: 1.5, hi: 2.5 });
    expect(shareOf({ lo: 0, hi: 10 }, 12)).toBe(1);
  });

  it('is pointed at', () => {
    expect(pointedValue({ lo: 0, hi: 255 }, 0.5, true)).toBe(128);
    expect(pointedValue({ lo: 0, hi: 1 }, 1 / 3, false)).toBe(0.3333);
    expect(pointedValue({ lo: 0, hi: 1 }, 7, false)).toBe(1);
    expect(movedEnd({ lo: 0, hi: 5 }, 'lo', 9)).toEqual({ lo: 5, hi: 5 });
    expect(movedEnd({ lo: 0, hi: 5 }, 'hi', -9)).toEqual({ lo: 0, hi: 0 });
  });

  it('has percentiles from both ends', () => {
    const histogram = {
      start: 0, stop: 1, counts: [1], min: -3, max: 9, percentiles: { '0.1': 1, '99.9': 8, '2': 2, '98': 7, '1': null, '99': 6 },
    };
    expect(percentileWindow(histogram, '0.1')).toEqual({ lo: 1, hi: 8 });
    expect(percentileWindow(histogram, '2')).toEqual({ lo: 2, hi: 7 });
    expect(percentileWindow(histogram, '0')).toEqual({ lo: -3, hi: 9 });
    expect(percentileWindow(histogram, '1')).toBeNull();
  });
});

describe('ticks', () => {
  it('are round', () => {
    expect(niceSteps(-1000, 3000, 5)).toEqual([-1000, 0, 1000, 2000, 3000]);
    expect(niceSteps(0.1, 0.4, 3)).toEqual([0.1, 0.2, 0.3, 0.4]);
    expect(niceSteps(3, 3, 5)).toEqual([]);
    expect(niceSteps(0, Infinity, 5)).toEqual([]);
  });

  it('follow the scale', () => {
    expect(ticksOf(scaleOf('log', 1, 1000)).map(({ value }) => value)).toEqual([1, 10, 100, 1000]);
    expect(ticksOf(scaleOf('linear', 0, 4)).map(({ share }) => share)).toEqual([0, 0.25, 0.5, 0.75, 1]);
    for (const norm of ['sqrt', 'symlog', 'asinh'] as const) {
      const ticks = ticksOf(scaleOf(norm, -1000, 3000));
      expect(ticks.length).toBeGreaterThan(1);
      for (const { share } of ticks) expect(share >= -1e-9 && share <= 1 + 1e-9).toBe(true);
    }
    expect(ticksOf(scaleOf('symlog', -10, 10)).map(({ value }) => value)).toContain(0);
  });
});
