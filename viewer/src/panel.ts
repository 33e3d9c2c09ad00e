// The display controls on the right: what they offer follows from the image.
import { address, type Colormap, type ImageInfo } from './api.ts';
import { button, el, grouped } from './dom.ts';
import { formatNumber, parseNumber } from './format.ts';
import {
  chosenChannels, defaultWindow, type Display, normalise, offersChannels, takesColormap, takesWindow,
} from './state.ts';

const CATEGORIES = ['sequential', 'diverging', 'cyclic', 'qualitative', 'miscellaneous'];

const title = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

export class Panel {
  readonly element = el('aside', { class: 'panel', id: 'panel', 'aria-label': 'Display' });
  private colormaps: Colormap[] = [];
  private info: ImageInfo | null = null;
  private display: Display | null = null;

  constructor(private readonly onChange: (display: Display) => void) {}

  setColormaps(colormaps: Colormap[]): void {
    this.colormaps = colormaps;
    this.render();
  }

  /** Shows an image's controls. A control that has the focus keeps it. */
  show(info: ImageInfo, display: Display): void {
    this.info = info;
    this.display = display;
    this.render();
  }

  focusColormap(): boolean {
    const select = this.element.querySelector<HTMLSelectElement>('#colormap');
    select?.focus();
    return select !== null;
  }

  private change(change: Partial<Display>): void {
    const { info, display } = this;
    if (!info || !display) return;
    this.display = normalise({ ...display, ...change }, info);
    this.render();
    this.onChange(this.display);
  }

  private render(): void {
    const { info, display } = this;
    if (!info || !display) return;
    const focus = document.activeElement?.id;
    const held = focus !== undefined && focus !== '' && this.element.contains(document.activeElement);
    const sections = [
      takesColormap(info, display) ? this.colormapSection(info, display) : null,
      takesWindow(info, display) ? this.windowSection(info, display) : null,
      offersChannels(info) ? this.channelSection(info, display) : null,
      ...info.extra_axes.filter((axis) => axis.size > 1).map((axis) => this.axisSection(axis, display)),
      info.resamplings.length > 1 ? this.resamplingSection(info, display) : null,
      this.factsSection(info),
    ].filter((section) => section !== null);
    this.element.replaceChildren(...sections);
    if (held) document.getElementById(focus)?.focus();
  }

  private section(name: string, label: HTMLElement | string, ...content: Node[]): HTMLElement {
    const heading = typeof label === 'string' ? el('label', { for: name, class: 'section-label' }, label) : label;
    return el('section', { class: 'section' }, heading, ...content);
  }

  private colormapSection(info: ImageInfo, display: Display): HTMLElement {
    const current = display.colormap ?? info.colormap ?? '';
    const select = el('select', { id: 'colormap', 'data-testid': 'colormap' });
    select.append(el('option', { value: '' }, 'No colormap'));
    const known = new Set(this.colormaps.map((colormap) => colormap.name));
    if (current !== '' && !known.has(current)) select.append(el('option', { value: current }, current));
    const categories = [...new Set([...CATEGORIES, ...this.colormaps.map((colormap) => colormap.category)])];
    for (const category of categories) {
      const members = this.colormaps.filter((colormap) => colormap.category === category);
      if (members.length === 0) continue;
      const options = members.map(({ name }) => el('option', { value: name }, name));
      select.append(el('optgroup', { label: title(category) }, ...options));
    }
    select.value = current;
    select.addEventListener('change', () => this.change({ colormap: select.value }));
    const strip = el('img', {
      class: 'strip', alt: '', width: 256, height: 12,
      src: address(`colormaps/${encodeURIComponent(current || 'gray')}.png`),
    });
    const window = { ...defaultWindow(info, display) };
    const ends = el(
      'div', { class: 'strip-ends', 'aria-hidden': 'true' },
      el('span', {}, formatNumber(display.vmin ?? window.vmin ?? Number.NaN, 4).replace('NaN', '')),
      el('span', {}, formatNumber(display.vmax ?? window.vmax ?? Number.NaN, 4).replace('NaN', '')),
    );
    return this.section('colormap', 'Colormap', select, strip, ends);
  }

  private windowSection(info: ImageInfo, display: Display): HTMLElement {
    const window = defaultWindow(info, display);
    const range = info.statistics;
    const field = (name: 'vmin' | 'vmax', label: string): HTMLElement => {
      const usual = window?.[name];
      const chosen = display[name];
      const input = el('input', {
        id: name, 'data-testid': name, type: 'text', inputmode: 'text', autocomplete: 'off', spellcheck: 'false',
        placeholder: usual === undefined ? 'auto' : formatNumber(usual),
        value: chosen === null ? (usual === undefined ? '' : formatNumber(usual)) : formatNumber(chosen, 12),
      });
      input.addEventListener('change', () => {
        const value = parseNumber(input.value);
        const unchanged = usual !== undefined && input.value === formatNumber(usual);
        if (value === null && input.value.trim() !== '') input.setAttribute('aria-invalid', 'true');
        else this.change({ [name]: unchanged ? null : value });
      });
      return el('label', { class: 'field' }, el('span', {}, label), input);
    };
    const auto = button('Auto', "The image's own window", () => this.change({ vmin: null, vmax: null }), {
      id: 'window-auto', 'aria-pressed': String(display.vmin === null && display.vmax === null),
    });
    const full = button('Full', 'From the least to the greatest value', () => {
      this.change({ vmin: range?.min ?? null, vmax: range?.max ?? null });
    }, {
      id: 'window-full', disabled: range?.min == null || range.max == null,
      'aria-pressed': String(display.vmin !== null && display.vmin === range?.min && display.vmax === range.max),
    });
    const heading = el('div', { class: 'section-label' }, 'Window', el('span', { class: 'segmented' }, auto, full));
    const fields = el('div', { class: 'pair' }, field('vmin', 'From'), field('vmax', 'To'));
    return this.section('window', heading, fields);
  }

  private channelSection(info: ImageInfo, display: Display): HTMLElement {
    const chosen = new Set(chosenChannels(info, display));
    const list = el('div', { class: 'channels' });
    info.channels.forEach((channel, index) => {
      const box = el('input', { type: 'checkbox', id: `channel-${index}`, checked: chosen.has(index) });
      // An image of no channel is nothing to look at: the last one stays.
      box.disabled = chosen.size === 1 && chosen.has(index);
      box.addEventListener('change', () => {
        const next = new Set(chosen);
        if (box.checked) next.add(index);
        else next.delete(index);
        // A window in one channel's units means nothing to the others.
        this.change({ channels: [...next].sort((a, b) => a - b), vmin: null, vmax: null });
      });
      const swatch = el('span', { class: 'swatch' });
      if (channel.color) swatch.style.background = channel.color;
      list.append(el('label', { class: 'channel' }, box, swatch, el('span', { class: 'ellipsis' }, channel.name)));
    });
    const all = button('All', 'Every channel', () => this.change({ channels: null, vmin: null, vmax: null }), {
      id: 'channels-all', 'aria-pressed': String(display.channels === null),
    });
    const heading = el('div', { class: 'section-label' }, 'Channels', el('span', { class: 'segmented' }, all));
    return this.section('channels', heading, list);
  }

  private axisSection(axis: { name: string; size: number }, display: Display): HTMLElement {
    const id = `axis-${axis.name}`;
    const index = display.axes.get(axis.name) ?? 0;
    const slider = el('input', { id, type: 'range', min: 0, max: axis.size - 1, step: 1, value: index });
    const output = el('output', { for: id }, `${index} / ${axis.size - 1}`);
    const set = (): Map<string, number> => new Map(this.display?.axes).set(axis.name, Number(slider.value));
    slider.addEventListener('input', () => {
      output.value = `${slider.value} / ${axis.size - 1}`;
      if (!this.info || !this.display) return;
      // The slider itself must live while it is dragged: no new controls.
      this.display = normalise({ ...this.display, axes: set() }, this.info);
      this.onChange(this.display);
    });
    const heading = el('label', { for: id, class: 'section-label' }, `Axis ${axis.name}`, output);
    return this.section(id, heading, slider);
  }

  private factsSection(info: ImageInfo): HTMLElement {
    const { statistics } = info;
    const number = (value: number | null | undefined): string => (value == null ? '' : formatNumber(value));
    const about = statistics?.sampled ? '≈ ' : '';
    const facts: [string, string][] = [
      ['Axes', info.axes.map((axis, index) => `${axis}\u00a0${info.shape[index] ?? ''}`).join(', ')],
      ['Type', info.dtype],
      ['Kind', info.kind],
      ['Format', info.format],
      ['Least', statistics?.min == null ? '' : about + number(statistics.min)],
      ['Greatest', statistics?.max == null ? '' : about + number(statistics.max)],
      ['Mean', statistics?.mean == null ? '' : about + number(statistics.mean)],
      ['No data', info.nodata === null ? '' : String(info.nodata)],
    ];
    const list = el('dl', { class: 'facts-list' });
    for (const [name, value] of facts) {
      if (value !== '') list.append(el('dt', {}, name), el('dd', {}, ...grouped(value)));
    }
    return this.section('facts', el('div', { class: 'section-label' }, 'Image'), list);
  }

  private resamplingSection(info: ImageInfo, display: Display): HTMLElement {
    const select = el('select', { id: 'resampling', 'data-testid': 'resampling' });
    for (const name of info.resamplings) {
      select.append(el('option', { value: name }, name === info.resampling ? `${title(name)} (default)` : title(name)));
    }
    select.value = display.resampling ?? info.resampling;
    select.addEventListener('change', () => this.change({ resampling: select.value }));
    return this.section('resampling', 'Reduce by', select);
  }
}
