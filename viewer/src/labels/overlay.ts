// The labels of one image on the map: drawn by the GPU, or else as the server colours them.
import type BaseLayer from 'ol/layer/Base.js';
import type OlMap from 'ol/Map.js';
import type { ImageInfo } from '../api.ts';
import { FetchHint } from '../fetch-hint.ts';
import { type Extent, tilesInView } from '../grid.ts';
import { pixelProjection, PyramidSource, pyramidLayer, type RevisionOf } from '../layer.ts';
import { octavesOf, type Stretch } from '../plane.ts';
import { readPicture, type TileReports } from '../tile-loader.ts';
import { TileStore } from '../tile-store.ts';
import { scaleOver } from './fit.ts';
import { LabelLayer } from './layer.ts';
import type { LabelsState } from './state.ts';
import { LabelTable, parseLabel } from './table.ts';

export interface OverlayEvents extends TileReports {
  revisionOf: RevisionOf;
  onNoGpu(): void;
}

export class Overlay {
  layer: BaseLayer;
  /** Pixels of the image that is shown that are as high as a label is. */
  readonly scale: number;
  private source: PyramidSource;
  private labels: LabelLayer | null = null;
  private query = '';
  private readonly table = new LabelTable();
  private readonly store: TileStore;
  private readonly hint: FetchHint | null;

  constructor(
    private readonly map: OlMap,
    /** Over which image, and whose labels. */
    private readonly shown: ImageInfo,
    readonly info: ImageInfo,
    private stretch: Stretch,
    readonly gpu: boolean,
    private readonly events: OverlayEvents,
  ) {
    this.scale = scaleOver(shown, info);
    this.store = new TileStore(events);
    this.hint = info.residence === 'remote' ? new FetchHint(info.id) : null;
    this.source = this.newSource();
    this.layer = this.newLayer();
  }

  /** The image that is shown is labels itself. */
  get isOwn(): boolean {
    return this.info === this.shown;
  }

  /** The tiles of another query. False if it is no other. */
  ask(query: string): boolean {
    this.query = query;
    this.hint?.show(query);
    return this.source.show(query);
  }

  show(state: LabelsState, opacity: number): void {
    if (this.labels) {
      this.labels.show(state, opacity);
    } else {
      this.layer.setVisible(state.visible);
      this.layer.setOpacity(opacity);
    }
  }

  /** True if the layer is another now. */
  stretchTo(stretch: Stretch): boolean {
    this.stretch = stretch;
    if (this.source.stretchTo(stretch)) return false;
    const { layer } = this;
    this.source.stop();
    this.source = this.newSource();
    this.layer = this.newLayer();
    // The frame that is being drawn may still want it.
    setTimeout(() => layer.dispose());
    return true;
  }

  reload(): void {
    this.source.reload();
  }

  touch(shows: boolean): void {
    this.source.touch(shows);
  }

  /** As it is written; null where no label is seen. */
  labelAt(coordinate: number[]): string | null {
    const resolution = this.map.getView().getResolution();
    const label = resolution === undefined ? null : this.labels?.labelAt(coordinate, resolution) ?? null;
    return label === null ? null : String(label);
  }

  /** Where on the map a label was seen. */
  extentOf(text: string): Extent | null {
    const label = parseLabel(text);
    return label === null ? null : (this.labels?.extentOf(label) as Extent | null | undefined) ?? null;
  }

  dispose(): void {
    this.source.stop();
    const { layer } = this;
    setTimeout(() => layer.dispose());
  }

  private newSource(): PyramidSource {
    const { info, shown, stretch, gpu } = this;
    const density = window.devicePixelRatio >= 1.5 ? 2 : 1;
    const nodata = info.nodata === null ? null : parseLabel(String(info.nodata));
    const source = new PyramidSource(
      info, pixelProjection(shown, stretch), density, this.store, this.events.revisionOf, () => this.giveHint(),
      gpu ? 'bin' : 'png', gpu ? (response) => this.table.read(response, nodata) : readPicture, stretch, this.scale);
    if (!gpu) source.setSmooth(false);
    source.show(this.query);
    return source;
  }

  private newLayer(): BaseLayer {
    this.labels = this.gpu
      ? new LabelLayer(this.source, this.info.tile_size, this.table, () => this.events.onNoGpu()) : null;
    return this.labels ?? pyramidLayer(this.source);
  }

  private giveHint(): void {
    const [width = 0, height = 0] = this.map.getSize() ?? [];
    const view = this.map.getView();
    const [grid, resolution] = [this.source.getTileGrid(), view.getResolution()];
    if (!this.hint || !grid || resolution === undefined || octavesOf(this.stretch) !== 0) return;
    this.hint.give(tilesInView(this.info, grid, view.calculateExtent([width, height]) as Extent, resolution));
  }
}
