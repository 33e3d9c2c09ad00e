// What one sample is more than another, with the digits that it would have in numpy.
import type { PixelValue, SampleValue } from '../api.ts';
import { formatNumber, formatSample } from '../format.ts';

const isWhole = (dtype: string): boolean => /^(u?int\d+|bool)$/.test(dtype);
/** What float32 has room for. */
const isShort = (dtype: string): boolean => /^(float16|float32|u?int(8|16)|bool)$/.test(dtype);

function numberOf(value: SampleValue): number {
  if (typeof value === 'number') return value;
  const text = value ?? 'nan';
  const known: Record<string, number> = { nan: Number.NaN, inf: Infinity, '-inf': -Infinity };
  const parts = /^(.*\d)([+-][\d.e+-]+)j$/.exec(text);
  // Of complex numbers the magnitude is shown.
  if (parts) return Math.hypot(Number(parts[1]), Number(parts[2]));
  return known[text] ?? Number(text);
}

/** Shares of red, green and blue in what seems light (ITU-R BT.709). */
const light = (values: readonly SampleValue[]): number =>
  0.2126 * numberOf(values[0] ?? null) + 0.7152 * numberOf(values[1] ?? null) + 0.0722 * numberOf(values[2] ?? null);

/** `channel` is null for how light a colour is. */
export interface Sampled {
  value: PixelValue;
  channel: number | null;
}

export function sampleText({ value, channel }: Sampled): string {
  return channel === null ? formatNumber(light(value.values), 6) : formatSample(value.values[channel] ?? null, value.dtype);
}

/** '' where there is no difference to speak of. */
export function sampleDifference(a: Sampled, b: Sampled): string {
  const [one, other] = [a.value.dtype, b.value.dtype];
  const [left, right] = [a, b].map(({ value, channel }) => (channel === null ? null : value.values[channel] ?? null)) as [SampleValue, SampleValue];
  if (a.channel === null || b.channel === null) {
    const [first, second] = [a, b].map((each) => (each.channel === null ? light(each.value.values) : numberOf(each.value.values[each.channel] ?? null)));
    const difference = (first ?? 0) - (second ?? 0);
    return Number.isNaN(difference) ? '' : formatNumber(difference, 6);
  }
  if (left === null || right === null) return '';
  if (isWhole(one) && isWhole(other)) return String(BigInt(left) - BigInt(right));
  const difference = numberOf(left) - numberOf(right);
  if (Number.isNaN(difference)) return '';
  if (!Number.isFinite(difference)) return difference > 0 ? 'inf' : '-inf';
  return formatSample(difference, isShort(one) && isShort(other) ? 'float32' : 'float64');
}
