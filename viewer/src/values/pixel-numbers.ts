// Far in, each pixel shows its own value: on a canvas above the map that moves with it, and is drawn anew now and then.
import type OlMap from 'ol/Map.js';
import type { ImageInfo } from '../api.ts';
import { el, throttle } from '../dom.ts';
import { type RevisionOf } from '../layer.ts';
import type { Plane } from '../plane.ts';
import type { Display } from '../state.ts';
import type { TileReports } from '../tile-loader.ts';
import { fitted, lineHeight, type Setting } from './fit.ts';
import { pixelsAcross, type ValueTile, ValueTiles, valuePath } from './value-tiles.ts';

/** Screen pixels of an image pixel, from which on there is room for a number. */
export const LEAST_CELL = 32;
/** More would be slow to draw; there is no reading so many. */
const MOST_NUMBERS = 6000;
const DRAW_MILLISECONDS = 100;
/** Drawn around what is in sight, for it to be there when it comes into sight. */
const MARGIN = 96;

interface Shown {
  info: ImageInfo;
  display: Display;
  revisionOf: RevisionOf;
}

/** Where the map was when the canvas was drawn. */
interface Drawn {
  left: number;
  top: number;
  /** Image pixels for a screen pixel. */
  across: number;
  down: number;
}

export class PixelNumbers {
  private readonly canvas = el('canvas', { class: 'pixel-numbers', 'data-testid': 'pixel-numbers', hidden: true, 'aria-hidden': 'true' });
  private readonly tiles: ValueTiles;
  private shown: Shown | null = null;
  private drawn: Drawn | null = null;
  private readonly redraw = throttle(() => this.draw(), DRAW_MILLISECONDS);

  constructor(
    private readonly map: OlMap,
    private readonly target: HTMLElement,
    private readonly plane: () => Plane,
    reports: TileReports,
  ) {
    this.tiles = new ValueTiles(() => this.redraw(), reports);
    target.after(this.canvas);
    map.on('postrender', () => this.follow());
  }

  /** Null is nothing. */
  show(shown: Shown | null): void {
    this.shown = shown;
    if (!shown) this.hide();
    else this.redraw();
  }

  /** The same upon a picture of the map. */
  paint(context: CanvasRenderingContext2D): void {
    this.draw();
    if (this.canvas.hidden) return;
    const [width, height] = this.size();
    context.drawImage(this.canvas, -MARGIN, -MARGIN, width + 2 * MARGIN, height + 2 * MARGIN);
  }

  private hide(): void {
    this.redraw.cancel();
    this.canvas.hidden = true;
    this.drawn = null;
    this.tiles.want([]);
  }

  private size(): [number, number] {
    return [this.target.clientWidth, this.target.clientHeight];
  }

  /** The upper left corner of what is in sight, in image pixels. */
  private place(): Drawn | null {
    const view = this.map.getView();
    const [resolution, centre] = [view.getResolution(), view.getCenter()];
    if (resolution === undefined || !centre) return null;
    const [width, height] = this.size();
    const { stretch } = this.plane();
    const across = resolution / stretch;
    return { left: (centre[0] ?? 0) / stretch - width / 2 * across, top: -(centre[1] ?? 0) - height / 2 * resolution, across, down: resolution };
  }

  private hasRoom({ across, down }: Drawn): boolean {
    const [width, height] = this.size();
    return Math.max(across, down) <= 1 / LEAST_CELL * (1 + 1e-9) && width * height * across * down <= MOST_NUMBERS;
  }

  /** While the map moves, the canvas moves along. */
  private follow(): void {
    const place = this.place();
    if (!this.shown || !place || !this.hasRoom(place)) {
      if (!this.canvas.hidden) this.hide();
      return;
    }
    const { drawn } = this;
    if (!drawn) this.redraw();
    else if (drawn.left !== place.left || drawn.top !== place.top || drawn.down !== place.down || drawn.across !== place.across) {
      this.move(drawn, place);
      this.redraw();
    }
  }

  private move(drawn: Drawn, place: Drawn): void {
    const [wider, higher] = [drawn.across / place.across, drawn.down / place.down];
    const [x, y] = [(drawn.left - place.left) / place.across, (drawn.top - place.top) / place.down];
    this.canvas.style.transform = `translate(${x - MARGIN * wider}px, ${y - MARGIN * higher}px) scale(${wider}, ${higher})`;
  }

  private draw(): void {
    const { shown } = this;
    const place = this.place();
    const context = this.canvas.getContext('2d');
    if (!shown || !place || !context || !this.hasRoom(place)) return;
    const [width, height] = this.size();
    const ratio = window.devicePixelRatio;
    const [across, down] = [width + 2 * MARGIN, height + 2 * MARGIN];
    const [wide, high] = [Math.round(across * ratio), Math.round(down * ratio)];
    if (this.canvas.width !== wide || this.canvas.height !== high) Object.assign(this.canvas, { width: wide, height: high });
    this.canvas.style.width = `${across}px`;
    this.canvas.style.height = `${down}px`;
    this.drawn = place;
    this.move(place, place);
    this.canvas.hidden = false;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, across, down);
    this.drawPixels(context, shown, place, [across, down]);
  }

  private drawPixels(context: CanvasRenderingContext2D, { info, display, revisionOf }: Shown, place: Drawn, [width, height]: [number, number]): void {
    const { across, down } = place;
    const [left, top] = [place.left - MARGIN * across, place.top - MARGIN * down];
    const [x0, x1] = [Math.max(0, Math.floor(left)), Math.min(info.width, Math.ceil(left + width * across))];
    const [y0, y1] = [Math.max(0, Math.floor(top)), Math.min(info.height, Math.ceil(top + height * down))];
    const size = pixelsAcross(info);
    const places: [number, number][] = [];
    for (let y = Math.floor(y0 / size); y * size < y1; y += 1) {
      for (let x = Math.floor(x0 / size); x * size < x1; x += 1) places.push([x, y]);
    }
    const z = Math.max(0, info.native_zoom);
    const tiles = this.tiles.want(places.map(([x, y]) => valuePath(info, display, x, y, revisionOf(z, x, y))));
    Object.assign(context, { textAlign: 'center', textBaseline: 'middle', lineJoin: 'round', strokeStyle: 'rgb(0 0 0 / 80%)', fillStyle: '#fff' });
    const numbers: { setting: Setting; x: number; y: number }[] = [];
    tiles.forEach((tile, index) => {
      if (!tile) return;
      const [tileX, tileY] = places[index] ?? [0, 0];
      const [fromX, toX] = [Math.max(x0, tileX * size), Math.min(x1, tileX * size + tile.width)];
      const [fromY, toY] = [Math.max(y0, tileY * size), Math.min(y1, tileY * size + tile.height)];
      for (let y = fromY; y < toY; y += 1) {
        for (let x = fromX; x < toX; x += 1) {
          const setting = fitted(textsOf(tile, x - tileX * size, y - tileY * size), 1 / Math.max(across, down));
          if (setting) numbers.push({ setting, x: (x + 0.5 - left) / across, y: (y + 0.5 - top) / down });
        }
      }
    });
    // All of one size: a larger number is no greater one.
    const letters = numbers.reduce((least, { setting }) => Math.min(least, setting.size), Infinity);
    context.font = `${letters}px system-ui, sans-serif`;
    context.lineWidth = letters >= 10 ? 3 : 2.5;
    for (const { setting, x, y } of numbers) drawLines(context, setting.lines, x, y, lineHeight(letters));
  }
}

function textsOf(tile: ValueTile, x: number, y: number): string[] {
  const first = (y * tile.width + x) * tile.channels;
  return Array.from({ length: tile.channels }, (_, channel) => tile.text(first + channel));
}

function drawLines(context: CanvasRenderingContext2D, lines: readonly string[], x: number, y: number, height: number): void {
  lines.forEach((line, index) => {
    const at = y + (index - (lines.length - 1) / 2) * height;
    context.strokeText(line, x, at);
    context.fillText(line, x, at);
  });
}
