// The image as an OpenLayers layer. Tiles are fetched and decoded here, so no blob: address is ever made.
import TileLayer from 'ol/layer/Tile.js';
import Projection from 'ol/proj/Projection.js';
import ImageTileSource from 'ol/source/ImageTile.js';
import { imagePath, type ImageInfo } from './api.ts';
import { imageExtent, tileGrid, zoomsOf } from './grid.ts';
import { octavesOf, type Stretch } from './plane.ts';
import { type Read } from './tile-loader.ts';
import type { Tile, TileStore } from './tile-store.ts';

export function pixelProjection(info: ImageInfo, stretch: Stretch = 1): Projection {
  return new Projection({ code: `image:${info.id}`, units: 'pixels', extent: imageExtent(info, stretch) });
}

/** The revision of tile (x, y) of a zoom, or of one for each axis; 0 is none. */
export type RevisionOf = (z: number | readonly [number, number], x: number, y: number) => number;

export class PyramidSource extends ImageTileSource {
  protected query = '';
  private generation = 0;
  private work = new AbortController();
  private smooth = true;
  private readonly octaves: number;

  constructor(
    private readonly info: ImageInfo,
    projection: Projection,
    private readonly density: number,
    private readonly store: TileStore,
    private readonly revisionOf: RevisionOf,
    /** Called before a tile is asked for. */
    private readonly onAsk: () => void,
    private readonly format: 'png' | 'bin',
    private readonly read: Read<Tile>,
    stretch: Stretch = 1,
    /** Pixels of the map's image that are as high as one of this. */
    private readonly scale = 1,
  ) {
    super({
      projection,
      tileGrid: tileGrid(info, density, stretch, octavesOf(stretch), scale),
      wrapX: false,
      // Samples are drawn by the GPU, which has no use for two tiles in one place.
      transition: format === 'png' ? 120 : 0,
      // Samples go to those who can draw them (gpu/data-layer.ts).
      loader: (z, x, y, options) => this.load(z, x, y, options.signal) as Promise<ImageBitmap>,
    });
    this.octaves = octavesOf(stretch);
  }

  /** Draws the same tiles wider or narrower. False where others would be better: those of another source. */
  stretchTo(stretch: Stretch): boolean {
    this.tileGrid = tileGrid(this.info, this.density, stretch, this.octaves, this.scale);
    return octavesOf(stretch) === this.octaves;
  }

  /** Shows the tiles of another query; the old ones stay until the new ones are there. False if it is no other. */
  show(query: string): boolean {
    if (query === this.query) return false;
    this.query = query;
    this.restart();
    return true;
  }

  /** Asks again for every tile that is not final. */
  reload(): void {
    this.generation += 1;
    this.restart();
  }

  /**
   * Some tiles have other addresses now; the others are not asked for again, nor are those that are on their way. What
   * does not show is found out about with the next query.
   */
  touch(shows: boolean): void {
    this.generation += 1;
    if (shows) this.rename();
  }

  stop(): void {
    this.work.abort();
  }

  /** Reduced pictures are smoothed between zooms; from 1:1 up each pixel is a crisp square. Labels never mix. */
  setSmooth(smooth: boolean): void {
    this.smooth = smooth && this.info.kind !== 'labels';
  }

  override getInterpolate(): boolean {
    return this.smooth;
  }

  private restart(): void {
    this.work.abort();
    this.work = new AbortController();
    this.rename();
  }

  private rename(): void {
    this.setKey(`${this.generation}?${this.query}`);
  }

  /** Has the tiles there that another query will show, as far as they can be had. */
  async prepare(query: string, revisionOf: RevisionOf, tiles: Iterable<readonly [z: number, x: number, y: number]>): Promise<void> {
    const { signal } = this.work;
    const paths = Array.from(tiles, ([z, x, y]) => this.path(z, x, y, query, revisionOf));
    await Promise.allSettled(paths.map((path) => this.store.get(path, signal, this.read)));
  }

  /** The zooms of the server's tiles at zoom z of the grid. */
  protected zooms(z: number): readonly [number, number] {
    return zoomsOf(this.info, z, this.octaves);
  }

  private path(z: number, x: number, y: number, query: string, revisionOf: RevisionOf): string {
    const [zx, zy] = this.zooms(z);
    const square = zx === zy;
    const revision = revisionOf(square ? zx : [zx, zy], x, y);
    return `${imagePath(this.info.id)}/${square ? zx : `${zx},${zy}`}/${x}/${y}.${this.format}?${query}${revision > 0 ? `&r=${revision}` : ''}`;
  }

  protected load(z: number, x: number, y: number, signal: AbortSignal | undefined): Promise<Tile> {
    return this.fetch(this.path(z, x, y, this.query, this.revisionOf), signal, this.read);
  }

  protected fetch<T extends Tile>(path: string, signal: AbortSignal | undefined, read: Read<T>): Promise<T> {
    if (!this.store.has(path)) this.onAsk();
    return this.store.get(path, signal ? AbortSignal.any([signal, this.work.signal]) : this.work.signal, read);
  }
}

export const pyramidLayer = (source: PyramidSource): TileLayer<PyramidSource> =>
  new TileLayer({ source, preload: 1, cacheSize: 512 });
