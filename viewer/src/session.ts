// The image that is looked at: its description, how it is shown, and what becomes of news about it.
import { type ImageInfo, isAbort, type PixelValue } from './api.ts';
import { awaitInfo } from './await-info.ts';
import type { Chrome } from './chrome.ts';
import { Comparison } from './compare/comparison.ts';
import type { First } from './compare/over.ts';
import { compareOfText, textOfCompare } from './compare/text.ts';
import { describePixel } from './dimensions.ts';
import { formatValues, formatZoom } from './format.ts';
import { pixelAt } from './grid.ts';
import { covers, Labels } from './labels/labels.ts';
import type { Panel } from './panels/panel.ts';
import { ScalesSection } from './panels/scales.ts';
import { emptyPermalink, type Permalink } from './permalink.ts';
import { isMatrix, placeIn } from './placing.ts';
import type { Plane } from './plane.ts';
import { boxOf } from './regions/mark.ts';
import { Refreshes } from './refreshes.ts';
import { Regions } from './regions/regions.ts';
import { Readout } from './readout.ts';
import type { Refresh } from './revisions.ts';
import {
  allAxes, displayWith, positionIn, type Settings, settingsBeside, type ShownState, shownState,
} from './settings.ts';
import { Rulers } from './rulers/rulers.ts';
import { Selection } from './selection.ts';
import { Sharpener } from './sharpen.ts';
import { type Shown, Undo } from './history/undo.ts';
import { scaleOf } from './gpu/norm.ts';
import { gpuFailed, gpuIsThere } from './gpu/support.ts';
import { type Picture, Pictures } from './picture.ts';
import { defaultDisplay, type Display, displayOf, normalise, permalinkOf, planesOf } from './state.ts';
import type { Status } from './status.ts';
import { PixelNumbers } from './values/pixel-numbers.ts';
import { Viewer } from './viewer.ts';
import { type KeptWindows, keptWindows, saysWindow, withWindows } from './windows.ts';

export class Session {
  readonly viewer: Viewer;
  readonly selection: Selection;
  readonly regions: Regions;
  readonly labels: Labels;
  readonly comparison: Comparison;
  readonly rulers: Rulers;
  private readonly scales: ScalesSection;
  readonly undo: Undo;
  private readonly readout: Readout;
  private readonly numbers: PixelNumbers;
  private readonly sharpener = new Sharpener({
    onInfo: (info) => this.described(info),
    reload: () => this.reload(),
    onStateChange: () => this.status.show(),
  });
  private readonly refreshes = new Refreshes({
    looked: () => this.info && { info: this.info, axes: allAxes(this.info, this.display) },
    signal: () => this.opening.signal,
    onTiles: (shows) => this.showTiles(shows),
    onAnew: () => this.sharpener.restart(),
    onMissed: (info) => this.comparison.news.touchAll(info.id),
  });
  private info: ImageInfo | null = null;
  private display: Display = defaultDisplay();
  private link: Permalink = emptyPermalink();
  private opening = new AbortController();
  private pictures = new Pictures();
  /** The image itself is not drawn: its labels are. */
  private covered = false;
  /** Whether the viewer has all its tiles. */
  private settled = false;
  private value: PixelValue | null = null;
  /** The windows that were last shown, for whoever keeps them. */
  private windows: KeptWindows | null = null;

  constructor(
    private readonly chrome: Chrome,
    private readonly panel: Panel,
    private readonly status: Status,
    /** What is shown is another, or elsewhere. */
    private readonly onChange: () => void,
    /** Shows what a link leads to. */
    go: (link: Permalink) => void,
  ) {
    this.readout = new Readout(
      (pixel) => chrome.setPosition(
        pixel ? `${pixel.x}, ${pixel.y}` : '', pixel && this.info ? describePixel(this.info, pixel) : ''),
      (value) => {
        this.value = value;
        this.showValue();
        this.labels.told(value);
      },
    );
    this.viewer = new Viewer(chrome.map, {
      onMove: () => this.moved(),
      onLoading: () => this.setSettled(false),
      onReady: () => this.setSettled(true),
      onPointer: (coordinate) => this.point(coordinate),
      onProblem: (error) => status.problem(error),
      onConnection: (connected) => status.connection(connected),
      onProvisional: () => this.sharpener.tileIsProvisional(),
      onPlane: () => {
        this.regions.replace();
        this.labels.setPlane();
        this.comparison.stretch();
        this.viewer.map.render();
      },
      onNoGpu: () => this.noGpu(),
    });
    panel.contrast.view = () => this.viewer.navigation.pixelsInView();
    const noted = (): void => {
      this.undo.note();
      onChange();
    };
    const plane = (): Plane => this.viewer.navigation.plane;
    this.selection = new Selection(this.viewer.map, chrome.map, plane, noted, (active) => {
      chrome.setSelecting(active);
      if (active) this.regions.setTool(null);
    });
    this.regions = new Regions(this.viewer.map, chrome.map, plane, {
      onChange: noted,
      undo: () => this.undo.undo(),
      redo: () => this.undo.redo(),
      onTool: () => this.selection.putDown(),
      goTo: (mark) => {
        const box = this.info && boxOf(mark, this.info);
        if (box) this.viewer.navigation.showBox(box);
      },
      onConnection: (connected) => status.connection(connected),
    });
    this.numbers = new PixelNumbers(this.viewer.map, chrome.map, plane, {
      onProblem: (error) => status.problem(error),
      onConnection: (connected) => status.connection(connected),
      onProvisional: () => undefined,
    });
    panel.regions = this.regions.section.element;
    this.labels = new Labels(this.viewer.map, chrome.map, plane, {
      onChange: noted,
      onLoading: () => status.setReady(false),
      onLayer: (layer) => this.viewer.setOver('labels', layer),
      onCover: (isCovered) => this.cover(isCovered),
      onValue: (text, colour) => chrome.setLabel(text, colour),
      onNoGpu: () => this.noGpu(),
      goTo: (box) => this.viewer.navigation.showBox(box),
      revisionsOf: (image) => this.refreshes.of(image),
      isTaken: () => this.regions.isSelected || chrome.map.matches('.drawing, .selecting'),
      onProblem: (error) => status.problem(error),
      onConnection: (connected) => status.connection(connected),
      onProvisional: () => this.sharpener.tileIsProvisional(),
    });
    panel.labels = this.labels.section.element;
    this.scales = new ScalesSection({
      zoomAlong: (axis, factor) => this.viewer.navigation.zoomAlong(axis, factor),
      fill: () => this.viewer.navigation.fill(),
      square: () => this.viewer.navigation.square(),
      toggleAxes: () => this.rulers.toggle(),
    });
    panel.scales = this.scales.element;
    this.rulers = new Rulers({
      zoom: (axis, factor, at) => this.viewer.navigation.zoomAlong(axis, factor, at),
      pan: (axis, by) => this.viewer.navigation.panAlong(axis, by),
    }, (shown) => {
      this.scales.showAxes(shown);
      this.viewer.navigation.setAxes(shown);
    });
    chrome.map.after(this.rulers.element);
    this.undo = new Undo({
      shown: () => this.info && {
        ...this.display, marks: this.regions.settled, box: this.selection.box, labels: this.labels.state,
        compare: textOfCompare(this.comparison.link()),
      },
      restore: (state) => this.restore(state),
      onChange: () => {
        const { canUndo, canRedo } = this.undo;
        this.regions.section.setHistory(canUndo, canRedo);
        chrome.setHistory(canUndo, canRedo);
      },
    });
    this.comparison = new Comparison(this.viewer, chrome.map, chrome.stage, {
      load: (id, signal) => this.load(id, signal),
      revisions: (id) => this.refreshes.of(id),
      onChange: noted,
      onShown: () => this.showCompared(),
      onColours: () => this.showColorbar(),
      onValues: () => this.showValue(),
      onPointer: (coordinate) => this.point(coordinate),
      onLoading: () => this.setSettled(false),
      onReadiness: () => this.showReady(),
      onProblem: (error) => status.problem(error),
      onNoGpu: () => this.noGpu(),
      setFirst: (display) => {
        this.display = display;
        this.apply();
      },
      follow: go,
      permalink: () => this.permalink(),
    });
    panel.compare = this.comparison.section.element;
  }

  get image(): string | null {
    return this.info?.id ?? null;
  }

  get isSharpening(): boolean {
    return this.info !== null && this.sharpener.busy;
  }

  shown(): { info: ImageInfo; display: Display } | null {
    return this.info && { info: this.info, display: this.display };
  }

  /** A link to what is shown; null where there is nothing to see. */
  permalink(): Permalink | null {
    const place = this.viewer.navigation.place();
    return this.info && place ? permalinkOf(
      this.info.id, this.display, place, this.selection.box, this.regions.marks, this.labels.state, this.comparison.link()) : null;
  }

  state(client: string): ShownState | null {
    const place = this.viewer.navigation.place();
    if (!this.info || !place) return null;
    return shownState(client, this.info, this.display, place, this.viewer.navigation.size(), this.selection.box);
  }

  /** `settings` are the server's as they are by then, for what the link does not say. */
  async open(id: string, link: Permalink, settings: () => Settings): Promise<void> {
    this.close();
    const opening = new AbortController();
    this.opening = opening;
    this.link = link;
    const { misses } = this.refreshes;
    this.chrome.setMode('image');
    try {
      const info = await this.load(id, opening.signal);
      const beside = settingsBeside(settings(), link);
      const revisions = this.refreshes.of(id);
      revisions.start(info.revision ?? 0);
      this.info = info;
      this.pictures = new Pictures();
      this.display = displayWith(displayOf(link, info), beside, info);
      if (this.panel.contrast.locked && this.windows && !saysWindow(link)) {
        this.display = withWindows(info, this.display, this.windows);
      }
      this.chrome.setImage(info);
      this.readout.setTarget({ id, axes: planesOf(this.display) });
      const place = { ...positionIn(beside), ...placeIn(link) };
      this.cover(covers(info, link.labels));
      this.viewer.open(info, this.picture(info), place, (z, x, y) =>
        revisions.of(info.max_zoom, z, x, y, allAxes(info, this.display)));
      if (Object.keys(place).length === 0 && isMatrix(info)) this.viewer.navigation.fill();
      this.selection.open(info, link.box ?? beside.selection ?? null);
      this.regions.open(info, this.display, link.regions);
      this.labels.open(info, this.display, link.labels);
      this.comparison.open(this.first(info), link.compare);
      this.undo.open(id);
      this.showCompared();
      this.sharpener.watch(info, opening.signal);
      if (misses !== this.refreshes.misses) void this.refreshes.catchUp(info);
    } catch (error) {
      if (!isAbort(error)) this.status.problem(error);
    }
  }

  /** Nothing is looked at any more. */
  close(): void {
    if (this.info) this.windows = keptWindows(this.info, this.display);
    this.opening.abort();
    this.refreshes.rest();
    this.undo.close();
    this.info = null;
    this.selection.close();
    this.regions.close();
    this.labels.close();
    this.numbers.show(null);
    this.readout.setPixel(null);
    this.readout.setTarget(null);
    this.comparison.close();
    this.viewer.close();
    this.panel.leave();
    this.status.setReady(false);
    this.status.forgive();
  }

  /** Another place or display of the same image, perhaps by hand in the address. */
  follow(link: Permalink): void {
    if (!this.info) return;
    const display = displayOf(link, this.info);
    this.undo.together('link', () => {
      this.display = display;
      this.selection.set(link.box);
      this.regions.follow(link.regions);
      this.labels.follow(link.labels);
      this.comparison.follow(link.compare);
      this.showDisplay();
    });
    const place = placeIn(link);
    if (Object.keys(place).length > 0) this.viewer.navigation.goTo(place);
  }

  /**
   * Of the image that the panel is of. `isStep`: somebody did it, and may undo it. A frame of a film is none: what is
   * seen stays until it is whole.
   */
  setDisplay(display: Display, isStep = true): void {
    if (!this.comparison.take(display)) {
      this.display = display;
      this.apply(!isStep);
    }
    if (isStep) this.undo.note();
    else this.undo.pass();
    this.onChange();
  }

  /** By a command: the panel shows it as well. */
  change(change: Partial<Display>): void {
    if (!this.info) return;
    const { active } = this.comparison;
    if (active && this.comparison.take(normalise({ ...active.display, ...change }, active.info))) {
      this.showCompared(false);
    } else {
      this.display = normalise({ ...this.display, ...change }, this.info);
      this.showDisplay(false);
    }
    this.undo.note();
    this.onChange();
  }

  /** Has the tiles there that another display will show. */
  async prepare(display: Display): Promise<void> {
    const { info } = this;
    // Frames of another image come as they come.
    if (!info || this.comparison.active) return;
    const revisions = this.refreshes.of(info.id);
    await this.viewer.prepare(this.pictures.of(info, display, gpuIsThere()).query, (z, x, y) =>
      revisions.of(info.max_zoom, z, x, y, allAxes(info, display)));
  }

  /** With the scale of colours, unless that is drawn elsewhere. */
  screenshot(withColorbar = true): Promise<Blob | null> {
    return this.viewer.screenshot((context) => {
      this.numbers.paint(context);
      this.rulers.paint(context, this.chrome.map.getBoundingClientRect());
      this.selection.paint(context);
      this.comparison.paint(context);
      this.chrome.scaleBar.paint(context, this.chrome.map);
      if (withColorbar) this.chrome.colorbar.paint(context, this.chrome.map.getBoundingClientRect());
    }, this.comparison.isOn ? this.chrome.stage : this.chrome.map);
  }

  /** Once more what the server refused. False if there is no image. */
  retry(): boolean {
    if (!this.info) return false;
    this.reload();
    return true;
  }

  /** The server says how to show the image; when it is `first` opened, that is no step to undo. */
  set(image: string, settings: Settings, first = false): void {
    const { info } = this;
    if (info?.id !== image) return;
    this.undo.together(first ? null : 'server', () => {
      this.display = displayWith(this.display, settings, info);
      if (settings.selection !== undefined) this.selection.set(settings.selection);
      this.showDisplay();
    });
    const place = positionIn(settings);
    if (Object.keys(place).length > 0) this.viewer.navigation.goTo(place);
    this.onChange();
  }

  /** The server was out of hearing until now. `settings` of the image are what is new since. */
  hello(settings: Settings | null, isFirst: boolean): void {
    this.refreshes.miss();
    if (!this.info) return;
    void this.refreshes.catchUp(this.info);
    void this.labels.catchUp();
    void this.comparison.news.catchUp(this.info.id);
    if (settings) this.set(this.info.id, isFirst ? settingsBeside(settings, this.link) : settings, isFirst);
  }

  /** Another server counts anew. */
  forget(): void {
    this.refreshes.forget();
    this.undo.forget();
    this.viewer.forgetTiles();
  }

  /** Another image has the id of this one. */
  forgetImage(image: string): void {
    this.refreshes.forget(image);
    this.undo.forget(image);
    this.labels.forget(image);
  }

  levels(image: string): void {
    const isSeen = image === this.info?.id || image === this.labels.image || this.comparison.has(image);
    if (isSeen) this.sharpener.wake();
  }

  refresh(image: string, refresh: Refresh): void {
    this.refreshes.add(image, refresh);
    this.labels.refresh(image, refresh);
    this.comparison.news.refresh(image, refresh);
  }

  /** The revision of an image's thumbnail: tile (0, 0) of zoom z. */
  thumbnailRevision(image: string, maxZoom: number, z: number): number {
    return this.refreshes.ofThumbnail(image, maxZoom, z);
  }

  private load(id: string, signal: AbortSignal): Promise<ImageInfo> {
    return awaitInfo(id, signal, (connected) => this.status.connection(connected));
  }

  private described(info: ImageInfo): void {
    this.showCompared();
    this.viewer.show(this.picture(info));
  }

  private picture(info: ImageInfo): Picture {
    return this.pictures.of(info, this.display, gpuIsThere());
  }

  private restore({ marks, box, labels, compare, ...display }: Shown): void {
    this.display = display;
    this.selection.set(box);
    this.regions.restore(marks);
    this.labels.follow(labels);
    const link = this.comparison.link();
    if (compare !== textOfCompare(link)) this.comparison.follow(compareOfText(compare, link?.active));
    this.showDisplay(false);
    this.onChange();
  }

  private showDisplay(keepTyped = true): void {
    this.apply();
    this.showCompared(keepTyped);
  }

  private apply(whole = false): void {
    if (!this.info) return;
    this.status.forgive();
    this.readout.setTarget({ id: this.info.id, axes: planesOf(this.display) });
    this.regions.show(this.display);
    this.labels.setDisplay(this.display);
    this.showNumbers();
    if (this.viewer.show(this.picture(this.info), whole)) this.sharpener.restart();
    this.comparison.showFirst(this.first(this.info));
    this.showColorbar();
  }

  private cover(isCovered: boolean): void {
    if (isCovered === this.covered) return;
    this.covered = isCovered;
    this.showOwn();
    this.showColorbar();
  }

  /** Its own labels stand in the place of an image, unless another one lies over it: then it is as the server draws it. */
  private showOwn(): void {
    const { covers: isUnder } = this.comparison;
    this.viewer.showOwn(!this.covered || isUnder);
    this.viewer.hideOver('labels', this.covered && isUnder);
  }

  /** The GPU does not draw after all. */
  private noGpu(): void {
    gpuFailed();
    this.showDisplay();
    if (this.info) this.labels.open(this.info, this.display, this.labels.state);
    this.comparison.redraw();
  }

  private showNumbers(): void {
    const { info, display } = this;
    if (!info) return;
    // They would be told of pixels that are not the ones to be seen.
    if (this.comparison.covers) {
      this.numbers.show(null);
      return;
    }
    const revisions = this.refreshes.of(info.id);
    this.numbers.show({
      info, display, revisionOf: (z, x, y) => revisions.of(info.max_zoom, z, x, y, allAxes(info, display)),
    });
  }

  private first(info: ImageInfo): First {
    const revisions = this.refreshes.of(info.id);
    return {
      info, display: this.display, picture: this.picture(info),
      revisionOf: (z, x, y) => revisions.of(info.max_zoom, z, x, y, allAxes(info, this.display)),
    };
  }

  /** Some have changed: of those that are seen, or only of others. */
  private showTiles(shows: boolean): void {
    this.viewer.refresh(shows);
    this.labels.touch(shows);
    this.comparison.touchFirst(shows);
    if (!shows) return;
    this.readout.refresh();
    this.regions.refresh();
    this.showNumbers();
    this.panel.contrast.recount();
  }

  private point(coordinate: number[] | null): void {
    const pixel = coordinate && this.info ? pixelAt(this.info, coordinate) : null;
    this.readout.setPixel(pixel);
    this.labels.setPixel(pixel);
    this.comparison.point(coordinate);
  }

  private setSettled(settled: boolean): void {
    this.settled = settled;
    if (settled) this.comparison.ready();
    else this.comparison.loading();
    this.showReady();
  }

  private showReady(): void {
    this.status.setReady(this.settled && !this.labels.isLoading && this.comparison.isReady);
  }

  private reload(): void {
    this.viewer.reload();
    this.labels.reload();
    this.comparison.reload();
  }

  /** The panel and the scale of colours are of one of the images that are compared. */
  private showCompared(keepTyped = true): void {
    if (!this.info) return;
    this.showOwn();
    const { info, display } = this.comparison.active ?? { info: this.info, display: this.display };
    this.panel.isComparing = this.comparison.isOn;
    this.panel.show(info, display, keepTyped);
    this.showColorbar();
    this.showNumbers();
  }

  private showColorbar(): void {
    if (!this.info) return;
    const { colorbar } = this.chrome;
    const { scale } = this.comparison;
    const { info, display } = this.comparison.active ?? { info: this.info, display: this.display };
    if (scale) colorbar.showScale(scaleOf('linear', -scale.limit, scale.limit), 1, false, scale.colormap, 'A − B');
    else colorbar.show(this.covered && !this.comparison.active ? null : info, display, gpuIsThere());
  }

  private showValue(): void {
    const { value } = this;
    const compared = this.comparison.text(value);
    this.chrome.setValue(compared ?? (value ? formatValues(value) : ''), compared === null ? value?.dtype ?? '' : '');
  }

  private moved(): void {
    const place = this.viewer.navigation.place();
    if (!place) return;
    this.panel.contrast.moved();
    this.comparison.moved();
    const [across, down] = [2 ** place.zoom * place.stretch, 2 ** place.zoom];
    this.chrome.setZoom(place.stretch === 1 ? formatZoom(down) : `${formatZoom(across)} × ${formatZoom(down)}`);
    if (this.info) this.chrome.scaleBar.show(this.info, 1 / across);
    if (this.info) this.rulers.show(this.info, place);
    this.scales.show(place);
    this.onChange();
  }
}
