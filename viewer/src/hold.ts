// A picture of the map as it is, over the map, until the next one is whole: frames of a film are never half of each.
import type OlMap from 'ol/Map.js';
import { el } from './dom.ts';
import { pictureOf } from './screenshot.ts';

/** A frame that takes longer is seen as it comes. */
const MOST_MILLISECONDS = 10_000;

export class Hold {
  private readonly canvas = el('canvas', { class: 'hold', 'data-testid': 'hold', hidden: true, 'aria-hidden': 'true' });
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** The number of the frame that is held, of all that the map drew. */
  private frame = -1;

  constructor(
    private readonly map: OlMap,
    private readonly target: HTMLElement,
  ) {
    (target.querySelector('.ol-layers') ?? target).after(this.canvas);
  }

  begin(): void {
    this.map.once('postrender', ({ frameState }) => { this.frame = frameState?.index ?? -1; });
    const picture = pictureOf(this.map, this.target);
    const context = this.canvas.getContext('2d');
    if (!picture || !context) return;
    Object.assign(this.canvas, { width: picture.width, height: picture.height });
    context.drawImage(picture, 0, 0);
    this.canvas.hidden = false;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.end(), MOST_MILLISECONDS);
  }

  /** A frame is whole. False if it is the one that is held, and none that was waited for. */
  isNews(frame: number): boolean {
    if (frame <= this.frame) return false;
    this.end();
    return true;
  }

  end(): void {
    clearTimeout(this.timer);
    if (!this.canvas.hidden) this.canvas.hidden = true;
  }
}
