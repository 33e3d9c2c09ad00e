// Labels over the image that is looked at: of which image they are, which of them are shown, what is picked.
import type OlMap from 'ol/Map.js';
import type BaseLayer from 'ol/layer/Base.js';
import { fetchInfo, type ImageInfo, type ImageSummary, isAbort, type PixelValue } from '../api.ts';
import { gpuIsThere } from '../gpu/support.ts';
import { LabelsSection } from '../panels/labels.ts';
import type { Plane } from '../plane.ts';
import type { Pixel } from '../readout.ts';
import { type Refresh, type Region, Revisions } from '../revisions.ts';
import type { Display } from '../state.ts';
import type { TileReports } from '../tile-loader.ts';
import { axesOf, holdsLabels, labelsQuery } from './fit.ts';
import { Overlay } from './overlay.ts';
import { type LabelsState, plainLabels } from './state.ts';
import { UnderPointer } from './under.ts';

export interface LabelsEvents extends TileReports {
  onChange(): void;
  onLoading(): void;
  /** Over the image, or null. */
  onLayer(layer: BaseLayer | null): void;
  /** Whether the image itself is not to be drawn. */
  onCover(covers: boolean): void;
  /** The label under the pointer and its colour, where it has one. */
  onValue(text: string, colour: string | null): void;
  onNoGpu(): void;
  goTo(box: Region): void;
  revisionsOf(image: string): Revisions;
  /** Whether a click or Enter on the image means something else. */
  isTaken(): boolean;
}

/** Of what is filled, over another image. */
const USUAL_OPACITY = 0.5;

/** Of which image labels are shown over another. */
const imageOf = (info: ImageInfo, state: LabelsState): string | null =>
  state.image ?? (info.kind === 'labels' ? info.id : null);

/** Whether labels stand in the place of the image: they are its own. */
export const covers = (info: ImageInfo, state: LabelsState): boolean =>
  imageOf(info, state) === info.id && holdsLabels({ ...info }) && gpuIsThere() && (state.visible || info.kind === 'labels');

export class Labels {
  state: LabelsState = plainLabels();
  readonly section: LabelsSection;
  private info: ImageInfo | null = null;
  private display: Display | null = null;
  private overlay: Overlay | null = null;
  private images: readonly ImageSummary[] = [];
  private work = new AbortController();
  private loading = false;
  private isStale = false;
  private message = '';
  private readonly under: UnderPointer;

  constructor(
    private readonly map: OlMap,
    private readonly target: HTMLElement,
    private readonly plane: () => Plane,
    private readonly events: LabelsEvents,
  ) {
    this.section = new LabelsSection({
      change: (change) => this.change(change),
      hide: () => this.hide(),
      isolate: (labels) => this.change({ only: labels, hidden: this.state.hidden.filter((label) => !labels.includes(label)) }),
      goTo: (label) => this.goTo(label),
      say: (message) => this.say(message),
    });
    this.under = new UnderPointer((text, colour) => events.onValue(text, colour));
    map.on('click', (event) => {
      const { ctrlKey, metaKey } = event.originalEvent as PointerEvent;
      if (!events.isTaken()) this.pick(event.coordinate, ctrlKey || metaKey);
    });
    target.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.defaultPrevented || events.isTaken()) return;
      const middle = this.map.getView().getCenter();
      if (middle) this.pick(middle, event.ctrlKey || event.metaKey);
    });
  }

  /** Whose labels are shown. */
  get image(): string | null {
    return this.overlay?.info.id ?? null;
  }

  /** More is to come than the map knows of. */
  get isLoading(): boolean {
    return this.loading;
  }

  setImages(images: readonly ImageSummary[]): void {
    this.images = images;
    if (this.isStale) this.load();
    else this.tell();
  }

  open(info: ImageInfo, display: Display, state: LabelsState): void {
    this.info = info;
    this.display = display;
    this.state = state;
    this.under.setSeed(state.seed);
    this.message = '';
    this.load();
  }

  close(): void {
    this.info = null;
    this.setPixel(null);
    this.load();
  }

  /** From a link. */
  follow(state: LabelsState): void {
    if (JSON.stringify(state) !== JSON.stringify(this.state)) this.put(state);
  }

  /** At another place along the other axes. */
  setDisplay(display: Display): void {
    this.display = display;
    if (this.overlay?.ask(this.query())) this.events.onLoading();
    this.aim();
  }

  /** Pixels lie elsewhere on the map. */
  setPlane(): void {
    if (this.overlay?.stretchTo(this.plane().stretch)) this.showLayer();
  }

  setPixel(pixel: Pixel | null): void {
    this.under.setPixel(pixel);
  }

  /** The value of the image itself under the pointer. */
  told(value: PixelValue | null): void {
    this.under.told(value);
  }

  toggle(): void {
    if (this.overlay) this.change({ visible: !this.state.visible });
  }

  /** Lets go of what is selected; false if nothing is. */
  escape(): boolean {
    if (this.state.selected.length === 0 || !this.overlay) return false;
    this.change({ selected: [] });
    return true;
  }

  reload(): void {
    this.overlay?.reload();
  }

  /** Pixels of the image itself have changed, which may be its labels. */
  touch(shows: boolean): void {
    if (this.overlay?.isOwn) this.overlay.touch(shows);
  }

  /** Pixels of another image have changed. */
  refresh(image: string, refresh: Refresh): void {
    const { overlay, display } = this;
    if (!overlay || !display || overlay.info.id !== image || overlay.isOwn) return;
    const shows = Revisions.shows(refresh, axesOf(overlay.info, display.axes));
    if (shows) this.events.onLoading();
    overlay.touch(shows);
    this.under.refresh();
  }

  /** Changes of another image may have been missed. */
  async catchUp(): Promise<void> {
    const { overlay } = this;
    if (!overlay || overlay.isOwn) return;
    try {
      const { revision = 0 } = await fetchInfo(overlay.info.id, this.work.signal);
      if (this.overlay === overlay && this.events.revisionsOf(overlay.info.id).start(revision)) overlay.touch(true);
    } catch {
      // Tiles say what is wrong with the server.
    }
  }

  /** Another image has the id of this one, and is in the list soon. */
  forget(image: string): void {
    this.isStale ||= image === this.image;
  }

  private change(change: Partial<LabelsState>): void {
    this.message = '';
    this.put({ ...this.state, ...change });
    this.events.onChange();
  }

  private put(state: LabelsState): void {
    const another = state.image !== this.state.image;
    this.state = state;
    this.under.setSeed(state.seed);
    if (another) this.load();
    else this.show();
  }

  /** Brings the overlay in line with what is to be shown. */
  private load(): void {
    this.work.abort();
    this.work = new AbortController();
    this.isStale = false;
    this.loading = false;
    this.overlay?.dispose();
    this.overlay = null;
    const { info } = this;
    const image = info && imageOf(info, this.state);
    if (info && image !== null && image !== info.id) void this.fetch(info, image, this.work.signal);
    else if (info && image === info.id && gpuIsThere() && holdsLabels({ ...info })) this.lay(info, info);
    this.showLayer();
    this.aim();
  }

  private async fetch(shown: ImageInfo, image: string, signal: AbortSignal): Promise<void> {
    this.loading = true;
    this.events.onLoading();
    try {
      const info = await fetchInfo(image, signal);
      if (!holdsLabels({ ...info })) throw new Error(`${image} has no whole numbers that could be labels`);
      if (!gpuIsThere() && info.kind !== 'labels') throw new Error('Only images of labels are shown as labels without WebGL');
      this.events.revisionsOf(image).start(info.revision ?? 0);
      this.lay(shown, info);
    } catch (error) {
      if (isAbort(error)) return;
      this.message = error instanceof Error ? error.message : String(error);
    }
    this.loading = false;
    this.showLayer();
    this.aim();
    this.map.render();
  }

  private lay(shown: ImageInfo, info: ImageInfo): void {
    const { events } = this;
    const revisions = events.revisionsOf(info.id);
    this.overlay = new Overlay(this.map, shown, info, this.plane().stretch, gpuIsThere(), {
      onProblem: (error) => events.onProblem(error),
      onConnection: (connected) => events.onConnection(connected),
      onProvisional: () => events.onProvisional(),
      onNoGpu: () => events.onNoGpu(),
      revisionOf: (z, x, y) => revisions.of(info.max_zoom, z, x, y, axesOf(info, this.display?.axes ?? new Map())),
    });
    this.overlay.ask(this.query());
  }

  private query(): string {
    const { overlay, display } = this;
    if (!overlay || !display) return '';
    return labelsQuery(overlay.info, display.axes, overlay.isOwn ? display : null);
  }

  private showLayer(): void {
    this.show();
    this.events.onLayer(this.overlay?.layer ?? null);
  }

  private show(): void {
    const { overlay, state } = this;
    overlay?.show(state, this.opacity());
    this.events.onCover(this.info !== null && covers(this.info, state));
    this.target.classList.toggle('labelled', overlay?.gpu === true && state.visible);
    this.tell();
  }

  private opacity(): number {
    const { opacity, outline } = this.state;
    return opacity ?? (outline || this.overlay?.isOwn ? 1 : USUAL_OPACITY);
  }

  private tell(): void {
    const { info, images, state, message, overlay } = this;
    this.section.show(info && {
      info, images, state, message, opacity: this.opacity(), isThere: overlay !== null, canPick: overlay?.gpu === true,
    });
  }

  private say(message: string): void {
    this.message = message;
    this.tell();
  }

  private aim(): void {
    this.under.aim(this.overlay, this.display?.axes ?? new Map());
  }

  private pick(coordinate: number[], more: boolean): void {
    const { overlay, state: { selected } } = this;
    if (!overlay?.gpu || !this.state.visible) return;
    const label = overlay.labelAt(coordinate);
    if (label === null) {
      if (!more && selected.length > 0) this.change({ selected: [] });
    } else if (!more) {
      this.change({ selected: [label] });
    } else {
      this.change({ selected: selected.includes(label) ? selected.filter((other) => other !== label) : [...selected, label] });
    }
  }

  private hide(): void {
    const { hidden, only, selected } = this.state;
    this.change({
      hidden: [...new Set([...hidden, ...selected])], only: only.filter((label) => !selected.includes(label)), selected: [],
    });
  }

  private goTo(label: string): void {
    this.change({ selected: [label] });
    const extent = this.overlay?.extentOf(label);
    if (!extent) {
      this.say(`${label} has not been in sight yet: it is selected, and shows where it comes into sight`);
      return;
    }
    const [x = 0, down = 0] = this.plane().toImage([extent[0], extent[1]]);
    const [right = 0, up = 0] = this.plane().toImage([extent[2], extent[3]]);
    this.events.goTo({ x, y: 0 - up, width: right - x, height: up - down });
  }
}
