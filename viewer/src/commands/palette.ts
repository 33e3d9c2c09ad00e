// Every command by its name: a field to type in, and below it what goes with that.
import { button, el } from '../dom.ts';
import type { Commands } from './commands.ts';
import { keyOf } from './key-text.ts';
import { recentCommands, storeRecent, withRecent } from './recent.ts';
import { type Found, search } from './search.ts';
import { commandOf, keyTextOf } from './table.ts';

/** More are not read by anybody: whoever types gets them. */
const MOST_ROWS = 120;
const PAGE_ROWS = 8;

/** The title, with the letters that were meant in it marked. */
function marked(title: string, at: readonly number[]): (Node | string)[] {
  const meant = new Set(at);
  const parts: { text: string; isMeant: boolean }[] = [];
  [...title].forEach((letter, index) => {
    const last = parts.at(-1);
    if (last && last.isMeant === meant.has(index)) last.text += letter;
    else parts.push({ text: letter, isMeant: meant.has(index) });
  });
  return parts.map(({ text, isMeant }) => (isMeant ? el('mark', {}, text) : text));
}

export class Palette {
  readonly element: HTMLDialogElement;
  private readonly input = el('input', {
    type: 'text', id: 'palette-input', role: 'combobox', 'aria-label': 'Command', 'aria-expanded': 'true', 'aria-controls': 'palette-list',
    'aria-autocomplete': 'list', placeholder: 'Find a command', autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false',
    enterkeyhint: 'go', 'data-testid': 'palette-input',
  });
  private readonly list = el('ul', { id: 'palette-list', class: 'palette-list', role: 'listbox', 'aria-label': 'Commands', 'data-testid': 'palette-list' });
  private readonly count = el('p', { class: 'palette-count', role: 'status', 'data-testid': 'palette-count' });
  private found: Found[] = [];
  private rows: HTMLElement[] = [];
  private at = 0;
  private recent = recentCommands();
  /** What had the focus before. */
  private before: Element | null = null;

  /** `fallback` gets the focus where what had it is not there any more. */
  constructor(private readonly commands: Commands, private readonly fallback: () => HTMLElement) {
    this.element = el(
      'dialog', { class: 'palette', 'aria-label': 'Commands', 'data-testid': 'palette' },
      el('div', { class: 'palette-head' }, this.input, button('close', 'Close', () => this.close())),
      this.list, this.count,
    );
    this.input.addEventListener('input', () => this.show());
    this.element.addEventListener('keydown', (event) => this.key(event));
    this.element.addEventListener('click', (event) => {
      if (event.target === this.element) this.close();
    });
    // Closed by the browser, with Escape or with what a telephone has for it.
    this.element.addEventListener('cancel', (event) => {
      event.preventDefault();
      this.close();
    });
    this.list.addEventListener('click', (event) => {
      const index = this.rows.findIndex((row) => row.contains(event.target as Node));
      if (index >= 0) this.choose(index);
    });
    // Only a pointer that moves: one that lies where a row comes to be has not chosen it.
    this.list.addEventListener('pointermove', (event) => {
      const index = this.rows.findIndex((row) => row.contains(event.target as Node));
      if (index >= 0 && index !== this.at) this.select(index, false);
    });
    // A press on a row leaves the focus in the field.
    this.list.addEventListener('pointerdown', (event) => {
      if (event.pointerType === 'mouse') event.preventDefault();
    });
    this.list.addEventListener('mousedown', (event) => event.preventDefault());
  }

  toggle(): void {
    if (this.element.open) this.close();
    else this.open('');
  }

  open(text: string): void {
    if (!this.element.open) {
      this.before = document.activeElement;
      this.element.showModal();
    }
    this.input.value = text;
    this.input.focus();
    this.show();
  }

  private close(): void {
    this.element.close();
    const { before } = this;
    this.before = null;
    // What was drawn anew meanwhile has the same id.
    const again = before?.isConnected === true ? before : document.getElementById(before?.id || ' ');
    if (before === null || before === document.body) return;
    (again instanceof HTMLElement ? again : this.fallback()).focus({ preventScroll: true });
  }

  private show(): void {
    this.found = search(this.input.value, this.commands.all(), this.recent, this.commands.page);
    const several = this.found.slice(0, MOST_ROWS);
    this.rows = several.map((found, index) => this.row(found, index));
    this.list.replaceChildren(...this.rows);
    const { length } = this.found;
    const more = length - several.length;
    this.count.textContent = length === 0 ? 'Nothing is called that' : more > 0 ? `and ${more} more: type to find them` : '';
    this.select(0, true);
  }

  private row({ command, at, typed, run }: Found, index: number): HTMLElement {
    const { argument, title, section } = command;
    const given = argument && typed !== '' ? [el('span', { class: 'palette-typed' }, ` ${typed}`)] : argument ? ['…'] : [];
    const key = keyTextOf(command);
    return el(
      'li', { role: 'option', id: `palette-${index}`, class: 'palette-row', 'data-id': command.id, 'aria-selected': 'false', 'aria-disabled': String(run === null && typed !== '') },
      el(
        'span', { class: 'palette-title' }, ...marked(title, at), ...given,
        ...(argument && run === null ? [el('span', { class: 'palette-hint' }, ` ${argument.hint}`)] : []),
      ),
      key === '' ? el('span', { class: 'palette-section' }, section) : el('kbd', {}, key),
    );
  }

  private select(index: number, scroll: boolean): void {
    this.rows[this.at]?.setAttribute('aria-selected', 'false');
    this.at = index;
    const row = this.rows[index];
    row?.setAttribute('aria-selected', 'true');
    this.input.setAttribute('aria-activedescendant', row?.id ?? '');
    if (scroll) row?.scrollIntoView({ block: 'nearest' });
    // What lies above the first row belongs to it.
    if (scroll && index === 0) this.list.scrollTop = 0;
  }

  private choose(index: number): void {
    const { command, typed, run } = this.found[index] ?? {};
    if (!command) return;
    if (!run) {
      // What it needs is typed after its name.
      if (typed === '') this.open(`${command.title} `);
      return;
    }
    this.recent = withRecent(this.recent, command.id);
    storeRecent(this.recent);
    // It may want the focus for itself.
    this.close();
    run();
  }

  private key(event: KeyboardEvent): void {
    const last = this.rows.length - 1;
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: PAGE_ROWS, PageUp: -PAGE_ROWS }[event.key];
    if (by !== undefined && last >= 0) {
      const to = this.at + by;
      // One step goes round, a page does not.
      this.select(Math.abs(by) === 1 ? (to + last + 1) % (last + 1) : Math.min(last, Math.max(0, to)), true);
    } else if (event.key === 'Enter' && !event.isComposing && event.target === this.input) this.choose(this.at);
    else if (commandOf('commands').keys?.includes(keyOf(event))) this.close();
    else return;
    event.preventDefault();
  }
}
