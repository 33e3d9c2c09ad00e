// The histogram, whose window is dragged.
import { isAbort } from '../api.ts';
import { button, el } from '../dom.ts';
import { formatNumber } from '../format.ts';
import { gpuIsThere } from '../gpu/support.ts';
import {
  barHeights, fetchHistogram, type Histogram, histogramQuery, movedEnd, percentileWindow, pointedValue, type Range,
  shareOf, shownRange, type View,
} from '../histogram.ts';
import { channelWindow, chosenChannels, type Display, isComposite, planesOf } from '../state.ts';
import { type Controls, group } from './section.ts';
import { spreadControls } from './spread.ts';

export const PERCENTILES = [['0.1', '0.1%'], ['1', '1%'], ['2', '2%'], ['0', 'All']] as const;
export type Percentile = (typeof PERCENTILES)[number][0];
export const percentileTitle = (p: Percentile): string =>
  p === '0' ? 'From the least to the greatest value' : `Without ${p}% at either end`;

export type Switch = 'log' | 'ofView' | 'locked';
/** Of the canvas: enough for a dense screen. */
const WIDTH = 480;
const HEIGHT = 128;
const WAIT = 200;
const STEP = 1 / 200;

type End = 'lo' | 'hi';

export class ContrastSection {
  /** Where the view is, for a histogram of what is seen. */
  view: () => View | null = () => null;
  locked = false;
  private readonly canvas = el('canvas', { width: WIDTH, height: HEIGHT, class: 'histogram-bars' });
  private readonly plot = el('div', { class: 'histogram', 'data-testid': 'histogram', hidden: true }, this.canvas);
  private readonly handles: Record<End, HTMLElement>;
  private readonly shade = el('div', { class: 'histogram-window' });
  private histogram: Histogram | null = null;
  private controls: Controls | null = null;
  private asked = '';
  private work = new AbortController();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private missing = new Set<string>();
  /** What is counted has other values than when it was asked for. */
  private stale = false;
  private busy = false;
  private log = true;
  private ofView = false;
  private channel = 0;
  private extras = el('div', { class: 'contrast-extras' });

  constructor() {
    this.handles = { lo: this.handle('lo', 'Lower end of the window'), hi: this.handle('hi', 'Upper end of the window') };
    this.plot.append(this.shade, this.handles.lo, this.handles.hi);
  }

  render(controls: Controls): HTMLElement {
    this.controls = controls;
    const { info, display } = controls;
    const shown = chosenChannels(info, display);
    if (!shown.includes(this.channel)) this.channel = shown[0] ?? 0;
    this.extras = el('div', { class: 'contrast-extras' });
    this.fillExtras();
    const spread = this.onGpu ? [spreadControls(controls)] : [];
    this.ask();
    this.draw();
    return group('Contrast', [], this.plot, this.extras, ...spread);
  }

  /** What is counted may be another. */
  refresh(): void {
    this.ask();
  }

  /** Pixels have changed. However often they do, each histogram that is asked for is waited for. */
  recount(): void {
    this.stale = true;
    if (!this.busy) this.ask();
  }

  /** Another part of the image is seen. */
  moved(): void {
    if (this.ofView) this.ask();
  }

  get hasHistogram(): boolean {
    return this.histogram !== null;
  }

  setPercentile(p: Percentile): void {
    const window = this.histogram && percentileWindow(this.histogram, p);
    if (window) this.set(window, true);
  }

  toggle(what: Switch): void {
    this[what] = !this[what];
    this.fillExtras();
    this.ask();
    this.draw();
  }

  leave(): void {
    clearTimeout(this.timer);
    this.work.abort();
    this.asked = '';
    this.stale = this.busy = false;
    this.histogram = null;
    this.controls = null;
  }

  private get onGpu(): boolean {
    const kind = this.controls?.info.kind;
    return gpuIsThere() && (kind === 'gray' || kind === 'channels');
  }

  private get window(): Range | null {
    if (!this.controls) return null;
    const window = channelWindow(this.controls.info, this.controls.display, this.channel);
    return window && { lo: window.vmin, hi: window.vmax };
  }

  private fillExtras(): void {
    const { controls } = this;
    if (!controls) return;
    const { info, display } = controls;
    const has = this.histogram !== null;
    const toggle = (name: string, label: string, id: string, what: Switch): HTMLElement =>
      button(name, label, () => this.toggle(what), { id, 'aria-pressed': String(this[what]) });
    const autos = PERCENTILES.map(([p, name]) => button(
      name, percentileTitle(p), () => this.setPercentile(p), { id: `window-p${p.replace('.', '-')}`, disabled: !has }));
    const rows: HTMLElement[] = has ? [
      el('div', { class: 'segmented' }, ...autos),
      el('div', { class: 'segmented' },
        toggle('Log', 'Logarithms of the counts', 'histogram-log', 'log'),
        toggle('View', 'Count only what is in view', 'histogram-view', 'ofView'),
        toggle('Lock', 'Keep the window for other images', 'window-lock', 'locked')),
    ] : [];
    if (isComposite(info, display) && this.onGpu) {
      const select = el('select', { id: 'contrast-channel', 'aria-label': 'Channel' });
      for (const index of chosenChannels(info, display)) {
        select.append(el('option', { value: index }, info.channels[index]?.name ?? String(index)));
      }
      select.value = String(this.channel);
      select.addEventListener('change', () => {
        this.channel = Number(select.value);
        this.ask();
        this.draw();
      });
      if (has) rows.unshift(select);
    }
    this.extras.replaceChildren(...rows);
  }

  private handle(end: End, label: string): HTMLElement {
    const handle = el('div', { class: `histogram-handle ${end}`, role: 'slider', tabindex: 0, id: `window-${end}`, 'aria-label': label });
    handle.addEventListener('pointerdown', (event) => {
      handle.setPointerCapture(event.pointerId);
      event.preventDefault();
      handle.focus();
    });
    handle.addEventListener('pointermove', (event) => {
      if (!handle.hasPointerCapture(event.pointerId)) return;
      const box = this.plot.getBoundingClientRect();
      this.point(end, (event.clientX - box.left) / box.width, !this.onGpu);
    });
    handle.addEventListener('lostpointercapture', () => this.commit());
    handle.addEventListener('keydown', (event) => {
      const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageUp: 10, PageDown: -10 }[event.key];
      const { window, histogram } = this;
      if (by === undefined || !window || !histogram) return;
      event.preventDefault();
      event.stopPropagation();
      this.point(end, shareOf(shownRange(histogram, window), window[end]) + by * STEP, false);
    });
    return handle;
  }

  private pending: Range | null = null;

  private point(end: End, share: number, later: boolean): void {
    const { histogram, controls } = this;
    const window = this.pending ?? this.window;
    if (!histogram || !window || !controls) return;
    const value = pointedValue(shownRange(histogram, window), share, /int/.test(controls.info.dtype));
    const moved = movedEnd(window, end, value);
    // The server is asked for other tiles only when the hand lets go.
    if (later) this.pending = moved;
    else this.set(moved, false);
    this.draw();
  }

  private commit(): void {
    const { pending } = this;
    this.pending = null;
    if (pending) this.set(pending, false);
  }

  private set({ lo, hi }: Range, anew: boolean): void {
    const { controls } = this;
    if (!controls) return;
    const { info, display } = controls;
    const change: Partial<Display> = isComposite(info, display) && this.onGpu
      ? { windows: new Map(display.windows).set(this.channel, [lo, hi]) } : { vmin: lo, vmax: hi };
    if (anew) {
      controls.change(change);
      return;
    }
    controls.changeQuietly(change);
    for (const [id, value] of [['vmin', lo], ['vmax', hi]] as const) {
      const field = document.getElementById(id);
      if (field instanceof HTMLInputElement && !isComposite(info, display)) field.value = formatNumber(value, 12);
    }
    this.draw();
  }

  private ask(): void {
    const { controls } = this;
    if (!controls || this.missing.has(controls.info.id)) return;
    const { info, display } = controls;
    const channel = info.channels.length > 1 ? this.channel : null;
    const query = histogramQuery(channel, planesOf(display), this.ofView ? this.view() : null);
    const asked = `${info.id}@${info.version}?${query}`;
    if (asked === this.asked && !this.stale) return;
    this.stale = false;
    this.busy = true;
    const other = !this.asked.startsWith(`${info.id}@`);
    this.asked = asked;
    if (other) this.histogram = null;
    clearTimeout(this.timer);
    this.work.abort();
    this.work = new AbortController();
    const { signal } = this.work;
    this.timer = setTimeout(() => void this.load(info.id, query, signal), WAIT);
  }

  private async load(image: string, query: string, signal: AbortSignal): Promise<void> {
    try {
      const histogram = await fetchHistogram(image, query, signal);
      if (signal.aborted) return;
      if (!histogram) this.missing.add(image);
      this.histogram = histogram;
      this.fillExtras();
      this.draw();
    } catch (error) {
      // The tiles say what is wrong with the server.
      if (!isAbort(error)) this.asked = '';
    }
    if (signal.aborted) return;
    this.busy = false;
    if (this.stale) this.ask();
  }

  private draw(): void {
    const { histogram } = this;
    const window = this.pending ?? this.window;
    this.plot.hidden = !histogram || !window;
    if (!histogram || !window) return;
    const range = shownRange(histogram, window);
    const context = this.canvas.getContext('2d');
    if (context) {
      context.clearRect(0, 0, WIDTH, HEIGHT);
      context.fillStyle = getComputedStyle(this.plot).color || '#8fa1b6';
      const step = (histogram.stop - histogram.start) / histogram.counts.length;
      const at = (value: number): number => shareOf(range, value) * WIDTH;
      context.beginPath();
      context.moveTo(at(histogram.start), HEIGHT);
      barHeights(histogram.counts, this.log).forEach((height, index) => {
        context.lineTo(at(histogram.start + index * step), HEIGHT * (1 - height));
        context.lineTo(at(histogram.start + (index + 1) * step), HEIGHT * (1 - height));
      });
      context.lineTo(at(histogram.stop), HEIGHT);
      context.fill();
    }
    const [lo, hi] = [shareOf(range, window.lo), shareOf(range, window.hi)];
    this.handles.lo.style.left = `${lo * 100}%`;
    this.handles.hi.style.left = `${hi * 100}%`;
    this.shade.style.left = `${lo * 100}%`;
    this.shade.style.right = `${(1 - hi) * 100}%`;
    for (const end of ['lo', 'hi'] as const) {
      const handle = this.handles[end];
      handle.setAttribute('aria-valuemin', String(range.lo));
      handle.setAttribute('aria-valuemax', String(range.hi));
      handle.setAttribute('aria-valuenow', formatNumber(window[end], 6));
    }
  }
}
