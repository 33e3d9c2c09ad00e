// Marks on the map: drawn, taken hold of and moved, with the library's own interactions.
import Collection from 'ol/Collection.js';
import Feature from 'ol/Feature.js';
import LineString from 'ol/geom/LineString.js';
import Polygon from 'ol/geom/Polygon.js';
import type SimpleGeometry from 'ol/geom/SimpleGeometry.js';
import DoubleClickZoom from 'ol/interaction/DoubleClickZoom.js';
import Draw from 'ol/interaction/Draw.js';
import Modify from 'ol/interaction/Modify.js';
import PointerInteraction from 'ol/interaction/Pointer.js';
import Snap from 'ol/interaction/Snap.js';
import VectorLayer from 'ol/layer/Vector.js';
import type OlMap from 'ol/Map.js';
import type MapBrowserEvent from 'ol/MapBrowserEvent.js';
import VectorSource from 'ol/source/Vector.js';
import { boxBetween } from '../box.ts';
import { zoomOf } from '../grid.ts';
import { roundCentre } from '../permalink.ts';
import type { Plane } from '../plane.ts';
import { isHit, markAt } from './hit.ts';
import { corners, type Kind, type Mark, markInside, movedMark, type Point, rectanglePoints, type Size, withCorner } from './mark.ts';
import { geometryOf, sketchStyle, stylesOf } from './style.ts';

export interface DrawingEvents {
  drawn(kind: Kind, points: Point[]): void;
  /** A mark is being changed by hand; `done` when it was let go. */
  changed(index: number, mark: Mark, done: boolean): void;
  picked(index: number | null): void;
  /** The text beside a mark. */
  label(mark: Mark): string;
}

const coarse = (): boolean => matchMedia('(pointer: coarse)').matches;
/** A stroke that is no longer than a click marks nothing. */
const CLICK_PIXELS = 3;
/** The second of two clicks that end a polygon is no wish to zoom. */
const DOUBLE_CLICK_MILLISECONDS = 400;

export class Drawing {
  private readonly source = new VectorSource<Feature<SimpleGeometry>>();
  private readonly layer: VectorLayer<VectorSource<Feature<SimpleGeometry>>>;
  private readonly held = new Collection<Feature<SimpleGeometry>>();
  private readonly modify: Modify;
  private readonly whole: PointerInteraction;
  private features: Feature<SimpleGeometry>[] = [];
  private marks: readonly Mark[] = [];
  private selected: number | null = null;
  private size: Size | null = null;
  private draw: Draw | null = null;
  private snap: Snap | null = null;
  /** The mark as it was when it was taken hold of. */
  private grabbed: Mark | null = null;

  constructor(
    private readonly map: OlMap,
    private readonly plane: () => Plane,
    private readonly events: DrawingEvents,
  ) {
    this.layer = new VectorLayer({
      source: this.source, className: 'ol-layer marks',
      style: (feature) => {
        const index = Number(feature.getId());
        const mark = this.marks[index];
        return mark ? stylesOf(mark, index === this.selected, this.events.label(mark), plane()) : [];
      },
    });
    this.layer.setMap(map);
    const tolerance = coarse() ? 20 : 10;
    let from: Point = [0, 0];
    this.whole = new PointerInteraction({
      handleDownEvent: (event) => {
        from = this.pointOf(event);
        return this.grabWhole(from);
      },
      handleDragEvent: (event) => this.dragWhole(from, this.pointOf(event)),
      handleUpEvent: () => {
        this.letGo();
        return false;
      },
    });
    this.modify = new Modify({
      features: this.held, pixelTolerance: tolerance, style: sketchStyle,
      insertVertexCondition: () => this.marks[this.selected ?? -1]?.kind === 'polygon',
    });
    // What is added last is asked first: corners before the whole.
    map.addInteraction(this.whole);
    map.addInteraction(this.modify);
    this.modify.on('modifystart', () => this.grab());
    this.modify.on('modifyend', () => this.letGo());
    map.on('click', (event) => {
      if (!this.draw && this.size) events.picked(this.at(this.pointOf(event)));
    });
    map.on('pointermove', (event) => {
      const over = !event.dragging && !this.draw && this.features.length > 0 && this.at(this.pointOf(event)) !== null;
      map.getTargetElement()?.classList.toggle('over-mark', over);
    });
  }

  open(size: Size | null): void {
    this.setTool(null);
    this.size = size;
    this.grabbed = null;
  }

  show(marks: readonly Mark[], selected: number | null): void {
    const before = this.marks;
    this.marks = marks;
    this.selected = selected;
    while (this.features.length > marks.length) {
      const last = this.features.pop();
      if (last) this.source.removeFeature(last);
    }
    marks.forEach((mark, index) => {
      const feature = this.features[index];
      if (!feature) this.add(mark);
      else if (mark !== before[index] && !(this.grabbed && index === selected)) feature.setGeometry(geometryOf(mark, this.plane()));
    });
    const hold = this.features[selected ?? -1];
    if (this.held.item(0) !== hold || this.held.getLength() > 1) {
      this.grabbed = null;
      this.held.clear();
      if (hold) this.held.push(hold);
    }
    this.layer.changed();
  }

  /** Null is none: marks can be taken hold of. */
  setTool(kind: Kind | null): void {
    const { draw, snap } = this;
    this.draw = null;
    this.snap = null;
    if (snap) this.map.removeInteraction(snap);
    if (draw) {
      draw.abortDrawing();
      this.map.removeInteraction(draw);
    }
    this.map.getTargetElement()?.classList.toggle('drawing', kind !== null);
    this.modify.setActive(kind === null);
    this.whole.setActive(kind === null);
    setTimeout(() => this.zoomOnDoubleClick(this.draw === null), kind === null ? DOUBLE_CLICK_MILLISECONDS : 0);
    if (kind === null) return;
    this.draw = this.drawOf(kind);
    this.map.addInteraction(this.draw);
    if (kind === 'polygon') {
      this.snap = new Snap({ source: this.source, pixelTolerance: 8 });
      this.map.addInteraction(this.snap);
    }
  }

  /** Whether a polygon that is being drawn has corners. */
  get isUnderWay(): boolean {
    return this.draw !== null && this.draw.getOverlay().getSource()?.getFeatures().some((feature) => feature.getGeometry()?.getType() === 'Polygon') === true;
  }

  finish(): void {
    this.draw?.finishDrawing();
  }

  abort(): void {
    this.draw?.abortDrawing();
  }

  removeCorner(): void {
    this.draw?.removeLastPoint();
  }

  /** Where in the image, with y up, a place on the screen is. */
  coordinateAt(x: number, y: number): number[] {
    return this.plane().toImage(this.map.getCoordinateFromPixel([x, y]) ?? []);
  }

  private pointOf({ coordinate }: MapBrowserEvent): Point {
    const [x = 0, up = 0] = this.plane().toImage(coordinate);
    return [x, 0 - up];
  }

  /** Pixels lie elsewhere on the map. */
  replace(): void {
    this.draw?.abortDrawing();
    this.features.forEach((feature, index) => {
      const mark = this.marks[index];
      if (mark) feature.setGeometry(geometryOf(mark, this.plane()));
    });
  }

  private add(mark: Mark): void {
    const feature = new Feature<SimpleGeometry>(geometryOf(mark, this.plane()));
    feature.setId(this.features.length);
    feature.on('change', () => this.dragged(feature));
    this.features.push(feature);
    this.source.addFeature(feature);
  }

  private get tolerance(): number {
    return (coarse() ? 14 : 6) * (this.map.getView().getResolution() ?? 1);
  }

  private at(point: Point): number | null {
    return markAt(this.marks, point, this.tolerance, this.plane().stretch);
  }

  private drawOf(kind: Kind): Draw {
    const stroke = kind === 'rectangle' || kind === 'line';
    const draw = new Draw({
      // From where the pointer went down to where it is let go, as a circle would be drawn.
      type: stroke ? 'Circle' : kind === 'point' ? 'Point' : 'Polygon',
      freehand: stroke, ...(stroke ? {} : { freehandCondition: () => false }),
      stopClick: true, snapTolerance: coarse() ? 24 : 12, style: sketchStyle,
      ...(kind === 'rectangle' ? { geometryFunction: (ends: unknown, old?: unknown) => this.boxGeometry(ends as number[][], old) } : {}),
      ...(kind === 'line' ? { geometryFunction: (ends: unknown, old?: unknown) => lineGeometry(ends as number[][], old) } : {}),
    });
    draw.on('drawend', ({ feature }) => {
      const geometry = feature.getGeometry() as SimpleGeometry;
      const points = this.pointsOf(kind, geometry);
      if (!stroke || this.isDrawn(points)) this.events.drawn(kind, points);
    });
    return draw;
  }

  private isDrawn([from, to]: readonly Point[]): boolean {
    const resolution = this.map.getView().getResolution() ?? 1;
    return from !== undefined && to !== undefined && Math.hypot((to[0] - from[0]) * this.plane().stretch, to[1] - from[1]) >= CLICK_PIXELS * resolution;
  }

  private boxGeometry(ends: number[][], old: unknown): Polygon {
    const geometry = old instanceof Polygon ? old : new Polygon([]);
    const box = this.size && boxBetween(this.size, this.plane().toImage(ends[0] ?? []), this.plane().toImage(ends.at(-1) ?? []));
    const points = box ? geometryOf({ kind: 'rectangle', points: rectanglePoints(box) }, this.plane()).getCoordinates() : [[ends[0], ends[0], ends[0]]];
    geometry.setCoordinates(points as number[][][]);
    return geometry;
  }

  private rounded(coordinate: number[]): Point {
    const zoom = zoomOf(this.map.getView().getResolution() ?? 1);
    const [x = 0, up = 0] = this.plane().toImage(coordinate);
    return [roundCentre(x, zoom + Math.log2(this.plane().stretch)), roundCentre(0 - up, zoom)];
  }

  private pointsOf(kind: Kind, geometry: SimpleGeometry): Point[] {
    const flat = geometry.getCoordinates() as unknown;
    if (kind === 'rectangle') {
      const [left = 0, bottom = 0, right = 0, top = 0] = geometry.getExtent();
      const { stretch } = this.plane();
      return [[left / stretch, 0 - top], [right / stretch, 0 - bottom]];
    }
    if (kind === 'point') {
      const [x = 0, up = 0] = this.plane().toImage(flat as number[]);
      return [[Math.floor(x), Math.floor(0 - up)]];
    }
    const points = kind === 'line' ? flat as number[][] : ((flat as number[][][])[0] ?? []).slice(0, -1);
    return points.map((point) => this.rounded(point));
  }

  private grab(): void {
    this.grabbed = this.marks[this.selected ?? -1] ?? null;
  }

  /** Only what is selected: whatever else is under the pointer, a drag pans. */
  private grabWhole(at: Point): boolean {
    const mark = this.marks[this.selected ?? -1];
    if (!mark || !isHit(mark, at, this.tolerance, this.plane().stretch)) return false;
    this.grab();
    return true;
  }

  private dragWhole(from: Point, to: Point): void {
    if (!this.grabbed || !this.size || this.selected === null) return;
    const zoom = zoomOf(this.map.getView().getResolution() ?? 1);
    const [right, down] = [roundCentre(to[0] - from[0], zoom), roundCentre(to[1] - from[1], zoom)];
    this.events.changed(this.selected, movedMark(this.grabbed, this.size, right, down), false);
  }

  private letGo(): void {
    const index = this.selected;
    const mark = this.marks[index ?? -1];
    const wasGrabbed = this.grabbed !== null;
    this.grabbed = null;
    if (index === null || !mark || !wasGrabbed) return;
    this.events.changed(index, mark, true);
    // What was dragged is not on whole pixels, or not where it may be.
    this.features[index]?.setGeometry(geometryOf(this.marks[index] ?? mark, this.plane()));
  }

  private dragged(feature: Feature<SimpleGeometry>): void {
    const index = this.features.indexOf(feature);
    const geometry = feature.getGeometry();
    if (!this.grabbed || !this.size || index !== this.selected || !geometry) return;
    const mark = this.changedMark(this.grabbed, geometry, this.size);
    if (mark) this.events.changed(index, mark, false);
  }

  /** What a mark becomes whose geometry was changed by hand. */
  private changedMark(mark: Mark, geometry: SimpleGeometry, size: Size): Mark | null {
    const coordinates = geometry.getCoordinates() as unknown;
    const onMap: number[][] = mark.kind === 'point' ? [coordinates as number[]]
      : mark.kind === 'line' ? coordinates as number[][] : ((coordinates as number[][][])[0] ?? []).slice(0, -1);
    const plane = this.plane();
    const before = corners(mark);
    if (mark.kind === 'rectangle') {
      const at = onMap.findIndex(([x, y = 0], index) => x !== plane.toMap(before[index] ?? [])[0] || 0 - y !== before[index]?.[1]);
      const corner = onMap[at] && plane.toImage(onMap[at]);
      return at < 0 || !corner ? mark : withCorner(mark, size, at, [corner[0] ?? 0, -(corner[1] ?? 0)]);
    }
    if (mark.kind !== 'point') return markInside({ ...mark, points: onMap.map((point) => this.rounded(point)) }, size);
    return markInside({ ...mark, points: onMap.map((point) => plane.toImage(point)).map(([x = 0, up = 0]) => [x, 0 - up] as const) }, size);
  }

  private zoomOnDoubleClick(active: boolean): void {
    for (const interaction of this.map.getInteractions().getArray()) {
      if (interaction instanceof DoubleClickZoom) interaction.setActive(active);
    }
  }
}

function lineGeometry(ends: number[][], old: unknown): LineString {
  const geometry = old instanceof LineString ? old : new LineString([]);
  geometry.setCoordinates([ends[0] ?? [], ends.at(-1) ?? []]);
  return geometry;
}
