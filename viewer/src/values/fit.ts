// How numbers are set so that they fit into a pixel. Whole numbers keep every digit or are left out; others may be
// rounded while there is no room, for the status bar has the rest.
export interface Setting {
  lines: string[];
  /** Height of the letters. */
  size: number;
}

const GREATEST = 13;
const LEAST = 8;
/** Of a digit, for its height; and of a line. */
const WIDTH = 0.64;
const LEADING = 1.12;
const MARGIN = 5;
/** From here on a number is better whole over some lines than rounded. */
const ROOMY = 60;
const MOST_LINES = 3;
const LEAST_DIGITS = 3;

function chunks(text: string, length: number): string[] {
  return Array.from({ length: Math.ceil(text.length / length) }, (_, index) => text.slice(index * length, (index + 1) * length));
}

/** The real and the imaginary part, one below the other. */
const parts = (text: string): string[] => /^(.+?(?<!e))([+-][^+-]+(?:e[+-]?\d+)?j)$/.exec(text)?.slice(1) ?? [text];

/** With as many digits as there is room for; itself if it is a whole number. */
export function rounded(text: string, length: number): string {
  const [, sign = '', digits = '', tail = ''] = /^(\+?)(-?\d*\.?\d+(?:e[+-]?\d+)?)(j?)$/.exec(text) ?? [];
  if (text.length <= length || !/[.e]/.test(digits)) return text;
  for (let precision = 17; precision >= LEAST_DIGITS; precision -= 1) {
    const shorter = sign + String(Number(Number(digits).toPrecision(precision))) + tail;
    if (shorter.length <= length) return shorter;
  }
  return text;
}

function setting(lines: string[], room: number): Setting {
  const longest = Math.max(1, ...lines.map((line) => line.length));
  return { lines, size: Math.floor(2 * Math.min(GREATEST, room / longest / WIDTH, room / lines.length / LEADING)) / 2 };
}

/** Each text from a line of its own; null where there is no room. */
export function fitted(texts: readonly string[], cell: number): Setting | null {
  const room = cell - MARGIN;
  const whole = texts.flatMap(parts);
  const broken = Array.from({ length: MOST_LINES }, (_, index) => index + 1).map((most) =>
    setting(whole.flatMap((text) => chunks(text, Math.ceil(text.length / most))), room));
  const short = setting(whole.map((text) => rounded(text, Math.floor(room / LEAST / WIDTH))), room);
  const [straight] = broken;
  const candidates = cell >= ROOMY ? [straight, ...broken, short] : [straight, short, ...broken];
  return candidates.find((candidate) => candidate && candidate.size >= LEAST) ?? broken.find(({ size }) => size >= LEAST - 1) ?? null;
}

export const lineHeight = (size: number): number => size * LEADING;
