// One image in an OpenLayers map: where the view is, how it moves, whether its tiles are there.
import OlMap from 'ol/Map.js';
import View from 'ol/View.js';
import { defaults as defaultInteractions } from 'ol/interaction/defaults.js';
import type { ImageInfo } from './api.ts';
import { fitResolution, imageExtent, MAX_SCALE, resolutionOf, viewResolutions, zoomOf } from './grid.ts';
import { pixelProjection, PyramidSource, pyramidLayer } from './layer.ts';
import type { TileReports } from './tile-loader.ts';

export interface Place {
  x: number;
  y: number;
  zoom: number;
}

export interface ViewerEvents extends TileReports {
  onMove(): void;
  onLoading(): void;
  onReady(): void;
  /** The map coordinate under the pointer, or null when it left. */
  onPointer(coordinate: number[] | null): void;
}

const MOVE_MILLISECONDS = 160;

export class Viewer {
  readonly map: OlMap;
  private source: PyramidSource | null = null;
  private info: ImageInfo | null = null;
  private fitted = true;
  /** Where a movement under way will end, so that quick key presses add up. */
  private goal: { center?: number[]; resolution?: number } = {};

  constructor(
    private readonly target: HTMLElement,
    private readonly events: ViewerEvents,
  ) {
    this.map = new OlMap({
      target,
      controls: [],
      // The keyboard is handled once for the whole page.
      interactions: defaultInteractions({ altShiftDragRotate: false, pinchRotate: false, keyboard: false }),
      layers: [],
      maxTilesLoading: 8,
    });
    this.map.on('loadstart', () => events.onLoading());
    this.map.on('rendercomplete', () => {
      if (this.source) events.onReady();
    });
    this.map.on('pointermove', (event) => events.onPointer(event.dragging ? null : event.coordinate));
    this.map.on('pointerdrag', () => {
      this.fitted = false;
    });
    target.addEventListener('wheel', () => { this.fitted = false; }, { passive: true });
    target.addEventListener('pointerleave', () => events.onPointer(null));
    new ResizeObserver(() => {
      this.map.updateSize();
      if (this.fitted) this.fit(false);
      else this.map.render();
    }).observe(target);
  }

  open(info: ImageInfo, query: string, place: Partial<Place> | null): void {
    this.close();
    this.info = info;
    this.map.updateSize();
    const projection = pixelProjection(info);
    const density = window.devicePixelRatio >= 1.5 ? 2 : 1;
    const source = new PyramidSource(info, projection, density, this.events);
    source.show(query);
    this.source = source;
    const fit = this.fitResolution();
    const whole = place?.zoom === undefined && place?.x === undefined && place?.y === undefined;
    const reach = viewResolutions(fit);
    const view = new View({
      projection,
      center: [place?.x ?? info.width / 2, -(place?.y ?? info.height / 2)],
      resolution: place?.zoom === undefined ? fit : resolutionOf(place.zoom),
      // The ends alone would be rounded to whole zooms between them.
      resolutions: reach,
      // Left to itself it is 28: too few steps for the greatest images.
      maxZoom: reach.length - 1,
      extent: imageExtent(info),
      constrainOnlyCenter: true,
      smoothResolutionConstraint: false,
      showFullExtent: true,
      enableRotation: false,
      multiWorld: true,
    });
    view.on('change:resolution', () => this.smooth());
    view.on('change', () => this.events.onMove());
    this.fitted = whole;
    this.map.setView(view);
    this.map.setLayers([pyramidLayer(source)]);
    this.smooth();
    this.events.onLoading();
    this.events.onMove();
  }

  close(): void {
    this.source?.stop();
    this.source = null;
    this.info = null;
    this.map.setLayers([]);
  }

  show(query: string): void {
    // The same tiles again are no news: nothing would ever say that they are ready.
    if (this.source?.show(query)) this.events.onLoading();
  }

  reload(): void {
    this.events.onLoading();
    this.source?.reload();
  }

  place(): Place | null {
    const view = this.map.getView();
    const center = view.getCenter();
    const resolution = view.getResolution();
    if (!this.info || !center || !resolution) return null;
    return { x: center[0] ?? 0, y: 0 - (center[1] ?? 0), zoom: zoomOf(resolution) };
  }

  goTo(place: Place): void {
    this.fitted = false;
    const view = this.map.getView();
    view.cancelAnimations();
    view.setCenter([place.x, -place.y]);
    view.setResolution(resolutionOf(place.zoom));
  }

  fit(animate = true): void {
    if (!this.info) return;
    this.fitted = true;
    const { width, height } = this.info;
    this.move({ center: [width / 2, -height / 2], resolution: this.fitResolution() }, animate);
  }

  oneToOne(): void {
    this.fitted = false;
    this.move({ resolution: 1 });
  }

  /** Zooms by a factor about the middle of the view. */
  zoomBy(factor: number): void {
    const resolution = this.goal.resolution ?? this.map.getView().getResolution();
    if (resolution === undefined) return;
    this.fitted = false;
    this.move({ ...this.goal, resolution: Math.max(resolution / factor, 1 / MAX_SCALE) });
  }

  /** Pans by a part of the window: right and down are positive. */
  panBy(right: number, down: number): void {
    const view = this.map.getView();
    const center = this.goal.center ?? view.getCenter();
    const resolution = this.goal.resolution ?? view.getResolution();
    if (!center || resolution === undefined) return;
    this.fitted = false;
    const step = Math.min(this.target.clientWidth, this.target.clientHeight) * resolution;
    this.move({ ...this.goal, center: [(center[0] ?? 0) + right * step, (center[1] ?? 0) - down * step] });
  }

  private move(to: { center?: number[]; resolution?: number }, animate = true): void {
    const view = this.map.getView();
    view.cancelAnimations();
    this.goal = {};
    const still = !animate || matchMedia('(prefers-reduced-motion: reduce)').matches;
    if (still) {
      if (to.center) view.setCenter(to.center);
      if (to.resolution !== undefined) view.setResolution(to.resolution);
    } else {
      this.goal = to;
      view.animate({ ...to, duration: MOVE_MILLISECONDS }, () => {
        if (this.goal === to) this.goal = {};
      });
    }
  }

  private fitResolution(): number {
    if (!this.info) return 1;
    return fitResolution(this.info, { width: this.target.clientWidth, height: this.target.clientHeight });
  }

  private smooth(): void {
    const resolution = this.map.getView().getResolution() ?? 1;
    this.source?.setSmooth(resolution > 1);
  }
}
