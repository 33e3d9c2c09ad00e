// Labels over the image: whose, how, and what is done with single ones.
import type { ImageInfo, ImageSummary } from '../api.ts';
import { button, el } from '../dom.ts';
import { cssColour, labelColour } from '../labels/colours.ts';
import { holdsLabels } from '../labels/fit.ts';
import { isTooLong, type LabelsState, MOST_SEED, plainLabels } from '../labels/state.ts';
import { parseLabel } from '../labels/table.ts';

export interface LabelsActions {
  change(change: Partial<LabelsState>): void;
  /** What is selected. */
  hide(): void;
  isolate(labels: readonly string[]): void;
  goTo(label: string): void;
  say(message: string): void;
}

export interface ShownLabels {
  info: ImageInfo;
  /** All that the server has. */
  images: readonly ImageSummary[];
  state: LabelsState;
  opacity: number;
  message: string;
  isThere: boolean;
  /** Without a GPU they are only seen. */
  canPick: boolean;
}

const MOST_LISTED = 12;
const option = (value: string, text: string): HTMLElement => el('option', { value }, text);
const some = (count: number, what: string): string[] => (count > 0 ? [`${count} ${what}`] : []);

export class LabelsSection {
  readonly element: HTMLElement;
  private readonly image = el('select', { id: 'labels-image', 'aria-label': 'Labels of', 'data-testid': 'labels-image' });
  private readonly visible = el('input', { type: 'checkbox', id: 'labels-visible' });
  private readonly filled: HTMLButtonElement;
  private readonly outline: HTMLButtonElement;
  private readonly opacity = el('input', { type: 'range', id: 'labels-opacity', min: 0, max: 1, step: 0.01 });
  private readonly percent = el('output', { for: 'labels-opacity' });
  private readonly seed = el('input', { type: 'text', inputmode: 'numeric', id: 'labels-seed', autocomplete: 'off', 'data-testid': 'labels-seed' });
  private readonly find = el('input', {
    type: 'text', inputmode: 'numeric', id: 'labels-find', placeholder: 'id', autocomplete: 'off', spellcheck: 'false', 'data-testid': 'labels-find',
  });
  private readonly all: HTMLButtonElement;
  private readonly picked = el('ul', { class: 'labels-picked', 'data-testid': 'labels-picked' });
  private readonly pickedActions: HTMLElement;
  private readonly said = el('p', { class: 'hint', role: 'status', 'data-testid': 'labels-said' });
  private readonly look: HTMLElement;
  private readonly single: HTMLElement;
  private options = '';
  private state: LabelsState | null = null;

  constructor(private readonly actions: LabelsActions) {
    const { change } = actions;
    this.image.addEventListener('change', () => this.setImage(this.image.value || null));
    this.visible.addEventListener('change', () => change({ visible: this.visible.checked }));
    this.filled = button('Filled', 'Fill the labels', () => change({ outline: false }), { id: 'labels-filled' });
    this.outline = button('Outlines', 'Draw outlines only', () => change({ outline: true }), { id: 'labels-outline' });
    this.opacity.addEventListener('input', () => change({ opacity: Number(this.opacity.value) }));
    this.seed.addEventListener('change', () => this.setSeed());
    const shuffle = button('Shuffle', 'Shuffle the colours', () => change({ seed: Math.floor(Math.random() * 9999) + 1 }), { id: 'labels-shuffle' });
    this.all = button('Show all', 'Show all labels', () => change({ hidden: [], only: [] }), { id: 'labels-all' });
    this.find.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') this.withFound(([label]) => actions.goTo(label));
    });
    const go = button('Go to', 'Go to the label', () => this.withFound(([label]) => actions.goTo(label)), { id: 'labels-go' });
    const only = button('Isolate', 'Isolate the label', () => this.withFound((labels) => actions.isolate(labels)), { id: 'labels-isolate-found' });
    this.pickedActions = el(
      'div', { class: 'segmented' },
      button('Hide', 'Hide what is selected', () => actions.hide(), { id: 'labels-hide' }),
      button('Isolate', 'Isolate what is selected', () => actions.isolate(this.state?.selected ?? []), { id: 'labels-isolate' }),
      button('Let go', 'Let go of what is selected', () => change({ selected: [] }), { id: 'labels-let-go' }),
    );
    this.single = el(
      'div', { class: 'labels-rows' },
      el('div', { class: 'labels-row' }, el('label', { for: 'labels-seed' }, 'Colours'), this.seed, shuffle),
      el('div', { class: 'labels-row' }, el('label', { for: 'labels-find' }, 'Label'), this.find, go, only),
      this.picked, this.pickedActions,
    );
    this.look = el(
      'div', { class: 'labels-rows' },
      el('div', { class: 'labels-row' }, el('label', {}, this.visible, ' Shown (Shift+L)')),
      el('div', { class: 'labels-row' }, el('label', { for: 'labels-opacity' }, 'Opacity'), this.opacity, this.percent),
    );
    this.element = el(
      'section', { class: 'section labels', role: 'group', 'aria-label': 'Labels', id: 'labels' },
      el('div', { class: 'section-label' }, 'Labels', el('span', { class: 'segmented' }, this.filled, this.outline)),
      this.image, this.look, this.single, el('div', { class: 'labels-hint' }, this.said, this.all),
    );
  }

  /** Null is no image. */
  show(shown: ShownLabels | null): void {
    const candidates = shown?.images.filter(holdsLabels) ?? [];
    this.element.hidden = !shown || (candidates.length === 0 && !shown.isThere && shown.message === '');
    if (!shown) return;
    const { state, isThere, canPick, opacity } = shown;
    this.state = state;
    this.showImages(shown, candidates);
    this.look.hidden = !isThere;
    this.single.hidden = !canPick;
    for (const [each, pressed] of [[this.filled, !state.outline], [this.outline, state.outline]] as const) {
      each.hidden = !canPick;
      each.setAttribute('aria-pressed', String(pressed));
    }
    this.visible.checked = state.visible;
    this.opacity.value = String(opacity);
    this.percent.value = `${Math.round(opacity * 100)}%`;
    if (document.activeElement !== this.seed) this.seed.value = String(state.seed);
    this.all.hidden = !canPick || state.hidden.length + state.only.length === 0;
    this.showPicked(state);
    this.said.textContent = shown.message || this.summary(shown);
  }

  private summary({ state, canPick }: ShownLabels): string {
    if (!canPick) return '';
    const parts = [...some(state.hidden.length, 'hidden'), ...(state.only.length > 0 ? [`only ${state.only.length} shown`] : [])];
    if (isTooLong(state)) parts.push('too many labels for the link');
    if (parts.length > 0) return parts.join(', ');
    return state.selected.length > 0 ? '' : 'Click a label, or press Enter on the image for the one in its middle. Ctrl for several.';
  }

  private showImages({ info, state }: ShownLabels, candidates: readonly ImageSummary[]): void {
    const others = candidates.filter(({ id }) => id !== info.id);
    const own = info.kind === 'labels' ? [['', 'This image']] : [['', 'None'], ...(holdsLabels({ ...info }) ? [[info.id, 'This image, as labels']] : [])];
    const of = (kind: 'labels' | 'gray'): [string, string][] => others.filter((image) => image.kind === kind).map(({ id, name }) => [id, name]);
    const groups: [string, [string, string][]][] = [['Images of labels', of('labels')], ['Images of whole numbers', of('gray')]];
    const all = [...own, ...groups.flatMap(([, images]) => images)].map(([id]) => id);
    if (state.image !== null && state.image !== info.id && !all.includes(state.image)) groups.push(['Not there', [[state.image, state.image]]]);
    const key = JSON.stringify([own, groups]);
    if (key !== this.options) {
      this.options = key;
      this.image.replaceChildren(
        ...own.map(([value = '', text = '']) => option(value, text)),
        ...groups.filter(([, images]) => images.length > 0)
          .map(([label, images]) => el('optgroup', { label }, ...images.map(([value, text]) => option(value, text)))),
      );
    }
    this.image.value = state.image === info.id && info.kind === 'labels' ? '' : state.image ?? '';
  }

  private showPicked({ selected, seed }: LabelsState): void {
    this.pickedActions.hidden = selected.length === 0;
    const active = this.picked.contains(document.activeElement) ? document.activeElement?.id : null;
    const rows = selected.slice(0, MOST_LISTED).map((label, index) => {
      const swatch = el('span', { class: 'swatch' });
      swatch.style.background = cssColour(labelColour(parseLabel(label) ?? 0, seed));
      const id = el('span', { class: 'labels-id', 'data-testid': 'labels-id' }, label);
      return el(
        'li', { class: 'labels-row' }, swatch, id,
        button('Copy', `Copy the id ${label}`, () => void this.copy(id), { id: `labels-copy-${index}` }),
        button('target', `Go to ${label}`, () => this.actions.goTo(label), { id: `labels-go-${index}` }),
      );
    });
    const rest = selected.length - rows.length;
    this.picked.replaceChildren(...rows, ...(rest > 0 ? [el('li', { class: 'hint' }, `and ${rest} more`)] : []));
    if (active) document.getElementById(active)?.focus({ preventScroll: true });
  }

  private async copy(id: HTMLElement): Promise<void> {
    try {
      await navigator.clipboard.writeText(id.textContent ?? '');
      this.actions.say('Copied');
    } catch {
      // Not allowed, or no clipboard on this page: it is there to be copied by hand.
      const place = [...this.picked.querySelectorAll('.labels-id')].indexOf(id);
      this.actions.say('Press Ctrl+C to copy');
      const again = this.picked.querySelectorAll('.labels-id')[place];
      if (again) getSelection()?.selectAllChildren(again);
    }
  }

  /** Other labels, by the same numbers. */
  private setImage(image: string | null): void {
    const { outline, seed } = image === null || !this.state ? plainLabels() : this.state;
    this.actions.change({ ...plainLabels(), image, outline, seed });
  }

  private setSeed(): void {
    const seed = Number(this.seed.value);
    const isSeed = Number.isInteger(seed) && seed >= 0 && seed <= MOST_SEED && this.seed.value.trim() !== '';
    this.seed.setAttribute('aria-invalid', String(!isSeed));
    if (isSeed) this.actions.change({ seed });
  }

  /** Several may be written, with commas or spaces between. */
  private withFound(run: (labels: [string, ...string[]]) => void): void {
    const labels = this.find.value.split(/[\s,]+/).filter((part) => part !== '').map(parseLabel);
    const known = labels.filter((label) => label !== null && label !== 0).map(String);
    const [first, ...rest] = known;
    this.find.setAttribute('aria-invalid', String(known.length !== labels.length || first === undefined));
    if (first !== undefined && known.length === labels.length) run([first, ...rest]);
  }
}
