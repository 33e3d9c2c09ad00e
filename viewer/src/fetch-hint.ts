// Of an image that is far away the server is told what a view will ask for, so that it reads it in one go.
import { imagePath, request } from './api.ts';
import type { TileRect } from './grid.ts';

/** What of a tile's query decides what is read: not how it is coloured. */
const COLOURS = new Set(['colormap', 'vmin', 'vmax', 'resampling', 'v', 'r']);
const MOST_REMEMBERED = 256;

export class FetchHint {
  private query = '';
  private readonly given = new Set<string>();

  constructor(private readonly image: string) {}

  /** The query of the tiles from now on. */
  show(query: string): void {
    const kept = [...new URLSearchParams(query)].filter(([name]) => !COLOURS.has(name));
    this.query = kept.map(([name, value]) => `&${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('')
      .replace(/%2C/g, ',');
  }

  /** Sends the hint for these tiles, unless it was sent before. Nothing depends on the answer. */
  give(tiles: TileRect | null): void {
    if (!tiles) return;
    const { z, x0, y0, x1, y1 } = tiles;
    const target = `${imagePath(this.image)}/fetch?z=${z}&x0=${x0}&y0=${y0}&x1=${x1}&y1=${y1}${this.query}`;
    if (this.given.has(target)) return;
    if (this.given.size === MOST_REMEMBERED) this.given.clear();
    this.given.add(target);
    void request(target).catch(() => undefined);
  }
}
