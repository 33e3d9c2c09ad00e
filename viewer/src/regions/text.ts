// Marks in a link: `r1:12,30,40,50~l1:0,0,99.5,40~p:0,0,9,0,5,7:ff6b6b:Left_cell`. A letter for the kind; a number, or
// else a name at the end; the points; a colour where it is not the usual one.
import { defaultColour, defaultName, type Kind, type Mark, MOST_CORNERS, MOST_MARKS, numberOf, type Point } from './mark.ts';

const LETTERS: Record<Kind, string> = { rectangle: 'r', polygon: 'p', point: 'o', line: 'l' };
const KIND_OF = new Map(Object.entries(LETTERS).map(([kind, letter]) => [letter, kind as Kind]));

/** Longer links are cut off on their way by programs that pass them on. */
export const MOST_TEXT = 16_000;

const escaped = (name: string): string =>
  encodeURIComponent(name).replace(/~/g, '%7E').replace(/_/g, '%5F').replace(/%20/g, '_');

function unescaped(text: string): string | null {
  try {
    return decodeURIComponent(text.replace(/_/g, ' '));
  } catch {
    return null;
  }
}

/** Without an exponent, which reads badly and is as long. */
const decimal = (value: number): string => (Math.abs(value) < 1e21 ? String(Number(value.toFixed(6))) : String(value));

function formatMark(mark: Mark): string {
  const number = numberOf(mark);
  const points = mark.points.flat().map(decimal).join(',');
  const colour = number !== null && mark.colour === defaultColour(mark.kind, number) ? [] : [mark.colour];
  const name = number === null ? [escaped(mark.name)] : [];
  return [`${LETTERS[mark.kind]}${number ?? ''}`, points, ...colour, ...name].join(':');
}

/** '' where there are none, and where they are too many for a link. */
export function formatMarks(marks: readonly Mark[]): string {
  const text = marks.map(formatMark).join('~');
  return text.length > MOST_TEXT ? '' : text;
}

function parsePoints(kind: Kind, text: string): Point[] | null {
  const numbers = text.split(',');
  if (!numbers.every((part) => /^-?\d+(\.\d+)?$/.test(part)) || numbers.length % 2 === 1) return null;
  const points = numbers.flatMap((x, index) => (index % 2 === 0 ? [[Number(x), Number(numbers[index + 1])] as const] : []));
  const right = { rectangle: points.length === 2, line: points.length === 2, point: points.length === 1, polygon: points.length >= 3 };
  return right[kind] && points.length <= MOST_CORNERS ? points : null;
}

function parseMark(text: string): Mark | null {
  const [head = '', coordinates = '', colour = '', name = ''] = text.split(':');
  const [, letter = '', digits = ''] = /^([a-z])([1-9]\d{0,5})?$/.exec(head) ?? [];
  const kind = KIND_OF.get(letter);
  const points = kind && parsePoints(kind, coordinates);
  if (!kind || !points || (colour !== '' && !/^[0-9a-f]{6}$/.test(colour))) return null;
  const number = digits === '' ? null : Number(digits);
  const given = number === null ? unescaped(name) : defaultName(kind, number);
  return given === null ? null : { kind, name: given, colour: colour || defaultColour(kind, number ?? 1), points };
}

/** Passes over what is no mark. */
export const parseMarks = (text: string): Mark[] =>
  text === '' ? [] : text.split('~').slice(0, MOST_MARKS).map(parseMark).filter((mark) => mark !== null);
