// Round numbers along a scale.
import { place, type Scale } from './gpu/norm.ts';

/** Multiples of 1, 2 or 5 times a power of ten, at most about `most` of them. */
export function niceSteps(lo: number, hi: number, most: number): number[] {
  const rough = (hi - lo) / Math.max(1, most);
  if (!(rough > 0) || !Number.isFinite(rough)) return [];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough * (1 - 1e-9)) ?? 10);
  const ticks: number[] = [];
  for (let index = Math.ceil(lo / step - 1e-9); index * step <= hi + step * 1e-9 && ticks.length < 100; index += 1) {
    ticks.push(Number((index * step).toPrecision(12)) + 0);
  }
  return ticks;
}

function decades(lo: number, hi: number): number[] {
  const ticks: number[] = [];
  for (let power = Math.ceil(Math.log10(lo) - 1e-9); 10 ** power <= hi * (1 + 1e-9); power += 1) {
    ticks.push(Number((10 ** power).toPrecision(12)));
  }
  return ticks;
}

export interface Tick {
  value: number;
  /** From 0 to 1 along the colours. */
  share: number;
}

/** Ticks that have room beside each other, `least` of the length apart. */
export function ticksOf(scale: Scale, gamma = 1, most = 5, least = 0.14): Tick[] {
  const { norm, lo, hi } = scale;
  let values = niceSteps(lo, hi, most);
  if (norm === 'log' && hi / lo >= 20) values = decades(lo, hi);
  if (norm === 'symlog' || norm === 'asinh') {
    const floor = scale.linear;
    const up = hi > floor ? decades(floor, hi) : [];
    const down = -lo > floor ? decades(floor, -lo).map((value) => -value) : [];
    // From the ends inwards: zero and the greatest matter most.
    values = [...(lo <= 0 && hi >= 0 ? [0] : []), ...up.sort((a, b) => b - a), ...down.sort((a, b) => a - b)];
    if (values.length < 2) values = niceSteps(lo, hi, most);
  }
  const kept: Tick[] = [];
  for (const value of values) {
    const share = place(scale, value, gamma);
    if (share < -1e-9 || share > 1 + 1e-9) continue;
    if (kept.every((other) => Math.abs(other.share - share) >= least)) kept.push({ value, share });
  }
  return kept.sort((a, b) => a.share - b.share);
}
