// Which commands go with what was typed, the likeliest first.
import { splitQuery } from './argument.ts';
import type { Command } from './command.ts';
import { fuzzy } from './fuzzy.ts';
import type { Page } from './page.ts';

export interface Found {
  command: Command;
  /** Which letters of its title were meant. */
  at: readonly number[];
  typed: string;
  /** Null where what it needs was not typed yet, or can't be understood. */
  run: (() => void) | null;
}

const RECENT = 3;

interface Ranked extends Found {
  score: number;
}

function rank(command: Command, query: string, page: Page): Ranked | null {
  const { argument } = command;
  if (!argument) {
    const match = fuzzy(query, command.title, command.also);
    return match && { command, ...match, typed: '', run: () => command.run(page) };
  }
  const { name, typed } = splitQuery(query);
  const match = fuzzy(name, command.title, command.also);
  if (!match) return null;
  const run = typed === '' ? null : argument.read(typed, page);
  // Numbers alone go with whatever can do something with them.
  return name === '' && typed !== '' && !run ? null : { command, ...match, typed, run };
}

/** Nothing typed: what was used lately, then all as they are. */
export function search(query: string, commands: readonly Command[], recent: readonly string[], page: Page): Found[] {
  const newness = (id: string): number => recent.length - (recent.includes(id) ? recent.indexOf(id) : recent.length);
  const ranked = commands.map((command) => rank(command, query, page)).filter((found) => found !== null);
  if (query.trim() === '') {
    return ranked.sort((a, b) => newness(b.command.id) - newness(a.command.id));
  }
  const score = (found: Ranked): number => found.score + (newness(found.command.id) > 0 ? RECENT : 0);
  return ranked.sort((a, b) => score(b) - score(a));
}
