// How long a piece of the image is on the screen.
import type { ImageInfo } from './api.ts';
import { el } from './dom.ts';
import { formatNumber } from './format.ts';
import { pixelLength } from './regions/units.ts';

export interface Scale {
  /** On the screen. */
  width: number;
  text: string;
}

/** The greatest 1, 2 or 5 times a power of ten that is no more than `most`. */
export function roundBelow(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most));
  return (([5, 2].find((factor) => factor * power <= most * (1 + 1e-9)) ?? 1) * Number(power.toPrecision(1)));
}

/** `resolution` is image pixels per screen pixel. In pixels, no part of one. */
export function scaleFor(info: ImageInfo, resolution: number, most = 140): Scale {
  const { length, unit } = pixelLength(info, 'x') ?? { length: 1, unit: 'px' };
  const reach = most * resolution * length;
  const value = unit === 'px' ? Math.max(1, roundBelow(reach)) : roundBelow(reach);
  return { width: value / length / resolution, text: `${formatNumber(value, 12)} ${unit}` };
}

export class ScaleBar {
  private readonly text = el('span', {});
  private readonly bar = el('span', { class: 'scale-bar-line' });
  readonly element = el('div', { class: 'scale-bar', 'data-testid': 'scale-bar', title: 'Scale' }, this.text, this.bar);

  show(info: ImageInfo, resolution: number): void {
    const { width, text } = scaleFor(info, resolution);
    this.bar.style.width = `${width}px`;
    this.text.textContent = text;
  }

  /** The same upon a picture of the map. */
  paint(context: CanvasRenderingContext2D, target: HTMLElement): void {
    const bounds = target.getBoundingClientRect();
    const [bar, text, box] = [this.bar, this.text, this.element].map((part) => part.getBoundingClientRect());
    if (!bar || !text || !box) return;
    const { backgroundColor, color } = getComputedStyle(this.element);
    context.fillStyle = backgroundColor;
    context.fillRect(box.left - bounds.left, box.top - bounds.top, box.width, box.height);
    context.fillStyle = color;
    context.fillRect(bar.left - bounds.left, bar.top - bounds.top, bar.width, bar.height);
    const { fontWeight, fontSize, fontFamily } = getComputedStyle(this.text);
    Object.assign(context, { font: `${fontWeight} ${fontSize} ${fontFamily}`, textAlign: 'center', textBaseline: 'middle' });
    context.fillText(this.text.textContent ?? '', (text.left + text.right) / 2 - bounds.left, (text.top + text.bottom) / 2 - bounds.top);
  }
}
