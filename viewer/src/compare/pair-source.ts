// Tiles of two images, as tiles of two bands. They are the tiles that each image has anyway, where those are kept.
import type Projection from 'ol/proj/Projection.js';
import { imagePath, type ImageInfo } from '../api.ts';
import { type Meaning, readSamples, type Samples } from '../gpu/samples.ts';
import { chosenChannels, dataQuery, type Display } from '../state.ts';
import { PyramidSource, type RevisionOf } from '../layer.ts';
import type { Picture } from '../picture.ts';
import type { Stretch } from '../plane.ts';
import type { Tile, TileStore } from '../tile-store.ts';
import { type Band, distances, nothing, paired, tileBeside } from './pair.ts';

/** What of an image is compared. */
export interface Plane {
  info: ImageInfo;
  query: string;
  meaning: Meaning;
  band: Band;
  revisionOf: RevisionOf;
}

const isColour = (info: ImageInfo): boolean => info.kind === 'rgb' || info.kind === 'rgba';

/** The first of the channels that are shown; of a colour how light it is. */
export function planeOf(info: ImageInfo, display: Display, picture: Picture, revisionOf: RevisionOf): Plane {
  const nodata = info.nodata === null ? null : Number(info.nodata);
  const meaning = picture.data?.meaning ?? { nodata, origin: 0 };
  if (isColour(info)) {
    return { info, query: dataQuery(info, display, []), meaning, band: null, revisionOf };
  }
  const channel = info.kind === 'channels' ? chosenChannels(info, display)[0] ?? 0 : 0;
  const query = picture.data ? picture.query : dataQuery(info, display, [channel]);
  const loaded = (new URLSearchParams(query).get('c') ?? String(channel)).split(',').map(Number);
  return { info, query, meaning, band: Math.max(0, loaded.indexOf(channel)), revisionOf };
}

/** The channel that is compared, for whoever reads single values; null is how light a colour is. */
export const channelOf = (info: ImageInfo, display: Display): number | null =>
  (isColour(info) ? null : info.kind === 'channels' ? chosenChannels(info, display)[0] ?? 0 : 0);

const MOST_REMEMBERED = 512;

export class PairSource extends PyramidSource {
  private readonly apart = new Map<string, Float32Array>();

  constructor(
    private first: Plane,
    private other: Plane,
    projection: Projection,
    density: number,
    store: TileStore,
    onAsk: () => void,
    stretch: Stretch,
  ) {
    // What is told of the first image is told of it as it is by then.
    super(first.info, projection, density, store, (z, x, y) => this.first.revisionOf(z, x, y), onAsk, 'bin',
      (response) => readSamples(response, this.first.meaning), stretch);
    this.show(first.query);
  }

  /** False if the tiles that are there will do. */
  showPair(first: Plane, other: Plane): boolean {
    const isOther = first.band !== this.first.band || other.band !== this.other.band || other.query !== this.other.query;
    this.first = first;
    this.other = other;
    const asks = first.query !== this.query;
    if (asks || isOther) this.apart.clear();
    if (asks) this.show(first.query);
    else if (isOther) this.touch(true);
    return asks || isOther;
  }

  /** How far apart the two are in the tiles of zoom z, of those that are there. */
  distances(z: number, tiles: readonly (readonly [number, number])[]): Float32Array[] {
    return tiles.flatMap(([x, y]) => this.apart.get(`${z}/${x}/${y}`) ?? []);
  }

  protected override async load(z: number, x: number, y: number, signal: AbortSignal | undefined): Promise<Tile> {
    const { first, other } = this;
    const beside = tileBeside(first.info, other.info, this.zooms(z), x, y);
    if (!beside) return nothing();
    const { zooms: [zx, zy], size } = beside;
    const tail = size === first.info.tile_size ? '' : `/${size}`;
    const revision = other.revisionOf(zx === zy ? zx : [zx, zy], beside.x, beside.y);
    const path = `${imagePath(other.info.id)}/${zx === zy ? zx : `${zx},${zy}`}/${beside.x}/${beside.y}${tail}.bin?${other.query}${
      revision > 0 ? `&r=${revision}` : ''}`;
    const [a, b] = await Promise.all([
      super.load(z, x, y, signal) as Promise<Samples>,
      this.fetch(path, signal, (response) => readSamples(response, other.meaning)),
    ]);
    const pair = paired({ samples: a, band: first.band }, { samples: b, band: other.band });
    const key = `${z}/${x}/${y}`;
    this.apart.delete(key);
    this.apart.set(key, distances(pair));
    const [oldest] = this.apart.keys();
    if (this.apart.size > MOST_REMEMBERED && oldest !== undefined) this.apart.delete(oldest);
    return pair;
  }
}
