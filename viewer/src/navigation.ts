// Where in an image the view is, and how it moves: by steps, to a place, to the whole, along one axis alone.
import type OlMap from 'ol/Map.js';
import View from 'ol/View.js';
import type { ImageInfo } from './api.ts';
import {
  type Extent, fillStretch, fitResolution, imageExtent, MARGINS, type Margins, MARGINS_OF_AXES, MAX_SCALE, resolutionOf, viewResolutions, zoomOf,
} from './grid.ts';
import { pixelProjection } from './layer.ts';
import { Plane, withinStretch } from './plane.ts';
import type { Region } from './revisions.ts';
import { wheelFactor } from './rulers/ruler.ts';

export interface Place {
  x: number;
  y: number;
  /** Down the image; along rows it is further by the stretch. */
  zoom: number;
  /** How many times wider than high a pixel is. */
  stretch: number;
}

export interface NavigationEvents {
  onMove(): void;
  /** A pixel of the image takes more or less of the screen. */
  onResolution(): void;
  /** Pixels have another shape, and lie elsewhere on the map. */
  onStretch(stretch: number): void;
}

const within = (value: number, most: number): number => Math.min(most, Math.max(0, value));

const MOVE_MILLISECONDS = 160;

export class Navigation {
  plane = new Plane();
  private info: ImageInfo | null = null;
  private margins = MARGINS;
  private fitted = true;
  /** The image fills the window, and is to go on when that has another size. */
  private filled = false;
  /** Where a movement under way will end, so that quick key presses add up. */
  private goal: { center?: number[]; resolution?: number } = {};

  constructor(
    private readonly map: OlMap,
    private readonly target: HTMLElement,
    private readonly events: NavigationEvents,
  ) {
    map.on('pointerdrag', () => this.leaveFit());
    target.addEventListener('wheel', (event) => this.wheel(event), { capture: true, passive: false });
  }

  /** At a place, or as a whole where none is named. */
  open(info: ImageInfo, place: Partial<Place> | null): void {
    this.info = info;
    this.plane = new Plane(withinStretch(place?.stretch ?? 1));
    this.filled = false;
    this.fitted = place?.zoom === undefined && place?.x === undefined && place?.y === undefined && place?.stretch === undefined;
    const resolution = place?.zoom === undefined ? this.fitResolution() : resolutionOf(place.zoom);
    this.look(info, [place?.x ?? info.width / 2, -(place?.y ?? info.height / 2)], resolution);
  }

  close(): void {
    this.info = null;
  }

  /** The window has another size. */
  resized(): void {
    this.map.updateSize();
    if (this.filled) this.fill();
    else if (this.fitted) this.fit(false);
    else this.map.render();
    this.events.onMove();
  }

  /** In CSS pixels. */
  size(): [number, number] {
    return [this.target.clientWidth, this.target.clientHeight];
  }

  place(): Place | null {
    const view = this.map.getView();
    const center = view.getCenter();
    const resolution = view.getResolution();
    if (!this.info || !center || !resolution) return null;
    const [x = 0, up = 0] = this.plane.toImage(center);
    return { x, y: 0 - up, zoom: zoomOf(resolution), stretch: this.plane.stretch };
  }

  /** The image pixels that are seen; null where there are none. */
  pixelsInView(): { x0: number; y0: number; x1: number; y1: number } | null {
    if (!this.info) return null;
    const [left, bottom, right, top] = this.map.getView().calculateExtent(this.size()) as Extent;
    const { width, height } = this.info;
    const { stretch } = this.plane;
    const [x0, x1] = [Math.floor(within(left / stretch, width)), Math.ceil(within(right / stretch, width))];
    const [y0, y1] = [Math.floor(within(-top, height)), Math.ceil(within(-bottom, height))];
    return x1 > x0 && y1 > y0 ? { x0, y0, x1, y1 } : null;
  }

  goTo(to: Partial<Place>): void {
    const now = this.place();
    if (!now) return;
    const place = { ...now, ...to };
    this.leaveFit();
    if (place.stretch !== this.plane.stretch) {
      this.reshape(withinStretch(place.stretch), resolutionOf(place.zoom), [place.x, -place.y]);
      return;
    }
    const view = this.map.getView();
    view.cancelAnimations();
    view.setCenter(this.plane.toMap([place.x, -place.y]));
    view.setResolution(resolutionOf(place.zoom));
    this.events.onMove();
  }

  fit(animate = true): void {
    if (!this.info) return;
    this.fitted = true;
    this.filled = false;
    const { width, height } = this.info;
    this.move({ center: this.plane.toMap([width / 2, -height / 2]), resolution: this.fitResolution() }, animate);
  }

  /** A part of the image, with room around it. */
  showBox({ x, y, width, height }: Region): void {
    this.leaveFit();
    const [across, down] = this.size();
    const { plane } = this;
    const resolution = Math.max(width * plane.stretch / across, height / down, 1 / 32) * 2;
    this.move({ center: plane.toMap([x + width / 2, -(y + height / 2)]), resolution });
  }

  oneToOne(): void {
    this.leaveFit();
    if (this.plane.stretch === 1) this.move({ resolution: 1 });
    else this.goTo({ zoom: 0, stretch: 1 });
  }

  /** Zooms by a factor about the middle of the view. */
  zoomBy(factor: number): void {
    const resolution = this.goal.resolution ?? this.map.getView().getResolution();
    if (resolution === undefined) return;
    this.leaveFit();
    this.move({ ...this.goal, resolution: Math.max(resolution / factor, 1 / MAX_SCALE) });
  }

  /** Pans by a part of the window: right and down are positive. */
  panBy(right: number, down: number): void {
    const view = this.map.getView();
    const center = this.goal.center ?? view.getCenter();
    const resolution = this.goal.resolution ?? view.getResolution();
    if (!center || resolution === undefined) return;
    this.leaveFit();
    const step = Math.min(this.target.clientWidth, this.target.clientHeight) * resolution;
    this.move({ ...this.goal, center: [(center[0] ?? 0) + right * step, (center[1] ?? 0) - down * step] });
  }

  /** By pixels of the screen. */
  panAlong(axis: 'x' | 'y', by: number): void {
    const view = this.map.getView();
    const [center, resolution] = [view.getCenter(), view.getResolution()];
    if (!center || resolution === undefined) return;
    this.leaveFit();
    view.cancelAnimations();
    const [right, up] = [center[0] ?? 0, center[1] ?? 0];
    view.setCenter(axis === 'x' ? [right + by * resolution, up] : [right, up - by * resolution]);
  }

  /** With Alt along rows alone, with Shift too down columns alone. */
  wheel(event: WheelEvent): void {
    this.leaveFit();
    if (!event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    const { left, top } = (event.currentTarget instanceof Element ? event.currentTarget : this.target).getBoundingClientRect();
    if (event.shiftKey) this.zoomAlong('y', wheelFactor(event), event.clientY - top);
    else this.zoomAlong('x', wheelFactor(event), event.clientX - left);
  }

  /** Somebody went elsewhere: another size of the window is no reason to fit. */
  leaveFit(): void {
    this.fitted = false;
    this.filled = false;
  }

  /** Another view, of pixels as they are stretched now. `center` is of the image. */
  private look(info: ImageInfo, center: number[], resolution: number): void {
    const reach = viewResolutions(this.fitResolution());
    const view = new View({
      projection: pixelProjection(info, this.plane.stretch),
      center: this.plane.toMap(center),
      resolution,
      // The ends alone would be rounded to whole zooms between them.
      resolutions: reach,
      // Left to itself it is 28: too few steps for the greatest images.
      maxZoom: reach.length - 1,
      extent: imageExtent(info, this.plane.stretch),
      constrainOnlyCenter: true,
      smoothResolutionConstraint: false,
      showFullExtent: true,
      enableRotation: false,
      multiWorld: true,
    });
    view.on('change:resolution', () => this.events.onResolution());
    view.on('change', () => this.events.onMove());
    this.map.setView(view);
  }

  /** Zooms along one axis alone, about a place along it in the window (its middle). */
  zoomAlong(axis: 'x' | 'y', factor: number, at: number | null = null): void {
    const view = this.map.getView();
    const resolution = this.goal.resolution ?? view.getResolution();
    const center = this.goal.center ?? view.getCenter();
    if (!this.info || resolution === undefined || !center) return;
    const [width, height] = this.size();
    const x = axis === 'x' ? at ?? width / 2 : width / 2;
    const y = axis === 'y' ? at ?? height / 2 : height / 2;
    const finest = 1 / MAX_SCALE;
    const down = axis === 'y' ? Math.max(resolution / factor, finest) : resolution;
    const stretch = withinStretch(this.plane.stretch * (axis === 'x' ? factor : down / resolution));
    // What is under the place stays there.
    const fixed = this.plane.toImage([(center[0] ?? 0) + (x - width / 2) * resolution, (center[1] ?? 0) - (y - height / 2) * resolution]);
    this.reshape(stretch, down, [
      (fixed[0] ?? 0) - (x - width / 2) * down / stretch,
      (fixed[1] ?? 0) + (y - height / 2) * down,
    ]);
  }

  /** The axes of the image are along the edges of the window, or not. */
  setAxes(shown: boolean): void {
    this.margins = shown ? MARGINS_OF_AXES : MARGINS;
    if (this.fitted) this.fit(false);
  }

  /** The whole image, with pixels as wide and as high as the window has room for. */
  fill(): void {
    if (!this.info) return;
    const stretch = withinStretch(fillStretch(this.info, { width: this.target.clientWidth, height: this.target.clientHeight }));
    const { width, height } = this.info;
    this.reshape(stretch, this.fitTo({ width: width * stretch, height }, MARGINS_OF_AXES), [width / 2, -height / 2]);
    this.filled = true;
  }

  /** Pixels as wide as they are high. */
  square(): void {
    const place = this.place();
    if (place) this.goTo({ stretch: 1 });
  }

  /** `center` is of the image, with y up. */
  private reshape(stretch: number, resolution: number, center: number[]): void {
    const { info } = this;
    if (!info) return;
    this.map.getView().cancelAnimations();
    this.goal = {};
    this.leaveFit();
    this.plane = new Plane(stretch);
    this.look(info, center, resolution);
    this.events.onStretch(stretch);
    this.events.onMove();
  }

  private move(to: { center?: number[]; resolution?: number }, animate = true): void {
    const view = this.map.getView();
    view.cancelAnimations();
    this.goal = {};
    const still = !animate || matchMedia('(prefers-reduced-motion: reduce)').matches;
    if (still) {
      if (to.center) view.setCenter(to.center);
      if (to.resolution !== undefined) view.setResolution(to.resolution);
      // The view itself tells of motion that takes time alone.
      this.events.onMove();
    } else {
      this.goal = to;
      view.animate({ ...to, duration: MOVE_MILLISECONDS }, () => {
        if (this.goal === to) this.goal = {};
      });
    }
  }

  private fitResolution(): number {
    if (!this.info) return 1;
    const { width, height } = this.info;
    return this.fitTo({ width: width * this.plane.stretch, height }, this.margins);
  }

  private fitTo(size: { width: number; height: number }, margins: Margins): number {
    return fitResolution(size, { width: this.target.clientWidth, height: this.target.clientHeight }, margins);
  }
}
