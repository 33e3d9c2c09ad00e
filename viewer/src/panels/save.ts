// What can be kept: the view, a figure of it, a link to it, and the samples that are looked at.
import { button, el } from '../dom.ts';
import { group } from './section.ts';

export interface SaveActions {
  view(): Promise<void>;
  figure(): Promise<void>;
  link(): Promise<void>;
  region(format: RegionFormat): Promise<void>;
}

export const REGION_FORMATS = ['npy', 'tif', 'png'] as const;
export type RegionFormat = (typeof REGION_FORMATS)[number];

export const SAVE_LABELS: Record<RegionFormat, string> = {
  npy: 'Samples for numpy', tif: 'Samples as TIFF', png: 'Colours as PNG, every pixel',
};
const WHILE = 2500;

export class SaveSection {
  readonly element: HTMLElement;
  private readonly said = el('div', { class: 'faint save-said', role: 'status', 'data-testid': 'save-said' });
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(actions: SaveActions, private readonly onProblem: (error: unknown) => void) {
    const act = (text: string, label: string, id: string, done: string, run: () => Promise<void>): HTMLElement =>
      button(text, label, () => void this.run(done, run), { id });
    const regions = REGION_FORMATS.map((format) => act(
      format.toUpperCase(), `${SAVE_LABELS[format]}: the box, or what is in view`, `save-${format}`, `Saved as ${format.toUpperCase()}`,
      () => actions.region(format)));
    this.element = group(
      'Save', [],
      el('div', { class: 'segmented' },
        act('View', 'The view as a PNG', 'save-view', 'Saved', () => actions.view()),
        act('Figure', 'The view with a title and a scale of colours, on white', 'save-figure', 'Saved', () => actions.figure()),
        act('Link', 'Copy a link to what is shown', 'save-link', 'Copied', () => actions.link())),
      el('div', { class: 'field' }, el('span', {}, 'Box, or what is in view'), el('div', { class: 'segmented' }, ...regions)),
      this.said,
    );
  }

  private async run(done: string, run: () => Promise<void>): Promise<void> {
    clearTimeout(this.timer);
    this.said.textContent = 'Working';
    try {
      await run();
      this.said.textContent = done;
      this.timer = setTimeout(() => { this.said.textContent = ''; }, WHILE);
    } catch (error) {
      this.said.textContent = '';
      this.onProblem(error);
    }
  }
}
