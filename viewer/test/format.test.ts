import { describe, expect, it } from 'vitest';
import {
  dtypeRange, formatDimensions, formatNumber, formatSample, formatZoom, parseNumber, splitIntegers, triads,
} from '../src/format.ts';
import { parseRetryAfter } from '../src/api.ts';

describe('format', () => {
  it('groups digits from five on', () => {
    expect(triads('1234')).toEqual(['1234']);
    expect(triads('16384')).toEqual(['16', '384']);
    expect(triads(String(2 ** 48))).toEqual(['281', '474', '976', '710', '656']);
    expect(formatDimensions(512, 2 ** 48)).toBe('512 × 281474976710656');
  });

  it('leaves the digits of a fraction together', () => {
    expect(splitIntegers('\u2248 1.79521')).toEqual(['\u2248 1.79521']);
    expect(splitIntegers('x 16384, y 9')).toEqual(['x ', '16384', ', y 9']);
    expect(splitIntegers('-12345.678901')).toEqual(['-', '12345', '.678901']);
  });

  it('knows what small integers can hold', () => {
    expect(dtypeRange('uint8')).toEqual({ min: 0, max: 255 });
    expect(dtypeRange('int16')).toEqual({ min: -32768, max: 32767 });
    expect(dtypeRange('bool')).toEqual({ min: 0, max: 1 });
    for (const dtype of ['int32', 'uint64', 'float32', 'complex64']) expect(dtypeRange(dtype)).toBeNull();
  });

  it('shortens floats', () => {
    expect(formatNumber(0.1 + 0.2)).toBe('0.3');
    expect(formatNumber(-0)).toBe('0');
    expect(formatNumber(123456789)).toBe('123456789');
    expect(formatNumber(1.5e-9)).toBe('1.5e-9');
    expect(formatNumber(2 ** 60)).toBe('1.15292e18');
    expect(formatNumber(-(2 ** 60), 4)).toBe('-1.153e18');
    expect(Number(formatNumber(Math.PI))).toBeCloseTo(Math.PI, 5);
  });

  it('shows a float32 with its own digits', () => {
    expect(formatSample(Math.fround(0.1), 'float32')).toBe('0.1');
    expect(formatSample(Math.fround(16777216), 'float32')).toBe('16777216');
    expect(Math.fround(Number(formatSample(Math.fround(Math.PI), 'float32')))).toBe(Math.fround(Math.PI));
    expect(formatSample(0.1, 'float64')).toBe('0.1');
  });

  it('leaves what JSON cannot hold as the server wrote it', () => {
    expect(formatSample('nan', 'float32')).toBe('nan');
    expect(formatSample('9007199254740993', 'int64')).toBe('9007199254740993');
    expect(formatSample(null, 'uint8')).toBe('–');
  });

  it('shows zoom as a percentage', () => {
    expect(formatZoom(1)).toBe('100%');
    expect(formatZoom(64)).toBe('6400%');
    expect(formatZoom(1 / 16)).toBe('6.3%');
    expect(formatZoom(0.4321)).toBe('43.2%');
    expect(formatZoom(2 ** -38)).toBe('3.6 × 10⁻¹⁰%');
    expect(formatZoom(0)).toBe('–');
  });

  it('reads numbers typed by hand', () => {
    expect(parseNumber(' -1.5e3 ')).toBe(-1500);
    expect(parseNumber('\u22122')).toBe(-2);
    for (const text of ['', 'x', '1,5', 'NaN', 'Infinity']) expect(parseNumber(text)).toBeNull();
  });

  it('reads Retry-After in seconds', () => {
    expect(parseRetryAfter('2')).toBe(2);
    expect(parseRetryAfter(null)).toBeNull();
    expect(parseRetryAfter('soon')).toBeNull();
  });
});
