// What every section of the panel is made of, and what it may do.
import type { Colormap, ImageInfo } from '../api.ts';
import { el } from '../dom.ts';
import type { Display } from '../state.ts';

/** What is shown, and the way to change it. */
export interface Controls {
  info: ImageInfo;
  display: Display;
  colormaps: readonly Colormap[];
  change(change: Partial<Display>): void;
  /** Without new controls: one that is being dragged must live. */
  changeQuietly(change: Partial<Display>): void;
}

export const title = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** A section under a label for the control `id`. */
export function section(id: string, label: string, ...content: Node[]): HTMLElement {
  return el('section', { class: 'section' }, el('label', { for: id, class: 'section-label' }, label), ...content);
}

/** A section of several controls, with buttons beside its heading. */
export function group(label: string, buttons: Node[], ...content: Node[]): HTMLElement {
  const row = buttons.length > 0 ? [el('span', { class: 'segmented' }, ...buttons)] : [];
  return el(
    'section', { class: 'section', role: 'group', 'aria-label': label },
    el('div', { class: 'section-label' }, label, ...row), ...content,
  );
}
