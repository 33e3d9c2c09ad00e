// What was done, said for a moment at the foot of the page.
import { el } from './dom.ts';

const WHILE = 2500;

export class Notice {
  /** It is always there, or who can't see would not hear of the first one. */
  readonly element = el('div', { class: 'notice', 'data-testid': 'notice', role: 'status' });
  private timer: ReturnType<typeof setTimeout> | undefined;

  say(text: string): void {
    clearTimeout(this.timer);
    this.element.textContent = text;
    this.timer = setTimeout(() => {
      this.element.textContent = '';
    }, WHILE);
  }
}
