// Tiles by address: one that is final is never asked for again while it is kept, and one that is under way not twice.
import type { Samples } from './gpu/samples.ts';
import { bytesOf } from './gpu/samples.ts';
import { loadTile, type LoadedTile, type Read, type TileReports } from './tile-loader.ts';

/** A picture, or the samples of one. */
export type Tile = ImageBitmap | Samples;

const MOST_TILES = 512;
const MOST_BYTES = 64 * 2 ** 20;

const sizeOf = (tile: Tile): number => ('values' in tile ? bytesOf(tile) : tile.width * tile.height * 4);

/**
 * Decoded tiles, those used last for longest. Bitmaps that leave are not closed: they may be on the screen. The memory
 * of one goes when nobody holds it.
 */
export class TileCache {
  private readonly tiles = new Map<string, Tile>();
  private bytes = 0;

  constructor(private readonly mostBytes = MOST_BYTES, private readonly mostTiles = MOST_TILES) {}

  get(address: string): Tile | undefined {
    const tile = this.tiles.get(address);
    if (tile) {
      this.tiles.delete(address);
      this.tiles.set(address, tile);
    }
    return tile;
  }

  set(address: string, tile: Tile): void {
    this.delete(address);
    this.tiles.set(address, tile);
    this.bytes += sizeOf(tile);
    for (const oldest of this.tiles.keys()) {
      if (this.bytes <= this.mostBytes && this.tiles.size <= this.mostTiles) return;
      this.delete(oldest);
    }
  }

  clear(): void {
    this.tiles.clear();
    this.bytes = 0;
  }

  private delete(address: string): void {
    const tile = this.tiles.get(address);
    if (!tile) return;
    this.tiles.delete(address);
    this.bytes -= sizeOf(tile);
  }
}

interface UnderWay {
  tile: Promise<LoadedTile<Tile>>;
  work: AbortController;
  waiters: number;
}

type Load = (
  address: string, signal: AbortSignal, reports: TileReports, read: Read<Tile>,
) => Promise<LoadedTile<Tile>>;

export class TileStore {
  private readonly underWay = new Map<string, UnderWay>();

  constructor(
    private readonly reports: TileReports,
    private readonly cache = new TileCache(),
    private readonly load: Load = loadTile,
  ) {}

  has(address: string): boolean {
    return this.cache.get(address) !== undefined;
  }

  /** The tile; work on it ends when none of those that want it wait any more. */
  async get<T extends Tile>(address: string, signal: AbortSignal, read: Read<T>): Promise<T> {
    signal.throwIfAborted();
    const cached = this.cache.get(address);
    if (cached) return cached as T;
    const job = this.underWay.get(address) ?? this.start(address, read);
    job.waiters += 1;
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        job.waiters -= 1;
        if (job.waiters === 0) this.drop(address, job);
        reject(new DOMException('aborted', 'AbortError'));
      };
      signal.addEventListener('abort', leave, { once: true });
      job.tile
        .then(({ tile }) => resolve(tile as T), reject)
        .finally(() => signal.removeEventListener('abort', leave));
    });
  }

  /** What the addresses lead to may have changed. */
  clear(): void {
    this.cache.clear();
  }

  private start(address: string, read: Read<Tile>): UnderWay {
    const work = new AbortController();
    const tile = this.load(address, work.signal, this.reports, read);
    const job: UnderWay = { tile, work, waiters: 0 };
    this.underWay.set(address, job);
    void this.keep(address, job);
    return job;
  }

  private async keep(address: string, job: UnderWay): Promise<void> {
    try {
      const { tile, final } = await job.tile;
      if (final) this.cache.set(address, tile);
    } catch {
      // Whoever waits for it hears of it.
    } finally {
      if (this.underWay.get(address) === job) this.underWay.delete(address);
    }
  }

  private drop(address: string, job: UnderWay): void {
    if (this.underWay.get(address) === job) this.underWay.delete(address);
    job.work.abort();
  }
}
