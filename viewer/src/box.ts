// Boxes of whole pixels.
import type { Region } from './revisions.ts';

interface Size {
  width: number;
  height: number;
}

const clamp = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, value));

/** From the pixel under one map coordinate to that under another, both included; null if it lies beside the image. */
export function boxBetween(size: Size, one: readonly number[], other: readonly number[]): Region | null {
  const ends = (index: number, sign: number, length: number): [number, number] => {
    const [a, b] = [one, other].map((point) => Math.floor(sign * (point[index] ?? Number.NaN)));
    const [low, high] = [Math.min(a ?? 0, b ?? 0), Math.max(a ?? 0, b ?? 0) + 1];
    return [clamp(low, 0, length), clamp(high, 0, length)];
  };
  const [left, right] = ends(0, 1, size.width);
  const [top, bottom] = ends(1, -1, size.height);
  return right > left && bottom > top ? { y: top, x: left, height: bottom - top, width: right - left } : null;
}

/** A box from elsewhere, cut to the image; null if nothing of it is left. */
export function boxInside(size: Size, box: Region | null): Region | null {
  if (!box || ![box.x, box.y, box.width, box.height].every(Number.isInteger)) return null;
  const [left, right] = [clamp(box.x, 0, size.width), clamp(box.x + box.width, 0, size.width)];
  const [top, bottom] = [clamp(box.y, 0, size.height), clamp(box.y + box.height, 0, size.height)];
  return right > left && bottom > top ? { y: top, x: left, height: bottom - top, width: right - left } : null;
}

/** The box elsewhere in the image, as large as it was. */
export function movedBox(size: Size, box: Region, right: number, down: number): Region {
  const x = clamp(box.x + right, 0, size.width - box.width);
  const y = clamp(box.y + down, 0, size.height - box.height);
  return { ...box, x, y };
}

/** The box with its right and lower edge elsewhere, at least one pixel large. */
export function resizedBox(size: Size, box: Region, wider: number, higher: number): Region {
  const width = clamp(box.width + wider, 1, size.width - box.x);
  const height = clamp(box.height + higher, 1, size.height - box.y);
  return { ...box, width, height };
}

export function boxHolds(box: Region, coordinate: readonly number[]): boolean {
  const x = coordinate[0] ?? Number.NaN;
  const y = -(coordinate[1] ?? Number.NaN);
  return x >= box.x && y >= box.y && x < box.x + box.width && y < box.y + box.height;
}

export const sameBox = (one: Region | null, other: Region | null): boolean =>
  one === other || (one !== null && other !== null
    && one.x === other.x && one.y === other.y && one.width === other.width && one.height === other.height);

export const formatBox = ({ y, x, height, width }: Region): string => [y, x, height, width].join(',');

export function parseBox(text: string): Region | null {
  const parts = text.split(',');
  if (parts.length !== 4 || !parts.every((part) => /^\d+$/.test(part))) return null;
  const [y = 0, x = 0, height = 0, width = 0] = parts.map(Number);
  return height > 0 && width > 0 ? { y, x, height, width } : null;
}
