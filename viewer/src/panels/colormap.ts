// The colormap: a list for keyboard and screen readers, and every map as a strip for the eye.
import type { Colormap } from '../api.ts';
import { button, el } from '../dom.ts';
import { formatNumber } from '../format.ts';
import { defaultWindow } from '../state.ts';
import { byCategory, isReversed, reversedName } from '../colormaps.ts';
import { showPicture } from '../pictures.ts';
import { type Controls, group, title } from './section.ts';

/** Colours from left to right; those in a long list come when they are looked at. */
function colourStrip(name: string, lazy: boolean): HTMLImageElement {
  const image = el('img', { class: 'strip', alt: '', width: 256, height: 14 });
  showPicture(image, `colormaps/${encodeURIComponent(name)}.png`, lazy);
  return image;
}

const KEY = 'projectile-favourite-colormaps';

function storedFavourites(): string[] {
  try {
    const names: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
  } catch {
    return [];
  }
}

function storeFavourites(names: Iterable<string>): void {
  try {
    localStorage.setItem(KEY, JSON.stringify([...names]));
  } catch {
    // A frame without an address has no storage: they last as long as the page.
  }
}

const end = (value: number | undefined): HTMLElement =>
  el('span', {}, value === undefined ? '' : formatNumber(value, 4));

export class ColormapSection {
  /** Lives on while sections come and go, so that it keeps its place and its pictures. */
  private readonly browser = el('div', { class: 'browser', id: 'colormap-browser', hidden: true });
  private readonly search = el('input', {
    type: 'text', id: 'colormap-search', placeholder: 'Search', 'aria-label': 'Search colormaps', autocomplete: 'off',
    spellcheck: 'false',
  });
  private readonly list = el('div');
  private readonly favourites = new Set(storedFavourites());
  private shown: readonly Colormap[] | null = null;
  private scrolled = 0;
  private controls: Controls | null = null;
  /** The strip of what is chosen: made anew, it would be asked for again. */
  private strip: { name: string; image: HTMLImageElement } | null = null;

  constructor() {
    this.browser.append(el('div', { class: 'browser-search' }, this.search), this.list);
    this.search.addEventListener('input', () => this.filter());
    this.browser.addEventListener('scroll', () => {
      this.scrolled = this.browser.scrollTop;
    }, { passive: true });
  }

  render(controls: Controls): HTMLElement {
    this.controls = controls;
    const { info, display, colormaps } = controls;
    const current = display.colormap ?? info.colormap ?? '';
    const window = { ...defaultWindow(info, display) };
    const reversed = reversedName(current || 'gray', colormaps);
    const reverse = button('Reverse', 'The same colours the other way round', () => {
      if (reversed !== null) controls.change({ colormap: reversed });
    }, { id: 'colormap-reverse', disabled: reversed === null, 'aria-pressed': String(isReversed(current)) });
    const name = current || 'gray';
    if (this.strip?.name !== name) this.strip = { name, image: colourStrip(name, false) };
    const strip = el(
      'button',
      {
        class: 'strip-button', type: 'button', id: 'colormap-browse', title: 'Browse the colormaps',
        'aria-label': 'Browse the colormaps', 'aria-controls': 'colormap-browser',
        'aria-expanded': String(!this.browser.hidden),
      },
      this.strip.image,
    );
    strip.addEventListener('click', () => {
      this.browser.hidden = !this.browser.hidden;
      strip.setAttribute('aria-expanded', String(!this.browser.hidden));
      this.refresh();
      if (!this.browser.hidden) this.reveal();
    });
    this.refresh();
    return group(
      'Colormap', [reverse], this.select(controls, current), strip,
      el(
        'div', { class: 'strip-ends', 'aria-hidden': 'true' },
        end(display.vmin ?? window.vmin), end(display.vmax ?? window.vmax),
      ),
      this.browser,
    );
  }

  /** After the section is in the page again: the list is where it was. */
  restore(): void {
    this.browser.scrollTop = this.scrolled;
  }

  private select({ colormaps, change }: Controls, current: string): HTMLSelectElement {
    const select = el('select', { id: 'colormap', 'data-testid': 'colormap', 'aria-label': 'Colormap' });
    select.append(el('option', { value: '' }, 'No colormap'));
    const known = current === '' || colormaps.some((colormap) => colormap.name === current);
    if (!known) select.append(el('option', { value: current }, current));
    for (const [category, members] of byCategory(colormaps)) {
      const options = members.map((name) => el('option', { value: name }, name));
      select.append(el('optgroup', { label: title(category) }, ...options));
    }
    select.value = current;
    select.addEventListener('change', () => change({ colormap: select.value }));
    return select;
  }

  /** Fills the list when it is first opened, and marks what is chosen. */
  private refresh(): void {
    if (this.browser.hidden || !this.controls) return;
    const { colormaps, info, display } = this.controls;
    if (this.shown !== colormaps) {
      this.shown = colormaps;
      const straight = colormaps.filter(({ name }) => !isReversed(name));
      const favourites = straight.map(({ name }) => name).filter((name) => this.favourites.has(name));
      const others = straight.filter(({ name }) => !this.favourites.has(name));
      const sections: [string, string[]][] = [['favourites', favourites], ...byCategory(others)];
      this.list.replaceChildren(...sections.filter(([, members]) => members.length > 0).map(([category, members]) => el(
        'div', { role: 'group', 'aria-label': title(category), class: 'browser-group' },
        el('div', { class: 'browser-category' }, title(category)), ...members.map((name) => this.row(name)),
      )));
      this.filter();
    }
    const current = display.colormap ?? info.colormap ?? '';
    const backwards = isReversed(current);
    this.browser.classList.toggle('reversed', backwards);
    for (const row of this.browser.querySelectorAll<HTMLElement>('.browser-row')) {
      const name = row.dataset['name'] ?? '';
      row.setAttribute('aria-pressed', String(current === (backwards ? `${name}_r` : name)));
    }
  }

  private row(name: string): HTMLElement {
    const row = el(
      'button', { type: 'button', class: 'browser-row', id: `colormap-${name}`, 'data-name': name },
      el('span', { class: 'ellipsis' }, name),
      colourStrip(name, true),
    );
    row.addEventListener('click', () => {
      const { controls } = this;
      if (!controls) return;
      // Who looks at reversed colours gets the next map reversed too.
      const backwards = isReversed(controls.display.colormap ?? controls.info.colormap ?? '');
      controls.change({ colormap: (backwards ? reversedName(name, controls.colormaps) : null) ?? name });
    });
    const star = button('★', `Favourite: ${name}`, () => {
      if (!this.favourites.delete(name)) this.favourites.add(name);
      storeFavourites(this.favourites);
      this.shown = null;
      this.refresh();
      document.getElementById(`favourite-${name}`)?.focus({ preventScroll: true });
    }, { class: 'star', id: `favourite-${name}`, 'aria-pressed': String(this.favourites.has(name)) });
    return el('div', { class: 'browser-line', 'data-name': name }, row, star);
  }

  private filter(): void {
    const wanted = this.search.value.trim().toLowerCase();
    for (const section of this.list.querySelectorAll<HTMLElement>('.browser-group')) {
      let seen = false;
      for (const line of section.querySelectorAll<HTMLElement>('.browser-line')) {
        line.hidden = !(line.dataset['name'] ?? '').toLowerCase().includes(wanted);
        seen ||= !line.hidden;
      }
      section.hidden = !seen;
    }
  }

  private reveal(): void {
    const row = this.browser.querySelector<HTMLElement>('[aria-pressed="true"]');
    if (!row) return;
    this.browser.scrollTop = row.offsetTop - (this.browser.clientHeight - row.offsetHeight) / 2;
  }
}
