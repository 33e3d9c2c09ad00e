// The commands of this page, to be run by whoever has a button, a key or a name for them.
import type { Command } from './command.ts';
import type { Page } from './page.ts';
import { commandOf, PROVIDERS, TABLE } from './table.ts';

export class Commands {
  constructor(readonly page: Page) {}

  run(id: string): void {
    commandOf(id).run(this.page);
  }

  isAvailable({ available }: Command): boolean {
    return available ? available(this.page) : true;
  }

  /** What can be chosen from now, with what depends on the image. */
  all(): Command[] {
    const given = PROVIDERS.flatMap((provider) => provider(this.page));
    return [...TABLE, ...given].filter((command) => !command.unlisted && this.isAvailable(command));
  }
}
