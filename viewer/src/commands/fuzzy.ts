// How well a title goes with what was typed: letters in order, best at the beginnings of words and one after another.

export interface Match {
  score: number;
  /** Which letters of the title were meant. */
  at: readonly number[];
}

const START = 10;
/** More than a beginning: one word rather than the beginnings of several. */
const NEXT = 11;
/** Letters here and there within words are hardly ever meant. */
const WITHIN = -4;
/** What a letter must bring on average: less is chance. */
const LEAST = 6;
const OTHER_WORD = -15;

const isLetter = (character: string | undefined): boolean => character !== undefined && /[\p{L}\p{N}]/u.test(character);

/** The best way to find the letters of one word in a text. */
function word(letters: string, text: string): Match | null {
  let row: (Match | null)[] = [];
  for (let letter = 0; letter < letters.length; letter += 1) {
    const next: (Match | null)[] = [];
    let best: Match | null = letter === 0 ? { score: 0, at: [] } : null;
    for (let index = 0; index < text.length; index += 1) {
      const before = row[index - 1] ?? null;
      next[index] = null;
      if (text[index] === letters[letter]) {
        const apart = best && { score: best.score + (isLetter(text[index - 1]) && isLetter(text[index]) ? WITHIN : START), at: [...best.at, index] };
        const along = before && { score: before.score + NEXT, at: [...before.at, index] };
        next[index] = along && (!apart || along.score >= apart.score) ? along : apart;
      }
      if (before && (!best || before.score > best.score)) best = before;
    }
    row = next;
  }
  const found = row.filter((match) => match !== null).sort((a, b) => b.score - a.score)[0] ?? null;
  return found && found.score >= LEAST * letters.length ? found : null;
}

function words(query: string, text: string): Match | null {
  let score = 0;
  const at = new Set<number>();
  for (const letters of query.split(/\s+/)) {
    const match = word(letters, text);
    if (!match) return null;
    score += match.score;
    for (const index of match.at) at.add(index);
  }
  // Of titles that go with it as well, the one with the least else in it.
  return { score: score - text.length / 20, at: [...at].sort((a, b) => a - b) };
}

/** Null where the title does not go with it. Words may come in any order; `also` are other words for the same. */
export function fuzzy(query: string, title: string, also = ''): Match | null {
  const [wanted, text] = [query.trim().toLowerCase(), title.toLowerCase()];
  if (wanted === '') return { score: 0, at: [] };
  const match = words(wanted, text);
  if (match) return { ...match, score: match.score + (text === wanted ? 40 : text.startsWith(wanted) ? 20 : 0) };
  const other = also === '' ? null : words(wanted, `${text} ${also.toLowerCase()}`);
  return other && { score: other.score + OTHER_WORD, at: other.at.filter((index) => index < title.length) };
}
