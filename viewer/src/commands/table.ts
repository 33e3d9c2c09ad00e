// Every command of the viewer, once. The keyboard, the help sheet, the tips of buttons and the palette all have theirs
// from here.
//
// To add a command: write a row into the file of its section (view.ts, images.ts, display.ts, axes.ts, compare.ts,
// regions.ts, save.ts, desk.ts), or into a new file whose rows are added below. It needs an id, a title, its section and what it
// does with the page; keys and the rest are told in command.ts. One that needs something typed is made by `asking`. Where
// there is one for each of something (a colormap, an image), write a provider and add it to PROVIDERS. A button calls
// `commands.run(id)` and has `labelOf(id)` as its tip. Two commands must not have the same key: test/commands.test.ts.
//
// What changes how the image is shown goes through `page.session.change(…)`, and can then be undone without more.
import { axes } from './axes.ts';
import type { Command, Provider } from './command.ts';
import { COMPARE } from './compare.ts';
import { DESK, FIRST } from './desk.ts';
import { channels, colormaps, DISPLAY, resamplings } from './display.ts';
import { images, IMAGES } from './images.ts';
import { keyText } from './key-text.ts';
import { marks, REGIONS } from './regions.ts';
import { SAVE } from './save.ts';
import { VIEW } from './view.ts';

export const TABLE: readonly Command[] = [...FIRST, ...VIEW, ...IMAGES, ...DISPLAY, ...COMPARE, ...REGIONS, ...SAVE, ...DESK];

export const PROVIDERS: readonly Provider[] = [axes, resamplings, channels, marks, images, colormaps];

export function commandOf(id: string): Command {
  const command = TABLE.find((row) => row.id === id);
  if (!command) throw new Error(`there is no command ${id}`);
  return command;
}

/** The key that is shown; '' where there is none. */
export const keyTextOf = ({ keys }: Command): string => (keys?.[0] === undefined ? '' : keyText(keys[0]));

/** What a button says that runs it: `Zoom in (+)`. */
export function labelOf(id: string): string {
  const command = commandOf(id);
  const key = keyTextOf(command);
  return key === '' ? command.title : `${command.title} (${key})`;
}

/** The rows of the help sheet: what has keys. */
export function helpRows(): { keys: string[]; meaning: string }[] {
  const rows = new Map<string, string[]>();
  for (const command of TABLE) {
    const key = keyTextOf(command);
    const meaning = command.help ?? command.title;
    if (key !== '') rows.set(meaning, [...rows.get(meaning) ?? [], key]);
  }
  return [...rows].map(([meaning, keys]) => ({ keys, meaning }));
}
