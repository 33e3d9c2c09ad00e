// The display controls on the right: what they offer follows from the image.
import type { Colormap, ImageInfo } from '../api.ts';
import { el } from '../dom.ts';
import { type Display, normalise, offersChannels, takesColormap, takesWindow } from '../state.ts';
import { AxisPlayer, axisSection, showIndex } from './axes.ts';
import { channelSection } from './channels.ts';
import { ContrastSection } from './contrast.ts';
import { ColormapSection } from './colormap.ts';
import { factsSection } from './facts.ts';
import { resamplingSection } from './resampling.ts';
import type { Controls } from './section.ts';
import { windowSection } from './window.ts';

export class Panel {
  readonly element = el('aside', { class: 'panel', id: 'panel', 'aria-label': 'Display' });
  readonly contrast = new ContrastSection();
  /** The section of regions, which lives longer than an image. */
  regions: HTMLElement | null = null;
  save: HTMLElement | null = null;
  /** Lives longer than an image, too. */
  labels: HTMLElement | null = null;
  /** The section of a comparison, which comes first while there is one: what follows is of the image that it names. */
  compare: HTMLElement | null = null;
  isComparing = false;
  scales: HTMLElement | null = null;
  private readonly colormap = new ColormapSection();
  private readonly player: AxisPlayer;
  private colormaps: Colormap[] = [];
  private info: ImageInfo | null = null;
  private display: Display | null = null;
  private controls: Controls | null = null;

  constructor(
    private readonly onChange: (display: Display, isStep: boolean) => void,
    film: { isReady(): boolean; prepare(display: Display): Promise<void> },
  ) {
    this.player = new AxisPlayer({
      step: (axis) => this.step(axis),
      prepare: async (axis) => {
        const next = this.next(axis);
        if (next) await film.prepare(next);
      },
      isReady: () => film.isReady(),
    });
  }

  setColormaps(colormaps: Colormap[]): void {
    this.colormaps = colormaps;
    this.render(true);
  }

  /** Shows an image's controls. A control that has the focus keeps it, and what is typed in it if it is to. */
  show(info: ImageInfo, display: Display, keepTyped = true): void {
    const same = info.id === this.info?.id;
    if (!same) this.player.stop();
    this.info = info;
    this.display = display;
    // What is being typed is not a choice yet, and must not be lost when the server has news of the image.
    this.render(same && keepTyped);
  }

  /** The image is no longer looked at. */
  leave(): void {
    this.contrast.leave();
    this.player.stop();
  }

  get maps(): readonly Colormap[] {
    return this.colormaps;
  }

  /** Lets an axis run by itself, or stops it. */
  play(axis: string): void {
    this.player.toggle(axis);
    this.render(true);
  }

  focusColormap(): void {
    this.element.querySelector<HTMLSelectElement>('#colormap')?.focus();
  }

  /** Opens or closes the list of all colours. */
  browseColormaps(): void {
    const browse = this.element.querySelector<HTMLButtonElement>('#colormap-browse');
    browse?.click();
    browse?.focus();
  }

  private change(change: Partial<Display>): void {
    if (this.apply(change)) this.render();
    this.tell();
  }

  /** Without new controls, so that one that is being used stays. */
  private changeQuietly(change: Partial<Display>, isStep = true): void {
    if (this.apply(change) && this.controls && this.display) {
      this.controls.display = this.display;
      // Another slice has other values.
      if (change.axes || change.projections) this.contrast.refresh();
    }
    this.tell(isStep);
  }

  private apply(change: Partial<Display>): boolean {
    if (!this.info || !this.display) return false;
    this.display = normalise({ ...this.display, ...change }, this.info);
    return true;
  }

  private tell(isStep = true): void {
    if (this.display) this.onChange(this.display, isStep);
  }

  /** The display one further along an axis. */
  private next(name: string): Display | null {
    const { info, display } = this;
    const axis = info?.extra_axes.find((other) => other.name === name);
    if (!info || !axis || !display) return null;
    const index = ((display.axes.get(name) ?? 0) + 1) % axis.size;
    return normalise({ ...display, axes: new Map(display.axes).set(name, index) }, info);
  }

  private step(name: string): void {
    const { info } = this;
    const axis = info?.extra_axes.find((other) => other.name === name);
    const next = this.next(name);
    if (!info || !axis || !next) return;
    this.changeQuietly({ axes: next.axes }, false);
    showIndex(this.element, info, axis, next.axes.get(name) ?? 0);
  }

  private isRendering = false;

  private render(keepTyped = false): void {
    const { info, display, colormaps } = this;
    if (!info || !display) return;
    const controls: Controls = {
      info, display, colormaps,
      // A field that is taken away while somebody types in it says that it changed; what is typed goes on in the new one.
      change: (change) => { if (!this.isRendering && this.controls === controls) this.change(change); },
      changeQuietly: (change) => this.changeQuietly(change),
    };
    this.controls = controls;
    const active = this.element.contains(document.activeElement) ? document.activeElement : null;
    const typed = keepTyped && active instanceof HTMLInputElement && active.type === 'text' ? active.value : null;
    this.isRendering = true;
    this.element.replaceChildren(...[
      this.isComparing ? this.compare : null,
      takesColormap(info, display) ? this.colormap.render(controls) : null,
      takesWindow(info, display) ? this.contrast.render(controls) : null,
      takesWindow(info, display) ? windowSection(controls) : null,
      offersChannels(info) ? channelSection(controls) : null,
      ...info.extra_axes.filter((axis) => axis.size > 1).map((axis) => axisSection(axis, controls, this.player)),
      this.labels,
      info.resamplings.length > 1 ? resamplingSection(controls) : null,
      this.scales,
      this.isComparing ? null : this.compare,
      this.regions,
      this.save,
      factsSection(info),
    ].filter((section) => section !== null));
    this.isRendering = false;
    this.colormap.restore();
    const again = active?.id ? document.getElementById(active.id) : null;
    if (again instanceof HTMLInputElement && typed !== null) again.value = typed;
    again?.focus({ preventScroll: true });
  }
}
