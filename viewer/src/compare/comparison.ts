// Images compared with the one that is looked at: what is compared, in which way, and what becomes of news about it.
import { type Colormap, type ImageSummary, isAbort, type PixelValue } from '../api.ts';
import { emptyPermalink } from '../permalink.ts';
import { type Display, permalinkOf } from '../state.ts';
import type { Viewer } from '../viewer.ts';
import { Blink, mayStart } from './blink.ts';
import { Compared, nameOf } from './compared.ts';
import { type Shown, withContrast } from './contrast.ts';
import type { Host } from './host.ts';
import { type CompareLink, lookOf, swapped, withOther, withoutOther } from './link.ts';
import { News } from './news.ts';
import type { First } from './over.ts';
import { Scene } from './scene.ts';
import { CompareSection } from './section.ts';
import { type Compare, MOST_OTHERS, nextMode } from './state.ts';
import { Values } from './values.ts';

export class Comparison {
  readonly section = new CompareSection({
    add: (image) => this.add(image),
    remove: (index) => this.edit((link) => withoutOther(link, index)),
    swap: () => this.swap(),
    end: () => this.end(),
    blink: () => this.toggleBlink(),
    fit: () => {
      this.scene.fit();
      this.change({ limit: null });
    },
    change: (change) => this.change(change),
  });
  private compare: Compare | null = null;
  private others: Compared[] = [];
  private first: First | null = null;
  private images: readonly ImageSummary[] = [];
  private colormaps: readonly Colormap[] = [];
  private work = new AbortController();
  /** So many descriptions are still to come. */
  private missing = 0;
  private settled = false;
  readonly news: News;
  private readonly values: Values;
  private readonly scene: Scene;
  private readonly blink = new Blink(() => this.settled && this.isReady, () => this.showScene());

  constructor(viewer: Viewer, target: HTMLElement, stage: HTMLElement, private readonly host: Host) {
    this.values = new Values(() => host.onValues());
    this.news = new News((id) => host.revisions(id), (touched) => {
      for (const [other, shows] of touched) this.scene.touch(other, shows);
      this.values.refresh();
    });
    this.scene = new Scene(viewer, target, stage, {
      onShare: (share) => this.change({ share }),
      onActive: (active) => this.change({ active }),
      onPointer: (coordinate) => host.onPointer(coordinate),
      onLoading: () => host.onLoading(),
      onReadiness: () => host.onReadiness(),
      onProblem: (error) => host.onProblem(error),
      onNoGpu: () => host.onNoGpu(),
    });
  }

  get isOn(): boolean {
    return this.compare !== null;
  }

  /** Whether something lies over the first image. */
  get covers(): boolean {
    return this.compare !== null && this.compare.mode !== 'side';
  }

  get isReady(): boolean {
    return this.missing === 0 && this.scene.isReady;
  }

  /** The image that the panel is of; null is the first. */
  get active(): Shown | null {
    const { info, display } = this.others[(this.compare?.active ?? 0) - 1] ?? { info: null };
    return info && display ? { info, display } : null;
  }

  /** What the colours are of, where they are of a difference. */
  get scale(): { limit: number; colormap: string } | null {
    return this.scene.scale;
  }

  setImages(images: readonly ImageSummary[]): void {
    this.images = images;
    this.showSection();
  }

  setColormaps(colormaps: readonly Colormap[]): void {
    this.colormaps = colormaps;
    this.showSection();
  }

  /** Another image is looked at. */
  open(first: First, link: CompareLink | null): void {
    this.first = first;
    this.start(link);
  }

  close(): void {
    this.start(null);
    this.first = null;
  }

  /** As a link says. */
  follow(link: CompareLink | null): void {
    if (!this.first) return;
    this.start(link);
    this.host.onShown();
  }

  link(): CompareLink | null {
    return this.compare && { ...this.compare, others: this.others.map((other) => other.permalink()) };
  }

  has(image: string): boolean {
    return this.others.some(({ id }) => id === image);
  }

  /** The first image is shown in another way. */
  showFirst(first: First): void {
    this.first = first;
    if (!this.compare) return;
    if (this.compare.linked) this.spread(first);
    this.scene.showFirst(first);
    this.showScene();
    this.showSection();
  }

  /** A display that was chosen in the panel. False if it is that of the first image. */
  take(display: Display): boolean {
    const other = this.others[(this.compare?.active ?? 0) - 1];
    if (!other?.info || !this.compare) return false;
    other.show(display);
    this.scene.showOther(other);
    const from = { info: other.info, display: other.display };
    if (this.compare.linked && this.first) {
      this.spread(from, other);
      this.host.setFirst(withContrast(this.first, from));
    }
    this.values.show(this.others);
    this.showScene();
    this.showSection();
    this.host.onColours();
    return true;
  }

  /** Goes to the next way of comparing; true if there is anything to compare. */
  cycle(): boolean {
    if (this.compare) this.change({ mode: nextMode(this.compare.mode) });
    return this.compare !== null;
  }

  /** The panel is of the next image. */
  activateNext(): void {
    if (this.compare) this.change({ active: (this.compare.active + 1) % (this.others.length + 1) });
  }

  /** While images blink: the next one. */
  step(): void {
    if (this.compare?.mode === 'blink') this.blink.step();
  }

  swap(): void {
    const link = this.host.permalink();
    const other = link && swapped(link);
    if (other) this.host.follow(other);
  }

  end(): void {
    this.edit(() => null);
  }

  point(coordinate: readonly number[] | null): void {
    if (this.compare) this.values.point(coordinate);
  }

  /** The values of all; null where nothing is compared. */
  text(value: PixelValue | null): string | null {
    return this.compare && this.first ? this.values.text(this.compare.mode, this.first, value) : null;
  }

  moved(): void {
    this.scene.moved();
  }

  /** Pixels have another shape. */
  stretch(): void {
    this.scene.stretch();
  }

  /** By other means: the GPU is not there any more. */
  redraw(): void {
    if (!this.compare) return;
    this.build();
    this.showSection();
  }

  reload(): void {
    this.scene.reload();
  }

  paint(context: CanvasRenderingContext2D): void {
    if (this.compare) this.scene.paint(context);
  }

  loading(): void {
    this.settled = false;
  }

  /** All tiles on the map of the first image are there. */
  ready(): void {
    this.settled = true;
    if (this.missing === 0 && this.scene.ready()) {
      this.showSection();
      this.host.onColours();
    }
    this.blink.ready();
  }

  /** Tiles of the first image have changed: of those that are shown, or only of others. */
  touchFirst(shows: boolean): void {
    this.scene.touchFirst(shows);
  }

  private add(image: string): void {
    const { first } = this;
    if (!first || this.others.length >= MOST_OTHERS) return;
    const isSame = image === first.info.id;
    const other = isSame ? permalinkOf(image, first.display, null) : { ...emptyPermalink(), image };
    this.edit((link) => withOther(link, lookOf(other), isSame));
  }

  private edit(edit: (link: CompareLink | null) => CompareLink | null): void {
    this.follow(edit(this.link()));
    this.host.onChange();
  }

  private toggleBlink(): void {
    const { compare, blink } = this;
    if (!compare) return;
    if (compare.rate === 0) blink.step();
    else if (blink.runs) blink.stop();
    else blink.run(compare.rate);
    this.showSection();
  }

  private start(link: CompareLink | null): void {
    const { first, blink } = this;
    this.work.abort();
    this.work = new AbortController();
    blink.reset();
    this.missing = 0;
    const known = new Map(this.others.map(({ id, info }) => [id, info]));
    this.others = [];
    this.news.of([]);
    this.compare = null;
    if (!first || !link) {
      this.values.show([]);
      this.scene.close();
      this.showSection();
      return;
    }
    const { others, ...compare } = link;
    this.compare = compare;
    this.others = others.map((other) => new Compared(other, () => this.host.revisions(other.image ?? '')));
    this.news.of(this.others);
    for (const other of this.others) {
      const info = other.id === first.info.id ? first.info : known.get(other.id);
      if (info) {
        other.describe(info);
      } else {
        this.missing += 1;
        void this.load(other, this.work.signal);
      }
    }
    this.build();
    this.run();
    this.showSection();
  }

  private async load(other: Compared, signal: AbortSignal): Promise<void> {
    try {
      const info = await this.host.load(other.id, signal);
      if (signal.aborted) return;
      this.host.revisions(other.id).start(info.revision ?? 0);
      other.describe(info);
    } catch (error) {
      if (signal.aborted || isAbort(error)) return;
      this.host.onProblem(error instanceof Error ? error : new Error(String(error)));
    }
    this.missing -= 1;
    if (this.compare?.linked && this.first) this.spread(this.first);
    this.build();
    this.showSection();
    this.host.onShown();
  }

  change(change: Partial<Compare>): void {
    const before = this.compare;
    if (!before) return;
    const next = { ...before, ...change };
    this.compare = next;
    if (next.mode !== before.mode) {
      this.blink.reset();
      this.build();
    }
    if (next.mode !== before.mode || next.rate !== before.rate) this.run();
    if (next.linked && !before.linked) this.level();
    this.showScene();
    const { share, limit } = change;
    // A slider that is being dragged must live.
    if (share !== undefined) this.section.refresh(share);
    else if (limit === undefined || limit === null) this.showSection();
    if (next.mode !== before.mode || next.active !== before.active || next.linked !== before.linked) this.host.onShown();
    else if (share === undefined) this.host.onColours();
    this.host.onChange();
  }

  /** All have the contrast of the image that the panel is of. */
  private level(): void {
    const { first, active } = this;
    if (!first) return;
    this.spread(active ?? first, this.others[(this.compare?.active ?? 0) - 1]);
    if (active) this.host.setFirst(withContrast(first, active));
  }

  /** Gives all others but one the contrast of an image. */
  private spread(from: Shown, but?: Compared): void {
    for (const other of this.others) {
      if (other === but || !other.info) continue;
      other.show(withContrast({ info: other.info, display: other.display }, from));
      this.scene.showOther(other);
    }
  }

  private run(): void {
    const { compare, blink } = this;
    blink.of(this.others.length + 1);
    if (compare?.mode === 'blink' && mayStart()) blink.run(compare.rate);
    else blink.stop();
  }

  private build(): void {
    this.values.show(this.others);
    this.scene.build(this.compare, this.first, this.others);
    this.showScene();
  }

  private names(): string[] {
    const { first } = this;
    const isPart = this.compare?.mode === 'difference';
    return first ? [nameOf(first.info, first.display, isPart), ...this.others.map((other) => other.name(isPart))] : [];
  }

  private showScene(): void {
    if (this.compare) this.scene.show(this.compare, this.names(), this.blink.front);
  }

  private showSection(): void {
    const { first, scene } = this;
    if (!first) return;
    this.section.show({
      images: this.images, colormaps: this.colormaps, image: first.info.id, compare: this.compare, names: this.names(),
      limit: scene.limit, problem: scene.problem, blinks: this.blink.runs,
    });
  }
}
