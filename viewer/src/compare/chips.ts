// What each image on the screen is: its letter and its name, and a click makes the panel its own.
import { el } from '../dom.ts';
import { letterOf, type Mode } from './state.ts';

export class Chips {
  readonly element = el('div', { class: 'chips', role: 'group', 'aria-label': 'Compared images', hidden: true });
  private chips: HTMLButtonElement[] = [];
  private readonly note = el('span', { class: 'chips-note', role: 'status' });

  constructor(private readonly onActive: (index: number) => void) {
    this.element.append(this.note);
  }

  /** `corners`: of panes, in shares of the stage. `problem`: why there is nothing to see. */
  show(names: readonly string[], mode: Mode, problem: string, corners: readonly { left: number; top: number; width: number }[] | null): void {
    this.element.hidden = names.length === 0;
    this.element.dataset['mode'] = mode;
    while (this.chips.length > names.length) this.chips.pop()?.remove();
    while (this.chips.length < names.length) this.note.before(this.add(this.chips.length));
    this.note.textContent = problem;
    names.forEach((name, index) => {
      const chip = this.chips[index];
      const corner = corners?.[index];
      if (!chip) return;
      chip.replaceChildren(el('span', { class: 'compare-letter' }, letterOf(index)), el('span', { class: 'ellipsis' }, name));
      chip.title = `${name}: show the controls of ${letterOf(index)} (n)`;
      chip.style.left = corner ? `calc(${100 * corner.left}% + var(--chip-left))` : '';
      chip.style.top = corner ? `calc(${100 * corner.top}% + 10px)` : '';
      chip.style.maxWidth = corner ? `calc(${100 * corner.width}% - var(--chip-left) - 12px)` : '';
    });
  }

  /** `front`: the only one that is seen; null where all are. */
  mark(active: number, front: number | null): void {
    this.chips.forEach((chip, index) => {
      chip.setAttribute('aria-pressed', String(index === active));
      chip.classList.toggle('behind', front !== null && index !== front);
      chip.classList.toggle('front', index === front);
    });
  }

  /** The same upon a picture of the stage. */
  paint(context: CanvasRenderingContext2D): void {
    const bounds = this.element.parentElement?.getBoundingClientRect();
    if (this.element.hidden || !bounds) return;
    for (const chip of this.chips) {
      if (chip.classList.contains('behind')) continue;
      const box = chip.getBoundingClientRect();
      const [letter, name] = [...chip.children];
      const { backgroundColor, color, fontWeight, fontSize, fontFamily } = getComputedStyle(chip);
      const [left, top] = [box.left - bounds.left, box.top - bounds.top];
      context.fillStyle = backgroundColor;
      context.beginPath();
      context.roundRect(left, top, box.width, box.height, 7);
      context.fill();
      Object.assign(context, { fillStyle: color, font: `${fontWeight} ${fontSize} ${fontFamily}`, textAlign: 'left', textBaseline: 'middle' });
      for (const part of [letter, name]) {
        if (!part) continue;
        const place = part.getBoundingClientRect();
        context.fillText(part.textContent ?? '', place.left - bounds.left, top + box.height / 2, place.width);
      }
    }
  }

  private add(index: number): HTMLButtonElement {
    const chip = el('button', { type: 'button', class: 'chip', id: `chip-${letterOf(index).toLowerCase()}`, 'aria-pressed': 'false' });
    chip.addEventListener('click', () => this.onActive(index));
    this.chips.push(chip);
    return chip;
  }
}
