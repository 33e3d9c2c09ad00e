// What a command is.
import type { Page } from './page.ts';

export const SECTIONS = ['View', 'Images', 'Display', 'Axes', 'Compare', 'Regions', 'Save', 'Page'] as const;
export type Section = (typeof SECTIONS)[number];

/** What is typed after a command's name. */
export interface Argument {
  /** What is expected, for people: `x, y`. */
  readonly hint: string;
  /** What to do with it; null where it can't be understood, or there is no such thing. */
  read(typed: string, page: Page): (() => void) | null;
}

export interface Command {
  /** Never changes: what was used lately is remembered by it. */
  readonly id: string;
  /** As a person would ask for it. Buttons have it as their tip. */
  readonly title: string;
  readonly section: Section;
  /**
   * As `KeyboardEvent.key` has them, `Mod+` before them for Ctrl or Cmd, then `Shift+`. The first one is shown, the
   * others work as well.
   */
  readonly keys?: readonly string[];
  /** Its row of the help sheet, which several commands may share; left out, it is the title. */
  readonly help?: string;
  /** Other words that it is found by. */
  readonly also?: string;
  /** Its keys work while something is being typed, too. */
  readonly anywhere?: true;
  /** It is no help in a list of commands. */
  readonly unlisted?: true;
  readonly argument?: Argument;
  /** Whether it does anything now; left out, it always does. */
  available?(page: Page): boolean;
  run(page: Page): void;
}

/** Commands that depend on what there is: one for each colormap, each image. */
export type Provider = (page: Page) => readonly Command[];

/** A command that needs something typed: without it, it asks for it. */
export const asking = (row: Omit<Command, 'run'> & { argument: Argument }): Command => ({ ...row, run: (page) => page.ask(`${row.title} `) });
