// Numbers as people read them.
import type { PixelValue, SampleValue } from './api.ts';

/** The groups of three in which long integers are set: 16384 is 16 and 384. */
export function triads(digits: string): string[] {
  return digits.length > 4 ? digits.split(/\B(?=(?:\d{3})+$)/) : [digits];
}

export function formatDimensions(width: number, height: number): string {
  return `${width} × ${height}`;
}

/** A float in at most `digits` significant digits, without trailing zeros; it reads back with Number(). */
export function formatNumber(value: number, digits = 6): string {
  if (!Number.isFinite(value)) return String(value);
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return String(value === 0 ? 0 : value);
  const rounded = Number(value.toPrecision(digits));
  // From here on digits would be made up, and many.
  return Math.abs(rounded) >= 1e15 ? rounded.toExponential().replace('e+', 'e') : String(rounded);
}

/** A sample exactly as the server gave it: float32 without the digits that it doesn't have. */
export function formatSample(value: SampleValue, dtype: string): string {
  if (value === null) return '–';
  if (typeof value === 'string') return value;
  if (dtype === 'float32') return shortestFloat32(value);
  if (dtype === 'float16') return formatNumber(value, 5);
  return String(value === 0 ? 0 : value);
}

/** One value as it is; several with the names of their channels, where they have some. */
export function formatValues(pixel: PixelValue): string {
  const parts = pixel.values.map((sample, index) => {
    const text = formatSample(sample, pixel.dtype);
    const name = pixel.channels[index] ?? '';
    return pixel.values.length === 1 || /^\d*$/.test(name) ? text : `${name} ${text}`;
  });
  return parts.join(', ');
}

function shortestFloat32(value: number): string {
  const rounded = Math.fround(value);
  for (let digits = 1; digits <= 9; digits += 1) {
    const text = Number(rounded.toPrecision(digits));
    if (Math.fround(text) === rounded) return String(text === 0 ? 0 : text);
  }
  return String(value);
}

/** Screen pixels per image pixel as a percentage; tiny ones as a power of ten. */
export function formatZoom(scale: number): string {
  const percent = scale * 100;
  if (!Number.isFinite(percent) || percent <= 0) return '–';
  if (percent >= 100) return `${Math.round(percent)}%`;
  if (percent >= 0.001) return `${String(Number(percent.toPrecision(percent >= 10 ? 3 : 2)))}%`;
  return `${percent.toExponential(1).replace('e-', ' × 10⁻').replace(/(?<=⁻)\d+/, superscript)}%`;
}

function superscript(digits: string): string {
  return [...digits].map((digit) => '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(digit)] ?? '').join('');
}

/** A number typed by hand; null when it isn't one. */
export function parseNumber(text: string): number | null {
  const cleaned = text.trim().replace('\u2212', '-');
  if (cleaned === '') return null;
  const value = Number(cleaned);
  return Number.isFinite(value) ? value : null;
}

/** The least and greatest value of a type whose whole range is worth a look: 8 and 16 bits. */
export function dtypeRange(dtype: string): { min: number; max: number } | null {
  if (dtype === 'bool') return { min: 0, max: 1 };
  const match = /^(u?)int(8|16)$/.exec(dtype);
  if (!match) return null;
  const values = 2 ** Number(match[2]);
  return match[1] ? { min: 0, max: values - 1 } : { min: -values / 2, max: values / 2 - 1 };
}

/** Parts of a text in turn: what stays as it is, and long integers; the digits of a fraction are none. */
export const splitIntegers = (text: string): string[] => text.split(/(?<![.\d])(\d{5,})/);

/** As people say it: 1.5 MB. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const at = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  const value = bytes / 1000 ** at;
  return `${at === 0 ? value : Number(value.toPrecision(3))} ${units[at] ?? ''}`;
}
