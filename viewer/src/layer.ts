// The image as an OpenLayers layer. Tiles are fetched and decoded here, so no blob: address is ever made.
import TileLayer from 'ol/layer/Tile.js';
import Projection from 'ol/proj/Projection.js';
import ImageTileSource from 'ol/source/ImageTile.js';
import { imagePath, type ImageInfo } from './api.ts';
import { imageExtent, tileGrid } from './grid.ts';
import { loadTile, type TileReports } from './tile-loader.ts';

export function pixelProjection(info: ImageInfo): Projection {
  return new Projection({ code: `image:${info.id}`, units: 'pixels', extent: imageExtent(info) });
}

export class PyramidSource extends ImageTileSource {
  private query = '';
  private generation = 0;
  private work = new AbortController();
  private smooth = true;

  constructor(
    private readonly info: ImageInfo,
    projection: Projection,
    density: number,
    private readonly reports: TileReports,
  ) {
    super({
      projection,
      tileGrid: tileGrid(info, density),
      wrapX: false,
      transition: 120,
      loader: (z, x, y, options) => this.load(z, x, y, options.signal),
    });
  }

  /** Shows the tiles of another query; the old ones stay until the new ones are there. False if it is no other. */
  show(query: string): boolean {
    if (query === this.query) return false;
    this.query = query;
    this.restart();
    return true;
  }

  /** Asks for every tile again. */
  reload(): void {
    this.generation += 1;
    this.restart();
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
    this.setKey(`${this.generation}?${this.query}`);
  }

  private load(z: number, x: number, y: number, signal: AbortSignal | undefined): Promise<ImageBitmap> {
    const path = `${imagePath(this.info.id)}/${z}/${x}/${y}.png?${this.query}`;
    const signals = signal ? AbortSignal.any([signal, this.work.signal]) : this.work.signal;
    return loadTile(path, signals, this.reports);
  }
}

export const pyramidLayer = (source: PyramidSource): TileLayer<PyramidSource> =>
  new TileLayer({ source, preload: 1, cacheSize: 512 });
