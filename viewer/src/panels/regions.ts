// The list of regions: tools to draw them with, what they measure, files of them.
import type { ImageInfo } from '../api.ts';
import { labelOf } from '../commands/table.ts';
import { button, el } from '../dom.ts';
import { save } from '../files.ts';
import { toGeoJson } from '../regions/geojson.ts';
import { formatCorners, type Kind, KINDS, type Mark, parseCorners } from '../regions/mark.ts';
import type { Measured } from '../regions/measure.ts';
import { numpySlice } from '../regions/slice.ts';
import { formatMarks } from '../regions/text.ts';
import { describeArea, describeExtent } from '../regions/units.ts';
import type { Display } from '../state.ts';
import { briefly, detailOf } from './measures.ts';

export interface RegionsActions {
  tool(kind: Kind): void;
  finish(): void;
  select(index: number | null): void;
  edit(index: number, change: Partial<Mark>): void;
  remove(index: number): void;
  goTo(index: number): void;
  undo(): void;
  redo(): void;
  load(text: string): void;
  say(message: string): void;
}

export interface RegionsState {
  marks: readonly Mark[];
  selected: number | null;
  tool: Kind | null;
  message: string;
}

export interface Known {
  measured: Measured | null;
  isCurrent: boolean;
}

interface Row {
  mark: Mark;
  element: HTMLElement;
  summary: HTMLElement;
  detail: HTMLElement | null;
  points: HTMLInputElement | null;
  shown: Measured | null;
  /** What the detail is of. */
  drawn: Measured | null;
}

const HINTS: Record<Kind, string> = {
  rectangle: 'Drag a rectangle, or press Enter on the image.',
  polygon: 'Click its corners, the last one twice; or press Enter on the image.',
  point: 'Click pixels, or press Enter on the image. Esc when done.',
  line: 'Drag a line, or press Enter on the image.',
};

export class RegionsSection {
  readonly element: HTMLElement;
  private readonly tools: Record<Kind, HTMLButtonElement>;
  private readonly finish: HTMLButtonElement;
  private readonly undo: HTMLButtonElement;
  private readonly redo: HTMLButtonElement;
  private readonly exporting: HTMLButtonElement;
  private readonly hint = el('span', { role: 'status', 'data-testid': 'regions-hint' });
  private readonly list = el('ul', { class: 'regions', 'data-testid': 'regions' });
  private readonly file = el('input', {
    type: 'file', accept: '.geojson,.json,application/geo+json,application/json', hidden: true, 'data-testid': 'regions-file',
  });
  private rows: Row[] = [];
  private info: ImageInfo | null = null;
  private display: Display | null = null;
  private state: RegionsState = { marks: [], selected: null, tool: null, message: '' };

  constructor(private readonly actions: RegionsActions) {
    const tool = (kind: Kind): HTMLButtonElement =>
      button(kind, labelOf(`regions.${kind}`), () => actions.tool(kind), { id: `tool-${kind}`, 'aria-pressed': 'false' });
    this.tools = { rectangle: tool('rectangle'), polygon: tool('polygon'), point: tool('point'), line: tool('line') };
    this.finish = button('Done', 'Finish the polygon', () => actions.finish(), { id: 'region-finish' });
    this.undo = button('undo', labelOf('undo'), () => actions.undo(), { id: 'regions-undo' });
    this.redo = button('redo', labelOf('redo'), () => actions.redo(), { id: 'regions-redo' });
    this.exporting = button('Export', 'Save as GeoJSON', () => this.export(), { id: 'regions-export' });
    const importing = button('Import', 'Add from GeoJSON', () => this.import(), { id: 'regions-import' });
    this.file.addEventListener('change', () => void this.read());
    this.element = el(
      'section', { class: 'section', role: 'group', 'aria-label': 'Regions', id: 'regions' },
      el('div', { class: 'section-label' }, 'Regions', el('span', { class: 'segmented' }, importing, this.exporting)),
      el('div', { class: 'region-tools', role: 'toolbar', 'aria-label': 'Draw' }, ...KINDS.map((kind) => this.tools[kind]), el('span', { class: 'spring' }), this.undo, this.redo),
      el('p', { class: 'hint region-hint' }, this.hint, this.finish),
      this.list, this.file,
    );
  }

  focus(): void {
    this.element.scrollIntoView({ block: 'nearest' });
    this.tools.rectangle.focus({ preventScroll: true });
  }

  show(info: ImageInfo | null, display: Display | null, state: RegionsState): void {
    const another = state.selected !== this.state.selected;
    this.info = info;
    this.display = display;
    this.state = state;
    for (const kind of KINDS) this.tools[kind].setAttribute('aria-pressed', String(state.tool === kind));
    this.finish.hidden = state.tool !== 'polygon';
    this.exporting.disabled = state.marks.length === 0;
    const tooMany = state.marks.length > 0 && formatMarks(state.marks) === '' ? 'Too many for the link: export them to keep them.' : '';
    this.hint.textContent = state.message || (state.tool ? HINTS[state.tool] : tooMany);
    const active = this.list.contains(document.activeElement) ? document.activeElement : null;
    const typed = active instanceof HTMLInputElement && active.type === 'text' ? active.value : null;
    const before = active instanceof HTMLInputElement ? active.defaultValue : null;
    const old = new Map(this.rows.map((row) => [row.mark, row.shown]));
    this.rows = state.marks.map((mark, index) => this.row(mark, index, old.get(mark) ?? null));
    this.list.replaceChildren(...this.rows.map(({ element }) => element));
    if (state.selected !== null && another) this.rows[state.selected]?.element.scrollIntoView({ block: 'nearest' });
    const again = active?.id ? document.getElementById(active.id) : null;
    if (again instanceof HTMLInputElement && typed !== null && again.defaultValue === before) again.value = typed;
    again?.focus({ preventScroll: true });
  }

  setHistory(canUndo: boolean, canRedo: boolean): void {
    this.undo.disabled = !canUndo;
    this.redo.disabled = !canRedo;
  }

  /** What is measured, mark by mark. Numbers that are not current any more stay until the new ones are there. */
  measures(marks: readonly Mark[], known: readonly Known[]): void {
    const { info, display } = this;
    if (!info || !display) return;
    this.rows.forEach((row, index) => {
      const [mark, now] = [marks[index], known[index]];
      if (!mark || !now) return;
      row.shown = now.measured ?? row.shown;
      const brief = row.shown ? briefly(row.shown) : '';
      row.summary.textContent = [describeExtent(info, mark), describeArea(info, mark), brief].filter((part) => part !== '').join(' · ');
      if (row.points && document.activeElement !== row.points) row.points.value = formatCorners(mark);
      if (!row.detail) return;
      row.detail.setAttribute('aria-busy', String(!now.isCurrent));
      if (row.drawn !== row.shown) row.detail.replaceChildren(...(row.shown ? detailOf(info, display, row.shown) : []));
      row.drawn = row.shown;
    });
  }

  private row(mark: Mark, index: number, shown: Measured | null): Row {
    const { actions } = this;
    const isSelected = index === this.state.selected;
    const colour = el('input', { type: 'color', id: `region-colour-${index}`, 'aria-label': `Colour of ${mark.name}`, value: `#${mark.colour}` });
    colour.addEventListener('change', () => actions.edit(index, { colour: colour.value.slice(1) }));
    const name = el('input', {
      type: 'text', class: 'region-name', id: `region-name-${index}`, 'aria-label': 'Name', value: mark.name, autocomplete: 'off', spellcheck: 'false',
    });
    name.addEventListener('change', () => {
      const text = name.value.trim();
      if (text === '') name.value = mark.name;
      else actions.edit(index, { name: text });
    });
    const summary = button('', `Select ${mark.name}`, () => actions.select(isSelected ? null : index), {
      id: `region-${index}`, class: 'region-summary', 'aria-expanded': String(isSelected), 'aria-label': null, title: null,
    });
    const points = isSelected ? this.pointsField(mark, index) : null;
    const detail = isSelected ? el('div', { class: 'region-detail', 'data-testid': 'region-detail' }) : null;
    const element = el(
      'li', { class: isSelected ? 'region selected' : 'region', 'data-testid': 'region' },
      el(
        'div', { class: 'region-head' }, colour, name,
        button('target', `Go to ${mark.name}`, () => actions.goTo(index), { id: `region-go-${index}` }),
        button('delete', `Delete ${mark.name}`, () => actions.remove(index), { id: `region-delete-${index}` }),
      ),
      summary, ...(detail && points ? [detail, ...this.fields(mark, points)] : []),
    );
    return { mark, element, summary, detail, points, shown, drawn: null };
  }

  private pointsField(mark: Mark, index: number): HTMLInputElement {
    const input = el('input', { type: 'text', id: `region-points-${index}`, value: formatCorners(mark), autocomplete: 'off', spellcheck: 'false', 'data-testid': 'region-points' });
    input.addEventListener('change', () => {
      const points = parseCorners(input.value);
      if (points) this.actions.edit(index, { points });
      else input.setAttribute('aria-invalid', 'true');
    });
    return input;
  }

  private fields(mark: Mark, points: HTMLInputElement): HTMLElement[] {
    const { info, display } = this;
    const label = el('label', { class: 'field' }, el('span', {}, mark.kind === 'point' ? 'Pixel: x,y' : 'Corners: x,y x,y …'), points);
    if (!info || !display) return [label];
    const slice = el('input', { type: 'text', readonly: true, value: numpySlice(info, display, mark), 'aria-label': 'numpy slice', 'data-testid': 'region-slice', id: 'region-slice' });
    const copy = button('Copy', 'Copy the numpy slice', () => void this.copy(slice), { id: 'region-copy', class: 'text-button copy' });
    return [label, el('div', { class: 'field' }, el('div', { class: 'copy-line' }, el('span', {}, 'numpy'), copy), slice)];
  }

  private async copy(field: HTMLInputElement): Promise<void> {
    try {
      await navigator.clipboard.writeText(field.value);
      this.actions.say('Copied');
    } catch {
      // Not allowed, or no clipboard on this page: it is there to be copied by hand.
      document.querySelector<HTMLInputElement>('#region-slice')?.select();
      this.actions.say('Press Ctrl+C to copy');
    }
  }

  export(): void {
    save(toGeoJson(this.state.marks), 'application/geo+json', `${this.info?.id.replace(/[^\w.-]+/g, '_') ?? 'image'}.geojson`);
  }

  /** Lets the person choose a file. */
  import(): void {
    this.file.click();
  }

  private async read(): Promise<void> {
    const [file] = this.file.files ?? [];
    this.file.value = '';
    if (!file) return;
    try {
      this.actions.load(await file.text());
    } catch (error) {
      this.actions.say(error instanceof Error ? error.message : String(error));
    }
  }
}
