// The colours of colormaps, each asked for once.
import { request } from '../api.ts';
import { isReversed } from '../colormaps.ts';

/** 256 colours of four bytes. */
export type Lut = Uint8Array;

const ENTRIES = 256;
const known = new Map<string, Promise<Lut>>();

export function grayLut(): Lut {
  return Uint8Array.from({ length: 4 * ENTRIES }, (_, index) => (index % 4 === 3 ? 255 : Math.floor(index / 4)));
}

export function reversedLut(lut: Lut): Lut {
  return lut.map((_, index) => lut[lut.length - 4 - index + 2 * (index % 4)] ?? 0);
}

async function fetchLut(name: string): Promise<Lut> {
  const response = await request(`colormaps/${encodeURIComponent(name)}.png`);
  const bitmap = await createImageBitmap(await response.blob(), { colorSpaceConversion: 'none', premultiplyAlpha: 'none' });
  const canvas = document.createElement('canvas');
  canvas.width = ENTRIES;
  canvas.height = 1;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('no canvas');
  context.drawImage(bitmap, 0, 0, ENTRIES, 1);
  return new Uint8Array(context.getImageData(0, 0, ENTRIES, 1).data.buffer);
}

/** '' is shades of gray. */
export function lutOf(name: string): Promise<Lut> {
  const cached = known.get(name);
  if (cached) return cached;
  const straight = isReversed(name) ? name.slice(0, -2) : name;
  const lut = name === '' || name === 'gray'
    ? Promise.resolve(grayLut())
    : straight === name ? fetchLut(name) : lutOf(straight).then(reversedLut);
  known.set(name, lut);
  lut.catch(() => known.delete(name));
  return lut;
}

/** `rrggbb` or `#rrggbb` as shares of 1; null when it is no colour. */
export function parseColour(text: string): [number, number, number] | null {
  const match = /^#?([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(text);
  if (!match) return null;
  const part = (index: number): number => Number.parseInt(match[index] ?? '0', 16) / 255;
  return [part(1), part(2), part(3)];
}
