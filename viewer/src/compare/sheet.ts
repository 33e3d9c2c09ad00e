// Another image on a map, upon which the first one lies with pixel (0, 0) on pixel (0, 0).
import type OlMap from 'ol/Map.js';
import type BaseLayer from 'ol/layer/Base.js';
import LayerGroup from 'ol/layer/Group.js';
import type { ImageInfo } from '../api.ts';
import { type Face, PLAIN, putFace } from '../face.ts';
import { FetchHint } from '../fetch-hint.ts';
import { Colours } from '../gpu/colours.ts';
import { DataLayer } from '../gpu/data-layer.ts';
import { readSamples } from '../gpu/samples.ts';
import { type Extent, tilesInView } from '../grid.ts';
import { pixelProjection, PyramidSource, pyramidLayer, type RevisionOf } from '../layer.ts';
import type { Picture } from '../picture.ts';
import { octavesOf, type Stretch } from '../plane.ts';
import { readPicture } from '../tile-loader.ts';
import type { TileStore } from '../tile-store.ts';

/** The map that sheets lie on, and what all of them need. */
export interface Ground {
  map: OlMap;
  /** The first image, whose pixels the map has. */
  info: ImageInfo;
  tiles: TileStore;
  stretch(): Stretch;
  onProblem(error: Error): void;
  onNoGpu(): void;
}

export const density = (): number => (window.devicePixelRatio >= 1.5 ? 2 : 1);

/** Samples between pixels are mixed where pixels are smaller than the screen's. */
export function smooth({ map, stretch }: Ground, source: PyramidSource, data: DataLayer | null): void {
  const resolution = map.getView().getResolution() ?? 1;
  const [across, down] = [resolution / stretch() > 1, resolution > 1];
  source.setSmooth(across && down);
  data?.setSmooth(across, down);
}

/** The server is told what a view of an image that is far away will ask for. */
export function giveHint(ground: Ground, info: ImageInfo, source: PyramidSource, hint: FetchHint | null): void {
  const view = ground.map.getView();
  const [grid, resolution] = [source.getTileGrid(), view.getResolution()];
  if (!hint || !grid || resolution === undefined || octavesOf(ground.stretch()) !== 0) return;
  hint.give(tilesInView(info, grid, view.calculateExtent(ground.map.getSize()) as Extent, resolution));
}

export class Sheet {
  /** Stays while what is in it is another. */
  readonly layer = new LayerGroup();
  private source: PyramidSource;
  private data: DataLayer | null = null;
  private colours: Colours | null = null;
  private face: Face = PLAIN;
  private readonly hint: FetchHint | null;

  constructor(
    private readonly ground: Ground,
    private readonly info: ImageInfo,
    private picture: Picture,
    private readonly revisionOf: RevisionOf,
  ) {
    this.hint = info.residence === 'remote' ? new FetchHint(info.id) : null;
    this.hint?.show(picture.query);
    this.source = this.make();
  }

  /** False if the tiles that are there will do. */
  show(picture: Picture): boolean {
    const isOther = (picture.data === null) !== (this.data === null);
    this.picture = picture;
    this.hint?.show(picture.query);
    if (isOther) {
      this.remake();
      return true;
    }
    this.paint();
    return this.source.show(picture.query);
  }

  setFace(face: Face): void {
    this.face = face;
    for (const layer of this.layer.getLayers().getArray()) putFace(layer, face);
  }

  smooth(): void {
    smooth(this.ground, this.source, this.data);
  }

  /** Pixels have another shape. */
  stretch(): void {
    if (!this.source.stretchTo(this.ground.stretch())) this.remake();
  }

  reload(): void {
    this.source.reload();
    this.paint();
  }

  touch(shows: boolean): void {
    this.source.touch(shows);
  }

  dispose(): void {
    this.source.stop();
    this.colours?.stop();
    const layers = [...this.layer.getLayers().getArray()];
    // The frame that is being drawn may still want them.
    setTimeout(() => { for (const layer of layers) layer.dispose(); });
  }

  private remake(): void {
    this.dispose();
    this.source = this.make();
  }

  private make(): PyramidSource {
    const { ground, info, picture: { query, data } } = this;
    const source: PyramidSource = new PyramidSource(
      info, pixelProjection(ground.info, ground.stretch()), density(), ground.tiles, this.revisionOf,
      () => giveHint(ground, info, source, this.hint),
      data ? 'bin' : 'png', data ? (response) => readSamples(response, data.meaning) : readPicture, ground.stretch());
    source.show(query);
    this.data = data ? new DataLayer(source, info.tile_size, data.paint.channels.size, () => ground.onNoGpu()) : null;
    this.colours = this.data && new Colours(this.data, (error) => ground.onProblem(error));
    this.paint();
    const layer: BaseLayer = this.data ?? pyramidLayer(source);
    putFace(layer, this.face);
    smooth(ground, source, this.data);
    this.layer.getLayers().clear();
    this.layer.getLayers().push(layer);
    return source;
  }

  private paint(): void {
    const { data } = this.picture;
    if (!data) return;
    this.data?.show(data.paint);
    if (!data.paint.composite) this.colours?.show(data.colormap);
  }
}
