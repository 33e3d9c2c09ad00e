// What somebody marks on an image: rectangles, polygons, points and lines, in image pixels with y down.
import { boxInside } from '../box.ts';
import type { Region } from '../revisions.ts';

export const KINDS = ['rectangle', 'polygon', 'point', 'line'] as const;
export type Kind = (typeof KINDS)[number];
export type Point = readonly [x: number, y: number];

/**
 * The points of a rectangle are its upper left and lower right corner, on the edges of pixels; a point is the pixel
 * itself, whole numbers; a line has two ends.
 */
export interface Mark {
  readonly kind: Kind;
  readonly name: string;
  /** `rrggbb` */
  readonly colour: string;
  readonly points: readonly Point[];
}

export interface Size {
  width: number;
  height: number;
}

export const MOST_MARKS = 1000;
/** As much as a link may well hold. */
export const MOST_CORNERS = 2000;

const TITLES: Record<Kind, string> = { rectangle: 'Rectangle', polygon: 'Polygon', point: 'Point', line: 'Line' };
const COLOURS = ['ff6b6b', '4cc9f0', 'ffd166', '6ee7a0', 'c792ff', 'ff9f5a', 'f78fd0', 'b8e986'];

export const defaultName = (kind: Kind, number: number): string => `${TITLES[kind]} ${number}`;

/** The number in a name that was never changed; null in any other. */
export function numberOf({ kind, name }: Pick<Mark, 'kind' | 'name'>): number | null {
  const number = Number(/^\w+ ([1-9]\d{0,5})$/.exec(name)?.[1] ?? Number.NaN);
  return name === defaultName(kind, number) ? number : null;
}

export const defaultColour = (kind: Kind, number: number): string =>
  COLOURS[(number - 1 + 2 * KINDS.indexOf(kind)) % COLOURS.length] ?? 'ffffff';

export function newMark(marks: readonly Mark[], kind: Kind, points: readonly Point[]): Mark {
  const number = 1 + Math.max(0, ...marks.filter((mark) => mark.kind === kind).map((mark) => numberOf(mark) ?? 0));
  return { kind, name: defaultName(kind, number), colour: defaultColour(kind, number), points };
}

export function rectanglePoints({ x, y, width, height }: Region): Point[] {
  return [[x, y], [x + width, y + height]];
}

/** The corners to draw: four of a rectangle, the middle of a point's pixel. */
export function corners({ kind, points }: Pick<Mark, 'kind' | 'points'>): Point[] {
  const [first = [0, 0], second = [0, 0]] = points;
  if (kind === 'rectangle') return [first, [second[0], first[1]], second, [first[0], second[1]]];
  if (kind === 'point') return [[first[0] + 0.5, first[1] + 0.5]];
  return [...points];
}

/** From the least to the greatest x and y. */
export function spanOf(mark: Pick<Mark, 'kind' | 'points'>): [least: Point, most: Point] {
  let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of corners(mark)) [x0, y0, x1, y1] = [Math.min(x0, x), Math.min(y0, y), Math.max(x1, x), Math.max(y1, y)];
  return [[x0, y0], [x1, y1]];
}

/** The pixels around a mark, as far as the image has them. */
export function boxOf(mark: Pick<Mark, 'kind' | 'points'>, size: Size): Region | null {
  const [[x0, y0], [x1, y1]] = spanOf(mark);
  const [left, top] = [Math.floor(x0), Math.floor(y0)];
  return boxInside(size, { x: left, y: top, width: Math.max(1, Math.ceil(x1) - left), height: Math.max(1, Math.ceil(y1) - top) });
}

/** The mark as the image has room for it; null where it means nothing there. */
export function markInside(mark: Mark, size: Size): Mark | null {
  if (!mark.points.every(([x, y]) => Number.isFinite(x) && Number.isFinite(y)) || mark.points.length > MOST_CORNERS) return null;
  const [first, second] = mark.points;
  if (!first) return null;
  if (mark.kind === 'rectangle') {
    if (!second) return null;
    const [[x0, y0], [x1, y1]] = spanOf(mark);
    const box = boxInside(size, { x: x0, y: y0, width: x1 - x0, height: y1 - y0 });
    return box && { ...mark, points: rectanglePoints(box) };
  }
  if (mark.kind === 'point') {
    const [x, y] = [Math.floor(first[0]), Math.floor(first[1])];
    return x >= 0 && y >= 0 && x < size.width && y < size.height ? { ...mark, points: [[x, y]] } : null;
  }
  if (mark.kind === 'line') return mark.points.length === 2 && second && (first[0] !== second[0] || first[1] !== second[1]) ? mark : null;
  return mark.points.length >= 3 ? mark : null;
}

const clamp = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, value));

const limit = (by: number, low: number, high: number, length: number): number =>
  clamp(by, Math.min(0, -low), Math.max(0, length - high));

/** Elsewhere, and still on the image; by whole pixels where it lies on whole pixels. */
export function movedMark(mark: Mark, size: Size, right: number, down: number): Mark {
  const [[x0, y0], [x1, y1]] = spanOf(mark);
  const exact = mark.kind === 'rectangle' || mark.kind === 'point';
  const step = (by: number, low: number, high: number, length: number): number =>
    exact ? Math.trunc(limit(Math.round(by), low, high, length)) : limit(by, low, high, length);
  const [dx, dy] = [step(right, x0, x1, size.width), step(down, y0, y1, size.height)];
  return { ...mark, points: mark.points.map(([x, y]) => [x + dx, y + dy] as const) };
}

/** On the edge of a pixel, and not where the other end is. */
function freeEnd(to: number, from: number, length: number): number {
  const rounded = clamp(Math.round(to), 0, length);
  if (rounded !== from) return rounded;
  return (to < from && from > 0) || from >= length ? from - 1 : from + 1;
}

/** One corner elsewhere. Of a rectangle the corners are numbered as `corners` does, and the opposite one stays. */
export function withCorner(mark: Mark, size: Size, index: number, [x, y]: Point): Mark {
  if (mark.kind === 'point') return markInside({ ...mark, points: [[x, y]] }, size) ?? mark;
  if (mark.kind !== 'rectangle') {
    return { ...mark, points: mark.points.map((point, at) => (at === index ? [x, y] as const : point)) };
  }
  const opposite = corners(mark)[(index + 2) % 4] ?? [0, 0];
  const other: Point = [freeEnd(x, opposite[0], size.width), freeEnd(y, opposite[1], size.height)];
  return markInside({ ...mark, points: [opposite, other] }, size) ?? mark;
}

/** `12,30 40,50`, for people to read and write. */
export const formatCorners = ({ points }: Pick<Mark, 'points'>): string => points.map((point) => point.join(',')).join(' ');

export function parseCorners(text: string): Point[] | null {
  const numbers = text.trim().split(/[\s,;]+/).map((part) => (part === '' ? Number.NaN : Number(part.replace('\u2212', '-'))));
  if (numbers.length % 2 === 1 || !numbers.every(Number.isFinite)) return null;
  return numbers.flatMap((x, index) => (index % 2 === 0 ? [[x, numbers[index + 1] ?? 0] as const] : []));
}
