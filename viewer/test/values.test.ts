import { describe, expect, it } from 'vitest';
import type { ImageInfo } from '../src/api.ts';
import { defaultDisplay } from '../src/state.ts';
import { fitted, rounded } from '../src/values/fit.ts';
import { sampleText } from '../src/values/sample-text.ts';
import { pixelsAcross, valuePath } from '../src/values/value-tiles.ts';

const texts = (buffer: ArrayBufferLike, dtype: string): string[] => {
  const { text, count } = sampleText(buffer as ArrayBuffer, dtype);
  return Array.from({ length: count }, (_, index) => text(index));
};

describe('samples as text', () => {
  it('keep every digit of 64 bits', () => {
    expect(texts(BigInt64Array.of(2n ** 63n - 1n, -(2n ** 53n) - 1n).buffer, 'int64')).toEqual(['9223372036854775807', '-9007199254740993']);
    expect(texts(BigUint64Array.of(2n ** 64n - 1n).buffer, 'uint64')).toEqual(['18446744073709551615']);
  });

  it('have the digits of their type', () => {
    expect(texts(Float32Array.of(0.1, -0, Number.NaN, -Infinity, 16777216).buffer, 'float32')).toEqual(['0.1', '0', 'nan', '-inf', '16777216']);
    expect(texts(Float64Array.of(0.1, 1 / 3).buffer, 'float64')).toEqual(['0.1', '0.3333333333333333']);
    expect(texts(Uint16Array.of(0x3c00, 0x7c00).buffer, 'float16')).toEqual(['1', 'inf']);
    expect(texts(Uint8Array.of(0, 1).buffer, 'bool')).toEqual(['0', '1']);
  });

  it('have both parts of a complex number', () => {
    expect(texts(Float32Array.of(1, -0.1, 0.5, Number.NaN).buffer, 'complex64')).toEqual(['1-0.1j', '0.5+nanj']);
    expect(texts(Float64Array.of(1e-300, 1 / 3).buffer, 'complex128')).toEqual(['1e-300+0.3333333333333333j']);
  });

  it('are not made up for an unknown type', () => {
    expect(() => sampleText(new ArrayBuffer(8), 'datetime64')).toThrow('datetime64');
  });
});

describe('numbers in a pixel', () => {
  it('keep all digits of whole numbers, over some lines', () => {
    const setting = fitted(['9223372036854775807'], 64);
    expect(setting?.lines.join('')).toBe('9223372036854775807');
    expect(setting?.lines.length).toBeGreaterThan(1);
    expect(fitted(['9223372036854775807'], 32)?.lines.join('') ?? '9223372036854775807').toBe('9223372036854775807');
  });

  it('are rounded only while there is no room', () => {
    expect(fitted(['-63.123455'], 64)?.lines).toEqual(['-63.123455']);
    expect(fitted(['-63.123455'], 36)?.lines).toEqual(['-63.12']);
    expect(rounded('1234567.5', 4)).toBe('1234567.5');
    expect(rounded('0.00012345678', 8)).toBe('0.000123');
    expect(rounded('123456789', 4)).toBe('123456789');
    expect(rounded('nan', 2)).toBe('nan');
  });

  it('are one line for each channel, and two for a complex number', () => {
    expect(fitted(['12', '0', '255'], 32)?.lines).toEqual(['12', '0', '255']);
    expect(fitted(['1e-5+0.25j'], 64)?.lines).toEqual(['1e-5', '+0.25j']);
    expect(fitted(['1.5-2e-7j'], 64)?.lines).toEqual(['1.5', '-2e-7j']);
  });

  it('are left out where they would not be read', () => {
    expect(fitted(Array.from({ length: 6 }, () => '65535'), 32)).toBeNull();
  });
});

describe('tiles of samples', () => {
  const info = { id: 'a', kind: 'rgb', channels: [{}, {}, {}], max_zoom: 12, native_zoom: 4, tile_size: 256, version: 'v1' } as unknown as ImageInfo;

  it('have one sample for each pixel', () => {
    expect(pixelsAcross(info)).toBe(256);
    expect(valuePath(info, defaultDisplay(), 3, 2, 0)).toBe('images/a/4/3/2.bin?v=v1');
    expect(valuePath({ ...info, max_zoom: 4, native_zoom: -4 }, defaultDisplay(), 0, 0, 5)).toBe('images/a/0/0/0/16.bin?v=v1&r=5');
  });

  it('are of the channels that are shown', () => {
    const channels = { ...info, kind: 'channels' as const, visible: [0, 2] };
    expect(valuePath(channels, defaultDisplay(), 0, 0, 0)).toBe('images/a/4/0/0.bin?c=0,2&v=v1');
    expect(valuePath(channels, { ...defaultDisplay(), channels: [1] }, 0, 0, 0)).toContain('c=1&');
  });
});
