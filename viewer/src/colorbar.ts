// Which colour is which value, upon the image.
import type { ImageInfo } from './api.ts';
import { el } from './dom.ts';
import type { Legend } from './figure.ts';
import { formatNumber } from './format.ts';
import { type Scale, scaleOf } from './gpu/norm.ts';
import { showPicture } from './pictures.ts';
import { channelWindow, chosenChannels, type Display, takesColormap } from './state.ts';
import { type Tick, ticksOf } from './ticks.ts';

const KEY = 'projectile-colorbar';

function isHidden(): boolean {
  try {
    return localStorage.getItem(KEY) === 'hidden';
  } catch {
    return false;
  }
}

/** What the numbers are of, if the file says so. */
export function unitOf(info: ImageInfo): string {
  const unit = info.details?.['units'] ?? info.details?.['unit'];
  return typeof unit === 'string' ? unit : '';
}

export class Colorbar {
  readonly element = el('div', { class: 'colorbar', 'data-testid': 'colorbar', hidden: true });
  private readonly strip = el('img', { class: 'colorbar-strip', alt: '', width: 256, height: 10 });
  private readonly ticks = el('div', { class: 'colorbar-ticks' });
  private readonly unit = el('div', { class: 'colorbar-unit ellipsis' });
  private hidden = isHidden();
  private applies = false;
  private shown = '';
  private shownTicks: Tick[] = [];

  constructor() {
    this.element.append(this.unit, this.strip, this.ticks);
  }

  toggle(): void {
    this.hidden = !this.hidden;
    try {
      localStorage.setItem(KEY, this.hidden ? 'hidden' : 'shown');
    } catch {
      // Storage is off: the choice lasts as long as the page.
    }
    this.element.hidden = this.hidden || !this.applies;
  }

  /** For a figure, even while it is hidden here; null where no colours are values. */
  legend(): Legend | null {
    if (!this.applies || this.strip.naturalWidth === 0) return null;
    const inverted = this.strip.classList.contains('inverted');
    return { strip: this.strip, inverted, ticks: this.shownTicks, unit: this.unit.textContent ?? '' };
  }

  /** The same upon a picture of the map, from whose corner `left` and `top` are. */
  paint(context: CanvasRenderingContext2D, { left, top }: { left: number; top: number }): void {
    if (this.element.hidden) return;
    const place = (element: Element): { x: number; y: number; width: number; height: number } => {
      const { x, y, width, height } = element.getBoundingClientRect();
      return { x: x - left, y: y - top, width, height };
    };
    const write = (element: HTMLElement, x: number, y: number, textAlign: CanvasTextAlign): void => {
      const { color, fontWeight, fontSize, fontFamily } = getComputedStyle(element);
      // The whole `font` is empty where digits are of one width.
      Object.assign(context, { fillStyle: color, font: `${fontWeight} ${fontSize} ${fontFamily}`, textAlign, textBaseline: 'alphabetic' });
      const text = element.textContent ?? '';
      const { fontBoundingBoxAscent, fontBoundingBoxDescent } = context.measureText(text);
      context.fillText(text, x, y + (fontBoundingBoxAscent - fontBoundingBoxDescent) / 2);
    };
    const frame = place(this.element);
    const { backgroundColor, borderColor, borderRadius } = getComputedStyle(this.element);
    Object.assign(context, { fillStyle: backgroundColor, strokeStyle: borderColor, lineWidth: 1 });
    context.beginPath();
    // A line on whole pixels is drawn along their middles.
    context.roundRect(frame.x + 0.5, frame.y + 0.5, frame.width - 1, frame.height - 1, Number.parseFloat(borderRadius) || 0);
    context.fill();
    context.stroke();
    const strip = place(this.strip);
    if (this.strip.complete && this.strip.naturalWidth > 0) {
      context.save();
      context.translate(strip.x, strip.y);
      if (this.strip.classList.contains('inverted')) context.transform(-1, 0, 0, 1, strip.width, 0);
      context.drawImage(this.strip, 0, 0, strip.width, strip.height);
      context.restore();
    }
    for (const tick of this.ticks.querySelectorAll<HTMLElement>('.colorbar-tick')) {
      const { x, y, width, height } = place(tick);
      const middle = x + width / 2;
      context.fillStyle = getComputedStyle(this.unit).color;
      context.fillRect(Math.round(middle - 0.5), strip.y + strip.height, 1, 4);
      write(tick, middle, y + height / 2, 'center');
    }
    const unit = place(this.unit);
    write(this.unit, unit.x, unit.y + unit.height / 2, 'left');
  }

  /** `gpu`: whether norm, gamma and inversion are applied at all. */
  show(info: ImageInfo | null, display: Display | null, gpu: boolean): void {
    const window = info && display && takesColormap(info, display)
      ? channelWindow(info, display, chosenChannels(info, display)[0] ?? 0) : null;
    this.applies = window !== null;
    this.element.hidden = this.hidden || !this.applies;
    if (!info || !display || !window) return;
    const scale = scaleOf((gpu ? display.norm : null) ?? 'linear', window.vmin, window.vmax);
    const gamma = (gpu ? display.gamma : null) ?? 1;
    this.showScale(scale, gamma, gpu && display.inverted, (display.colormap ?? info.colormap) || 'gray', unitOf(info));
  }

  showScale(scale: Scale, gamma: number, inverted: boolean, colormap: string, unit: string): void {
    this.applies = true;
    this.element.hidden = this.hidden;
    this.strip.classList.toggle('inverted', inverted);
    if (colormap !== this.shown) {
      this.shown = colormap;
      showPicture(this.strip, `colormaps/${encodeURIComponent(colormap)}.png`);
    }
    this.unit.textContent = unit;
    this.shownTicks = ticksOf(scale, gamma);
    this.ticks.replaceChildren(...this.shownTicks.map(({ value, share }) => {
      const tick = el('span', { class: 'colorbar-tick' }, formatNumber(value, 4));
      tick.style.left = `${share * 100}%`;
      return tick;
    }));
  }
}
