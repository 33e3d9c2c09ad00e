// The display controls on the right: what they offer follows from the image.
import type { Colormap, ImageInfo } from '../api.ts';
import { el } from '../dom.ts';
import { type Display, normalise, offersChannels, takesColormap, takesWindow } from '../state.ts';
import { AxisPlayer, axisSection, showIndex } from './axes.ts';
import { channelSection } from './channels.ts';
import { ColormapSection } from './colormap.ts';
import { factsSection } from './facts.ts';
import { resamplingSection } from './resampling.ts';
import type { Controls } from './section.ts';
import { windowSection } from './window.ts';

export class Panel {
  readonly element = el('aside', { class: 'panel', id: 'panel', 'aria-label': 'Display' });
  private readonly colormap = new ColormapSection();
  private readonly player: AxisPlayer;
  private colormaps: Colormap[] = [];
  private info: ImageInfo | null = null;
  private display: Display | null = null;
  private controls: Controls | null = null;

  constructor(
    private readonly onChange: (display: Display) => void,
    isReady: () => boolean,
  ) {
    this.player = new AxisPlayer((axis) => this.step(axis), isReady);
  }

  setColormaps(colormaps: Colormap[]): void {
    this.colormaps = colormaps;
    this.render(true);
  }

  /** Shows an image's controls. A control that has the focus keeps it. */
  show(info: ImageInfo, display: Display): void {
    const same = info.id === this.info?.id;
    if (!same) this.player.stop();
    this.info = info;
    this.display = display;
    // What is being typed is not a choice yet, and must not be lost when the server has news of the image.
    this.render(same);
  }

  /** The image is no longer looked at. */
  leave(): void {
    this.player.stop();
  }

  focusColormap(): void {
    this.element.querySelector<HTMLSelectElement>('#colormap')?.focus();
  }

  private change(change: Partial<Display>): void {
    if (this.apply(change)) this.render();
    this.tell();
  }

  /** Without new controls, so that one that is being used stays. */
  private changeQuietly(change: Partial<Display>): void {
    if (this.apply(change) && this.controls && this.display) this.controls.display = this.display;
    this.tell();
  }

  private apply(change: Partial<Display>): boolean {
    if (!this.info || !this.display) return false;
    this.display = normalise({ ...this.display, ...change }, this.info);
    return true;
  }

  private tell(): void {
    if (this.display) this.onChange(this.display);
  }

  private step(name: string): void {
    const axis = this.info?.extra_axes.find((other) => other.name === name);
    if (!axis || !this.display) return;
    const next = ((this.display.axes.get(name) ?? 0) + 1) % axis.size;
    this.changeQuietly({ axes: new Map(this.display.axes).set(name, next) });
    showIndex(this.element, axis, next);
  }

  private render(keepTyped = false): void {
    const { info, display, colormaps } = this;
    if (!info || !display) return;
    const controls: Controls = {
      info, display, colormaps,
      change: (change) => this.change(change),
      changeQuietly: (change) => this.changeQuietly(change),
    };
    this.controls = controls;
    const active = this.element.contains(document.activeElement) ? document.activeElement : null;
    const typed = keepTyped && active instanceof HTMLInputElement && active.type === 'text' ? active.value : null;
    this.element.replaceChildren(...[
      takesColormap(info, display) ? this.colormap.render(controls) : null,
      takesWindow(info, display) ? windowSection(controls) : null,
      offersChannels(info) ? channelSection(controls) : null,
      ...info.extra_axes.filter((axis) => axis.size > 1).map((axis) => axisSection(axis, controls, this.player)),
      info.resamplings.length > 1 ? resamplingSection(controls) : null,
      factsSection(info),
    ].filter((section) => section !== null));
    this.colormap.restore();
    const again = active?.id ? document.getElementById(active.id) : null;
    if (again instanceof HTMLInputElement && typed !== null) again.value = typed;
    again?.focus({ preventScroll: true });
  }
}
