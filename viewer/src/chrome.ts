// The frame around the image: the bar on top, the bar below, the banner and the help sheet.
import type { ImageInfo } from './api.ts';
import { Colorbar } from './colorbar.ts';
import { helpRows, labelOf } from './commands/table.ts';
import { button, el, grouped, type IconName } from './dom.ts';
import { formatDimensions } from './format.ts';
import { ScaleBar } from './scale-bar.ts';

export interface ChromeActions {
  /** A command, by its id. */
  run(id: string): void;
  dismiss(): void;
}

export class Chrome {
  readonly map = el('div', { class: 'map', 'data-testid': 'map', tabindex: 0, role: 'application', 'aria-label': 'Image' });
  readonly stage = el('section', { class: 'stage', 'aria-label': 'Image' });
  readonly colorbar = new Colorbar();
  readonly scaleBar = new ScaleBar();
  private readonly name = el('span', { class: 'image-name ellipsis', 'data-testid': 'image-name' });
  private readonly dimensions = el('span', { 'data-testid': 'dimensions' });
  private readonly dtype = el('span', { class: 'dtype' });
  private readonly undo: HTMLButtonElement;
  private readonly redo: HTMLButtonElement;
  private readonly panelButton: HTMLButtonElement;
  private readonly openButton: HTMLButtonElement;
  private readonly selectButton: HTMLButtonElement;
  private readonly zoom = el('span', { 'data-testid': 'zoom', title: 'Zoom', class: 'zoom' });
  private readonly position = el('span', { 'data-testid': 'position', title: 'Pixel under the pointer (x, y)' });
  private readonly coordinates = el('span', { 'data-testid': 'coordinates', title: 'Coordinates of the pixel', class: 'coordinates ellipsis' });
  private readonly value = el('span', { 'data-testid': 'value', title: 'Value under the pointer', class: 'value' });
  private readonly valueType = el('span', { class: 'faint wide-only' });
  readonly label = el('span', { 'data-testid': 'label', title: 'Label under the pointer', class: 'label-value' });
  private readonly status = el('span', { 'data-testid': 'status', role: 'status', class: 'status' });
  private readonly banner = el('div', { class: 'banner', 'data-testid': 'error', role: 'alert', hidden: true });
  private readonly retry: HTMLButtonElement;
  private readonly bannerText = el('span', {});
  private readonly help = el('dialog', { class: 'help', 'aria-labelledby': 'help-title' });

  constructor(root: HTMLElement, panel: HTMLElement, gallery: HTMLElement, actions: ChromeActions) {
    const commandButton = (id: string, name: IconName | string, attributes: Record<string, string | boolean> = {}): HTMLButtonElement =>
      button(name, labelOf(id), () => actions.run(id), attributes);
    const wide = { class: 'icon-button wide-only' };
    this.panelButton = commandButton('panel', 'panel', { 'aria-controls': 'panel' });
    this.openButton = commandButton('files', 'open', { id: 'open-files', hidden: true });
    this.undo = commandButton('undo', 'undo', { ...wide, id: 'undo', disabled: true });
    this.redo = commandButton('redo', 'redo', { ...wide, id: 'redo', disabled: true });
    const top = el(
      'header', { class: 'topbar' },
      el(
        'div', { class: 'group only-several' },
        commandButton('gallery', 'gallery'), commandButton('image.previous', 'previous'), commandButton('image.next', 'next'),
      ),
      el('div', { class: 'title' }, this.name, el('span', { class: 'facts' }, this.dimensions, this.dtype)),
      el(
        'div', { class: 'group' },
        this.undo, this.redo,
        this.openButton,
        commandButton('commands', 'search', { id: 'open-commands', 'aria-haspopup': 'dialog' }),
        commandButton('theme', 'theme', wide),
        commandButton('help', 'help', wide),
        commandButton('fullscreen', 'fullscreen', { ...wide, hidden: !document.fullscreenEnabled }),
        this.panelButton,
      ),
    );
    const zooming = el(
      'div', { class: 'zoom-controls', role: 'group', 'aria-label': 'Zoom' },
      commandButton('zoom.in', 'plus'),
      commandButton('zoom.out', 'minus'),
      commandButton('fit', 'fit'),
      commandButton('one', '1:1', { class: 'icon-button one' }),
    );
    this.retry = commandButton('retry', 'Try again');
    this.banner.append(this.bannerText, this.retry, button('close', 'Dismiss', () => {
      this.hideError();
      actions.dismiss();
    }));
    this.selectButton = commandButton('box', 'select', { 'aria-pressed': 'false', id: 'select' });
    const regions = commandButton('regions', 'line', { id: 'open-regions' });
    const tools = el('div', { class: 'map-tools', role: 'toolbar', 'aria-label': 'Image tools' }, regions, this.selectButton, zooming);
    const legends = el('div', { class: 'legends' }, this.scaleBar.element, this.colorbar.element);
    this.stage.append(this.map, legends, tools);
    const bottom = el(
      'footer', { class: 'statusbar' },
      this.zoom, this.position, this.coordinates, this.value, this.label, this.valueType, el('span', { class: 'spring' }), this.status,
    );
    const rows = helpRows().map(({ keys, meaning }) =>
      el('tr', {}, el('td', {}, ...keys.map((key) => el('kbd', {}, key))), el('td', {}, meaning)));
    const close = button('close', 'Close', () => this.help.close());
    this.help.append(
      el('div', { class: 'help-head' }, el('h2', { id: 'help-title' }, 'Keyboard'), close),
      el('table', {}, el('tbody', {}, ...rows)),
      el('p', { class: 'faint' }, 'Drag to pan, with Shift to select a box; wheel or pinch to zoom; the address is a link to what you see.'),
    );
    this.help.addEventListener('click', (event) => {
      if (event.target === this.help) this.help.close();
    });
    this.help.addEventListener('keydown', (event) => {
      if (event.key === '?') this.help.close();
    });
    root.append(top, this.stage, panel, gallery, bottom, this.banner, this.help);
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

  togglePanel(): void {
    this.setPanelOpen(document.documentElement.dataset['panel'] !== 'open');
  }

  setHistory(canUndo: boolean, canRedo: boolean): void {
    this.undo.disabled = !canUndo;
    this.redo.disabled = !canRedo;
  }

  /** Whether there is something that may be asked for again. */
  get mayRetry(): boolean {
    return !this.banner.hidden && !this.retry.hidden;
  }

  setTakesFiles(takes: boolean): void {
    this.openButton.hidden = !takes;
  }

  setSelecting(selecting: boolean): void {
    this.selectButton.setAttribute('aria-pressed', String(selecting));
  }

  setZoom(text: string): void {
    this.zoom.textContent = text;
  }

  setPosition(text: string, coordinates: string): void {
    this.position.replaceChildren(...grouped(text));
    this.coordinates.textContent = coordinates;
  }

  setValue(text: string, dtype: string): void {
    this.value.textContent = text;
    this.valueType.textContent = dtype;
  }

  /** A colour without a text is that of the value. */
  setLabel(text: string, colour: string | null): void {
    const swatch = el('span', { class: 'swatch', 'data-testid': 'label-swatch' });
    if (colour !== null) swatch.style.background = colour;
    this.label.replaceChildren(...(colour === null ? [] : [swatch]), text);
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
