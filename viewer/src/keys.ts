// The keyboard: runs the commands whose keys are pressed. Which keys those are, commands/table.ts says.
import type { Command } from './commands/command.ts';
import type { Commands } from './commands/commands.ts';
import { keyOf } from './commands/key-text.ts';
import { TABLE } from './commands/table.ts';

export function installKeys(commands: Commands): void {
  const table = new Map(TABLE.flatMap((command) => (command.keys ?? []).map((key): [string, Command] => [key, command])));
  document.addEventListener('keydown', (event) => {
    if (event.altKey || event.defaultPrevented) return;
    const command = table.get(keyOf(event));
    if (!command || !commands.isAvailable(command)) return;
    const target = event.target instanceof HTMLElement ? event.target : null;
    // What is open over the page has its own keys.
    if (target?.closest('dialog')) return;
    // Letters and arrows are any control's own; with Ctrl, only what can be typed in has a use for them.
    const own = event.ctrlKey || event.metaKey ? 'input:not([type=color], [type=checkbox], [type=range]), textarea' : 'input, select, textarea';
    if (!command.anywhere && target?.closest(own)) return;
    event.preventDefault();
    command.run(commands.page);
  });
}
