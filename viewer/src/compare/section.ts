// The controls of a comparison: with what, how, and what belongs to the way it is done.
import type { ImageSummary } from '../api.ts';
import { byCategory } from '../colormaps.ts';
import { button, el } from '../dom.ts';
import { formatNumber, parseNumber } from '../format.ts';
import type { Colormap } from '../api.ts';
import { group } from '../panels/section.ts';
import { type Compare, FIRST_COLORMAP, letterOf, type Mode, MODES, MOST_OTHERS } from './state.ts';

export interface CompareActions {
  add(image: string): void;
  remove(index: number): void;
  swap(): void;
  end(): void;
  blink(): void;
  /** Once more a limit that fits what is seen. */
  fit(): void;
  change(change: Partial<Compare>): void;
}

export interface CompareShown {
  images: readonly ImageSummary[];
  colormaps: readonly Colormap[];
  /** What is compared with others. */
  image: string;
  compare: Compare | null;
  /** Of all images, the first one too. */
  names: readonly string[];
  limit: number | null;
  /** What can't be done here, and why. */
  problem: string;
  blinks: boolean;
}

const TITLES: Record<Mode, readonly [string, string]> = {
  side: ['Side', 'Side by side'],
  swipe: ['Swipe', 'A left, B right of a border'],
  blink: ['Blink', 'One after the other, in one place'],
  overlay: ['Overlay', 'B over A'],
  difference: ['A − B', 'Difference'],
};
const RATES = [0.5, 1, 2, 4];

export class CompareSection {
  readonly element = el('div', { class: 'compare', 'data-testid': 'compare' });
  private shown: CompareShown | null = null;

  constructor(private readonly actions: CompareActions) {}

  show(shown: CompareShown): void {
    this.shown = shown;
    const { activeElement } = document;
    const id = activeElement && this.element.contains(activeElement) ? activeElement.id : '';
    this.element.replaceChildren(shown.compare ? this.controls(shown, shown.compare) : this.invitation(shown));
    if (id !== '') document.getElementById(id)?.focus({ preventScroll: true });
  }

  /** Values that are being changed elsewhere, without new controls. */
  refresh(share: number): void {
    const slider = this.element.querySelector<HTMLInputElement>('#compare-share');
    const output = slider?.parentElement?.querySelector('span');
    if (slider) slider.value = String(share);
    if (output) output.textContent = this.shareText(share);
  }

  focus(): void {
    this.element.querySelector<HTMLElement>('[aria-pressed=true], select')?.focus();
  }

  private invitation(shown: CompareShown): HTMLElement {
    return group('Compare', [], this.choice(shown, 'Compare with'));
  }

  private choice({ images, image }: CompareShown, label: string): HTMLElement {
    const select = el('select', { id: 'compare-with', 'aria-label': label });
    select.append(el('option', { value: '' }, `${label}…`), el('option', { value: image }, 'This image, shown otherwise'));
    for (const { id, name } of images) {
      if (id !== image) select.append(el('option', { value: id }, name));
    }
    select.addEventListener('change', () => {
      if (select.value !== '') this.actions.add(select.value);
    });
    return select;
  }

  private controls(shown: CompareShown, compare: Compare): HTMLElement {
    const { actions } = this;
    const modes = MODES.map((mode) => button(TITLES[mode][0], TITLES[mode][1], () => actions.change({ mode }), {
      id: `compare-${mode}`, 'aria-pressed': String(compare.mode === mode), 'aria-label': `${TITLES[mode][0]}: ${TITLES[mode][1]}`,
    }));
    const more = (compare.mode === 'side' || compare.mode === 'blink') && shown.names.length <= MOST_OTHERS;
    return group(
      'Compare', [
        button('Swap', 'Swap A and B (x)', () => actions.swap(), { id: 'compare-swap' }),
        button('Close', 'Close the comparison', () => actions.end(), { id: 'compare-close' }),
      ],
      el('div', { class: 'segmented compare-modes', role: 'group', 'aria-label': 'Way of comparing' }, ...modes),
      ...(shown.problem === '' ? [] : [el('p', { class: 'hint problem', 'data-testid': 'compare-problem' }, shown.problem)]),
      this.list(shown, compare),
      ...(more ? [this.choice(shown, 'Add')] : []),
      ...this.settings(shown, compare),
      this.linking(compare),
    );
  }

  private list({ names }: CompareShown, compare: Compare): HTMLElement {
    const rows = names.map((name, index) => {
      const letter = letterOf(index);
      const pick = el('button', {
        type: 'button', id: `compare-pick-${index}`, class: 'compare-pick', 'aria-pressed': String(compare.active === index),
        title: `The controls below are of ${letter}`,
      }, el('span', { class: 'compare-letter' }, letter), el('span', { class: 'ellipsis' }, name));
      pick.addEventListener('click', () => this.actions.change({ active: index }));
      const remove = index > 0 && names.length > 2
        ? [button('close', `Remove ${letter}`, () => this.actions.remove(index - 1), { id: `compare-remove-${index}` })] : [];
      return el('li', {}, pick, ...remove);
    });
    return el('ul', { class: 'compare-list', 'aria-label': 'Images' }, ...rows);
  }

  private linking(compare: Compare): HTMLElement {
    const box = el('input', { type: 'checkbox', id: 'compare-linked', checked: compare.linked });
    box.addEventListener('change', () => this.actions.change({ linked: box.checked }));
    return el('label', { class: 'compare-linked' }, box, 'One contrast for all');
  }

  private settings(shown: CompareShown, compare: Compare): HTMLElement[] {
    switch (compare.mode) {
      case 'swipe': case 'overlay': return [this.share(compare)];
      case 'blink': return [this.blinking(shown, compare)];
      case 'difference': return shown.problem === '' ? this.colours(shown, compare) : [];
      default: return [];
    }
  }

  private shareText(share: number): string {
    return `${this.shown?.compare?.mode === 'swipe' ? 'Border' : 'Opacity of B'} ${Math.round(100 * share)}%`;
  }

  private share({ share }: Compare): HTMLElement {
    const input = el('input', { id: 'compare-share', type: 'range', min: 0, max: 1, step: 0.01, value: share });
    input.addEventListener('input', () => this.actions.change({ share: Number(input.value) }));
    return el('label', { class: 'field' }, el('span', {}, this.shareText(share)), input);
  }

  private blinking({ blinks }: CompareShown, { rate }: Compare): HTMLElement {
    const select = el('select', { id: 'compare-rate', 'aria-label': 'How often' });
    select.append(el('option', { value: 0 }, 'By hand'));
    for (const each of RATES) select.append(el('option', { value: each }, each < 1 ? 'Every 2 s' : `${each} a second`));
    if (rate > 0 && !RATES.includes(rate)) select.append(el('option', { value: rate }, `${rate} a second`));
    select.value = String(rate);
    select.addEventListener('change', () => this.actions.change({ rate: Number(select.value) }));
    const run = rate > 0 ? button(blinks ? 'pause' : 'play', blinks ? 'Pause' : 'Play', () => this.actions.blink(), { id: 'compare-run' })
      : button('Next', 'Show the next one (k)', () => this.actions.blink(), { id: 'compare-run' });
    return el('div', { class: 'compare-blinking' }, select, run);
  }

  private colours({ colormaps, limit }: CompareShown, compare: Compare): HTMLElement[] {
    const select = el('select', { id: 'compare-colormap', 'aria-label': 'Colours of the difference' });
    const current = compare.colormap ?? FIRST_COLORMAP;
    const names = byCategory(colormaps).get('diverging') ?? [];
    for (const name of names.includes(current) ? names : [current, ...names]) select.append(el('option', { value: name }, name));
    select.value = current;
    select.addEventListener('change', () =>
      this.actions.change({ colormap: select.value === FIRST_COLORMAP ? null : select.value }));
    const field = el('input', {
      id: 'compare-limit', 'data-testid': 'compare-limit', type: 'text', autocomplete: 'off', spellcheck: 'false',
      'aria-label': 'Difference at the ends of the colours', value: limit === null ? '' : formatNumber(limit, 6),
    });
    const base = limit ?? 1;
    // Each half of the way is ten times as much, or as little.
    const slider = el('input', { id: 'compare-limit-slider', type: 'range', min: -1, max: 1, step: 0.01, value: 0, 'aria-label': 'Less or more difference at the ends of the colours' });
    field.addEventListener('change', () => {
      const value = parseNumber(field.value);
      if (value !== null && value > 0) this.actions.change({ limit: value });
      else field.setAttribute('aria-invalid', 'true');
    });
    slider.addEventListener('input', () => {
      const value = Number((base * 10 ** Number(slider.value)).toPrecision(3));
      field.value = formatNumber(value, 6);
      this.actions.change({ limit: value });
    });
    // The next pull starts from here.
    slider.addEventListener('change', () => { if (this.shown) this.show({ ...this.shown, limit: parseNumber(field.value) }); });
    const auto = button('Auto', 'Fit what is in view', () => this.actions.fit(), {
      id: 'compare-auto', 'aria-pressed': String(compare.limit === null),
    });
    return [
      select,
      el('div', { class: 'compare-limit' }, el('span', { class: 'faint' }, '±'), field, auto),
      slider,
    ];
  }
}
