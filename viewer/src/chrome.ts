// The frame around the image: the bar on top, the bar below, the banner and the help sheet.
import type { ImageInfo } from './api.ts';
import { button, el, grouped } from './dom.ts';
import { formatDimensions } from './format.ts';
import { KEY_HELP } from './keys.ts';

export interface ChromeActions {
  step(by: number): void;
  gallery(): void;
  theme(): void;
  fullscreen(): void;
  panel(): void;
  zoom(factor: number): void;
  fit(): void;
  oneToOne(): void;
  retry(): void;
  dismiss(): void;
}

export class Chrome {
  readonly map = el('div', { class: 'map', 'data-testid': 'map', tabindex: 0, role: 'application', 'aria-label': 'Image' });
  private readonly name = el('span', { class: 'image-name ellipsis', 'data-testid': 'image-name' });
  private readonly dimensions = el('span', { 'data-testid': 'dimensions' });
  private readonly dtype = el('span', { class: 'dtype' });
  private readonly previous: HTMLButtonElement;
  private readonly next: HTMLButtonElement;
  private readonly galleryButton: HTMLButtonElement;
  private readonly panelButton: HTMLButtonElement;
  private readonly zoom = el('span', { 'data-testid': 'zoom', title: 'Zoom', class: 'zoom' });
  private readonly position = el('span', { 'data-testid': 'position', title: 'Pixel under the pointer (x, y)' });
  private readonly value = el('span', { 'data-testid': 'value', title: 'Value under the pointer', class: 'value' });
  private readonly valueType = el('span', { class: 'faint wide-only' });
  private readonly status = el('span', { 'data-testid': 'status', role: 'status', class: 'status' });
  private readonly banner = el('div', { class: 'banner', 'data-testid': 'error', role: 'alert', hidden: true });
  private readonly retry: HTMLButtonElement;
  private readonly bannerText = el('span', {});
  private readonly help = el('dialog', { class: 'help', 'aria-labelledby': 'help-title' });

  constructor(root: HTMLElement, panel: HTMLElement, gallery: HTMLElement, actions: ChromeActions) {
    this.previous = button('previous', 'Previous image ([)', () => actions.step(-1));
    this.next = button('next', 'Next image (])', () => actions.step(1));
    this.galleryButton = button('gallery', 'Gallery (g)', actions.gallery);
    this.panelButton = button('panel', 'Display controls', actions.panel, { 'aria-controls': 'panel' });
    const full = button('fullscreen', 'Full screen (f)', actions.fullscreen, { hidden: !document.fullscreenEnabled });
    const top = el(
      'header', { class: 'topbar' },
      el('div', { class: 'group only-several' }, this.galleryButton, this.previous, this.next),
      el('div', { class: 'title' }, this.name, el('span', { class: 'facts' }, this.dimensions, this.dtype)),
      el(
        'div', { class: 'group' },
        button('theme', 'Dark or light (d)', actions.theme),
        button('help', 'Help (?)', () => this.toggleHelp(), { class: 'icon-button wide-only' }),
        full,
        this.panelButton,
      ),
    );
    full.classList.add('wide-only');
    const zooming = el(
      'div', { class: 'zoom-controls', role: 'group', 'aria-label': 'Zoom' },
      button('plus', 'Zoom in (+)', () => actions.zoom(2)),
      button('minus', 'Zoom out (−)', () => actions.zoom(0.5)),
      button('fit', 'Fit the whole image (0)', actions.fit),
      button('1:1', 'One image pixel per screen pixel (1)', actions.oneToOne, { class: 'icon-button one' }),
    );
    this.retry = button('Try again', 'Try again', actions.retry);
    this.banner.append(this.bannerText, this.retry, button('close', 'Dismiss', () => {
      this.hideError();
      actions.dismiss();
    }));
    const stage = el('section', { class: 'stage', 'aria-label': 'Image' }, this.map, zooming);
    const bottom = el(
      'footer', { class: 'statusbar' },
      this.zoom, this.position, this.value, this.valueType, el('span', { class: 'spring' }), this.status,
    );
    const rows = KEY_HELP.map(([keys, meaning]) =>
      el('tr', {}, el('td', {}, ...keys.split(' ').map((key) => el('kbd', {}, key))), el('td', {}, meaning)));
    const close = button('close', 'Close', () => this.help.close());
    this.help.append(
      el('div', { class: 'help-head' }, el('h2', { id: 'help-title' }, 'Keyboard'), close),
      el('table', {}, el('tbody', {}, ...rows)),
      el('p', { class: 'faint' }, 'Drag to pan; wheel or pinch to zoom; the address is a link to what you see.'),
    );
    this.help.addEventListener('click', (event) => {
      if (event.target === this.help) this.help.close();
    });
    this.help.addEventListener('keydown', (event) => {
      if (event.key === '?') this.help.close();
    });
    root.append(top, stage, panel, gallery, bottom, this.banner, this.help);
    this.setMode('loading');
  }

  /** Which of the two pages is shown; `loading` is neither yet. */
  setMode(mode: 'loading' | 'gallery' | 'image'): void {
    document.documentElement.dataset['mode'] = mode;
    if (mode !== 'image') {
      this.name.textContent = 'projectile';
      this.dimensions.textContent = '';
      this.dtype.textContent = '';
      document.title = 'projectile';
    }
  }

  setSeveral(several: boolean): void {
    document.documentElement.dataset['several'] = String(several);
  }

  setImage(info: ImageInfo): void {
    this.name.textContent = info.name;
    this.name.title = info.name;
    this.dimensions.replaceChildren(...grouped(formatDimensions(info.width, info.height)));
    this.dtype.textContent = info.dtype;
    document.title = `${info.name} · projectile`;
  }

  setPanelOpen(open: boolean): void {
    document.documentElement.dataset['panel'] = open ? 'open' : 'closed';
    this.panelButton.setAttribute('aria-expanded', String(open));
  }

  setZoom(text: string): void {
    this.zoom.textContent = text;
  }

  setPosition(text: string): void {
    this.position.replaceChildren(...grouped(text));
  }

  setValue(text: string, dtype: string): void {
    this.value.textContent = text;
    this.valueType.textContent = dtype;
  }

  setStatus(text: string, state: 'ready' | 'loading' | 'error'): void {
    this.status.textContent = text;
    document.documentElement.dataset['state'] = state;
  }

  showError(text: string, mayRetry: boolean): void {
    this.retry.hidden = !mayRetry;
    this.bannerText.textContent = text;
    this.banner.hidden = false;
  }

  hideError(): void {
    this.banner.hidden = true;
  }

  toggleHelp(): void {
    if (this.help.open) this.help.close();
    else this.help.showModal();
  }
}
