// What is typed after the name of a command.
import { parseNumber } from '../format.ts';

/** `go to pixel 3, 4` is a name and what follows it: that begins with a digit, a sign, a point or #. */
export function splitQuery(query: string): { name: string; typed: string } {
  const match = /^(.*?)(?:^|\s)([-+\u2212.#\d].*)$/.exec(query.trim());
  return match ? { name: (match[1] ?? '').trim(), typed: (match[2] ?? '').trim() } : { name: query.trim(), typed: '' };
}

/** So many numbers, with commas or spaces between them; null where there are others. */
export function numbersIn(typed: string, count: number): number[] | null {
  const numbers = typed.trim().split(/\s*[\s,;]\s*/).map(parseNumber);
  return numbers.length === count && numbers.every((number) => number !== null) ? numbers : null;
}

/** A number of a percentage, `250%` or `250`. */
export const percentIn = (typed: string): number | null => parseNumber(typed.replace(/\s*%$/, ''));
