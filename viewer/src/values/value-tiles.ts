// Samples of the full resolution, tile by tile, as they are stored.
import { imagePath, type ImageInfo, isAbort } from '../api.ts';
import { parseShape } from '../gpu/samples.ts';
import { chosenChannels, dataQuery, type Display } from '../state.ts';
import { loadTile, type TileReports } from '../tile-loader.ts';
import { type SampleText, sampleText } from './sample-text.ts';

export interface ValueTile {
  width: number;
  height: number;
  channels: number;
  text: SampleText;
}

const MOST_TILES = 24;

async function read(response: Response): Promise<ValueTile> {
  const shape = parseShape(response.headers.get('X-Projectile-Shape'));
  if (!shape) throw new Error('a tile does not say its shape');
  const [height, width, channels] = shape;
  const { text, count } = sampleText(await response.arrayBuffer(), response.headers.get('X-Projectile-Dtype') ?? '');
  if (count !== height * width * channels) throw new Error(`a tile has ${count} samples, not ${height * width * channels}`);
  return { width, height, channels, text };
}

/** Image pixels in a row of a tile whose samples are those of the image. */
export const pixelsAcross = (info: ImageInfo): number => 2 ** (info.max_zoom - Math.max(0, info.native_zoom));

/** The address of tile (x, y) of samples, one for each pixel of the image. */
export function valuePath(info: ImageInfo, display: Display, x: number, y: number, revision: number): string {
  const size = pixelsAcross(info);
  const channels = info.kind === 'channels' || display.channels ? chosenChannels(info, display) : [];
  const tail = size === info.tile_size ? '' : `/${size}`;
  const query = dataQuery(info, display, channels) + (revision > 0 ? `&r=${revision}` : '');
  return `${imagePath(info.id)}/${Math.max(0, info.native_zoom)}/${x}/${y}${tail}.bin?${query}`;
}

export class ValueTiles {
  private readonly tiles = new Map<string, ValueTile | null>();
  private readonly work = new Map<string, AbortController>();

  constructor(
    private readonly onTile: () => void,
    private readonly reports: TileReports,
  ) {}

  /** The tiles that are there already, of those that are wanted; the others are asked for. */
  want(paths: readonly string[]): (ValueTile | null)[] {
    for (const [path, work] of this.work) {
      if (paths.includes(path)) continue;
      this.work.delete(path);
      work.abort();
    }
    return paths.map((path) => {
      const tile = this.tiles.get(path);
      if (tile === undefined && !this.work.has(path)) void this.load(path);
      return tile ?? null;
    });
  }

  private async load(path: string): Promise<void> {
    const work = new AbortController();
    this.work.set(path, work);
    let tile: ValueTile | null = null;
    try {
      const loaded = await loadTile(path, work.signal, this.reports, read);
      tile = loaded.tile;
    } catch (error) {
      if (work.signal.aborted || isAbort(error)) return;
      // Said already; not asked for again until something else is shown.
    }
    if (this.work.get(path) !== work) return;
    this.work.delete(path);
    this.tiles.set(path, tile);
    for (const oldest of this.tiles.keys()) {
      if (this.tiles.size <= MOST_TILES) break;
      this.tiles.delete(oldest);
    }
    this.onTile();
  }
}
