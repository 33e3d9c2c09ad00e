// One image in an OpenLayers map: its layers, what lies over them, and whether its tiles are there.
import OlMap from 'ol/Map.js';
import { defaults as defaultInteractions } from 'ol/interaction/defaults.js';
import type BaseLayer from 'ol/layer/Base.js';
import type { ImageInfo } from './api.ts';
import { FetchHint } from './fetch-hint.ts';
import { type Extent, type TileRect, tilesInView } from './grid.ts';
import { type Face, PLAIN, putFace } from './face.ts';
import { DataLayer } from './gpu/data-layer.ts';
import { Colours } from './gpu/colours.ts';
import { readSamples } from './gpu/samples.ts';
import { Hold } from './hold.ts';
import { pixelProjection, PyramidSource, pyramidLayer, type RevisionOf } from './layer.ts';
import { Navigation, type Place } from './navigation.ts';
import type { Picture } from './picture.ts';
import { octavesOf } from './plane.ts';
import { type Overlay, screenshot } from './screenshot.ts';
import { readPicture, type TileReports } from './tile-loader.ts';
import { TileStore } from './tile-store.ts';

export interface ViewerEvents extends TileReports {
  onMove(): void;
  onLoading(): void;
  onReady(): void;
  /** Where in the image (with y up) the pointer is, or null when it left. */
  onPointer(coordinate: number[] | null): void;
  /** Pixels lie elsewhere on the map. */
  onPlane(): void;
  /** The GPU does not draw after all. */
  onNoGpu(): void;
}

/** Layers that may lie over the image, from below to above. */
const OVER = ['compared', 'labels'] as const;
export type Over = (typeof OVER)[number];

export class Viewer {
  readonly map: OlMap;
  readonly navigation: Navigation;
  private ownShown = true;
  readonly tiles: TileStore;
  private readonly held: Hold;
  private source: PyramidSource | null = null;
  private dataLayer: DataLayer | null = null;
  private layer: BaseLayer | null = null;
  /** What was shown until the layer has its first tiles. */
  private before: { layer: BaseLayer; dataLayer: DataLayer | null; source: PyramidSource } | null = null;
  private colours: Colours | null = null;
  private face: Face = PLAIN;
  private picture: Picture | null = null;
  private revisionOf: RevisionOf = () => 0;
  private info: ImageInfo | null = null;
  /** What lies over the image, from below to above. */
  private readonly over = new Map<Over, BaseLayer>();
  private readonly hidden = new Set<Over>();
  private hint: FetchHint | null = null;

  constructor(
    private readonly target: HTMLElement,
    private readonly events: ViewerEvents,
  ) {
    this.tiles = new TileStore(events);
    this.map = new OlMap({
      target,
      controls: [],
      // The keyboard is handled once for the whole page.
      interactions: defaultInteractions({
        altShiftDragRotate: false, pinchRotate: false, keyboard: false,
        // Shift and the mouse select a box.
        shiftDragZoom: false,
      }),
      layers: [],
      maxTilesLoading: 8,
    });
    this.map.on('loadstart', () => events.onLoading());
    this.held = new Hold(this.map, target);
    this.map.on('movestart', () => this.held.end());
    this.map.on('rendercomplete', ({ frameState }) => {
      if (!this.held.isNews(frameState?.index ?? 0)) return;
      this.leave();
      if (this.source) events.onReady();
    });
    this.map.on('pointermove', (event) => events.onPointer(event.dragging ? null : this.navigation.plane.toImage(event.coordinate)));
    target.addEventListener('pointerleave', () => events.onPointer(null));
    this.navigation = new Navigation(this.map, target, {
      onMove: () => events.onMove(),
      onResolution: () => this.smooth(),
      onStretch: (stretch) => this.stretched(stretch),
    });
    new ResizeObserver(() => this.navigation.resized()).observe(target);
  }

  open(info: ImageInfo, picture: Picture, place: Partial<Place> | null, revisionOf: RevisionOf): void {
    this.close();
    this.info = info;
    this.map.updateSize();
    this.revisionOf = revisionOf;
    this.hint = info.residence === 'remote' ? new FetchHint(info.id) : null;
    this.hint?.show(picture.query);
    this.navigation.open(info, place);
    this.setLayer(info, picture);
    this.events.onPlane();
    this.events.onLoading();
    this.events.onMove();
  }

  private stretched(stretch: number): void {
    if (this.info && this.source?.stretchTo(stretch) === false) this.anew(this.info);
    this.before?.source.stretchTo(stretch);
    this.smooth();
    this.events.onPlane();
  }

  /** Other tiles, while the old ones are still below them. */
  private anew(info: ImageInfo): void {
    const { picture, layer, dataLayer, source } = this;
    if (!picture || !layer || !source) return;
    source.stop();
    this.leave();
    this.before = { layer, dataLayer, source };
    this.dataLayer = null;
    this.layer = null;
    this.setLayer(info, picture);
    this.events.onLoading();
  }

  /** The tiles that were shown before those that are there by now. */
  private leave(): void {
    const { before } = this;
    this.before = null;
    if (!before) return;
    this.map.removeLayer(before.layer);
    // The frame that is being drawn may still want it.
    setTimeout(() => before.dataLayer?.dispose());
  }

  close(): void {
    this.source?.stop();
    this.source = null;
    this.info = null;
    this.navigation.close();
    this.leave();
    this.removeLayer();
  }

  /** Has the tiles in sight there that another picture will show. */
  async prepare(query: string, revisionOf: RevisionOf): Promise<void> {
    const { source } = this;
    const view = this.map.getView();
    const resolution = view.getResolution();
    const grid = source?.getTileGrid();
    if (!source || !grid || resolution === undefined) return;
    const z = grid.getZForResolution(resolution);
    const tiles: [number, number, number][] = [];
    grid.forEachTileCoord(view.calculateExtent(this.navigation.size()), z, ([, x, y]) => { tiles.push([z, x ?? 0, y ?? 0]); });
    await source.prepare(query, revisionOf, tiles);
  }

  /** False if the tiles that are there will do. `whole`: what is seen stays until all of the new ones are there. */
  show(picture: Picture, whole = false): boolean {
    if (!this.info) return false;
    if (whole && picture.query !== this.picture?.query) this.held.begin();
    this.hint?.show(picture.query);
    if ((picture.data === null) !== (this.dataLayer === null)) {
      this.source?.stop();
      this.setLayer(this.info, picture);
      this.events.onLoading();
      return true;
    }
    this.paint(picture);
    // The same tiles again are no news: nothing would ever say that they are ready.
    const other = this.source?.show(picture.query) ?? false;
    if (other) this.events.onLoading();
    return other;
  }

  /** Whether the image itself is drawn: what lies over it may be all that there is to see. */
  showOwn(shown: boolean): void {
    this.ownShown = shown;
    this.putFace();
  }

  /** How the image itself takes part, where others are compared with it. */
  setFace(face: Face): void {
    this.face = face;
    this.putFace();
  }

  /** What lies over the image is not drawn for a while. */
  hideOver(name: Over, isHidden: boolean): void {
    if (isHidden === this.hidden.has(name)) return;
    if (isHidden) this.hidden.add(name);
    else this.hidden.delete(name);
    this.stack();
  }

  /** Puts a layer over the image, which stays when the image's own layer is another; null takes it away. */
  setOver(name: Over, layer: BaseLayer | null): void {
    if (layer) this.over.set(name, layer);
    else this.over.delete(name);
    this.stack();
  }

  reload(): void {
    this.events.onLoading();
    this.source?.reload();
    // Colours that were refused are asked for again, too.
    if (this.picture) this.paint(this.picture);
  }

  /** Some tiles have changed: of those that are shown, or only of others. */
  refresh(shows: boolean): void {
    if (shows) this.events.onLoading();
    this.source?.touch(shows);
  }

  /** No tile that was seen is good any more. */
  forgetTiles(): void {
    this.tiles.clear();
  }

  /** `frame`: what the map is only a part of. */
  screenshot(overlay: Overlay, frame = this.target): Promise<Blob | null> {
    return this.source ? screenshot(this.map, this.target, overlay, frame) : Promise.resolve(null);
  }

  private setLayer(info: ImageInfo, picture: Picture): void {
    this.removeLayer();
    this.picture = picture;
    const projection = pixelProjection(info, this.navigation.plane.stretch);
    const density = window.devicePixelRatio >= 1.5 ? 2 : 1;
    const { data } = picture;
    const source = new PyramidSource(
      info, projection, density, this.tiles, this.revisionOf, () => this.hint?.give(this.tilesInView()),
      data ? 'bin' : 'png', data ? (response) => readSamples(response, data.meaning) : readPicture,
      this.navigation.plane.stretch);
    source.show(picture.query);
    this.source = source;
    if (data) {
      this.dataLayer = new DataLayer(source, info.tile_size, data.paint.channels.size, () => this.events.onNoGpu());
      this.colours = new Colours(this.dataLayer, (error) => this.events.onProblem(error));
      this.paint(picture);
    }
    this.layer = this.dataLayer ?? pyramidLayer(source);
    this.putFace();
    this.stack();
    this.smooth();
  }

  private putFace(): void {
    const { layer, face, ownShown } = this;
    if (layer) putFace(layer, { ...face, visible: face.visible && ownShown });
  }

  private removeLayer(): void {
    const { dataLayer, layer } = this;
    this.dataLayer = null;
    this.colours?.stop();
    this.colours = null;
    this.picture = null;
    this.layer = null;
    // Not all layers: those that stay would lose their tiles.
    if (layer) this.map.removeLayer(layer);
    dataLayer?.dispose();
  }

  private stack(): void {
    if (!this.layer) return;
    const below = this.before ? [this.before.layer] : [];
    const wanted = [...below, this.layer, ...OVER.flatMap((name) => (this.hidden.has(name) ? [] : this.over.get(name) ?? []))];
    const layers = this.map.getLayers();
    // A layer that is taken away and put back has lost its tiles.
    for (const layer of layers.getArray().filter((each) => !wanted.includes(each))) layers.remove(layer);
    wanted.forEach((layer, at) => {
      if (layers.item(at) === layer) return;
      layers.remove(layer);
      layers.insertAt(at, layer);
    });
  }

  private paint(picture: Picture): void {
    this.picture = picture;
    const { data } = picture;
    const layer = this.dataLayer;
    if (!layer || !data) return;
    layer.show(data.paint);
    if (!data.paint.composite) this.colours?.show(data.colormap);
  }

  /** Null also where tiles have two zooms, which no hint can name. */
  private tilesInView(): TileRect | null {
    if (octavesOf(this.navigation.plane.stretch) !== 0) return null;
    const view = this.map.getView();
    const resolution = view.getResolution();
    const grid = this.source?.getTileGrid();
    if (!this.info || !grid || resolution === undefined) return null;
    return tilesInView(this.info, grid, view.calculateExtent(this.navigation.size()) as Extent, resolution);
  }

  private smooth(): void {
    const resolution = this.map.getView().getResolution() ?? 1;
    const [across, down] = [resolution / this.navigation.plane.stretch > 1, resolution > 1];
    this.source?.setSmooth(across && down);
    this.dataLayer?.setSmooth(across, down);
  }
}
