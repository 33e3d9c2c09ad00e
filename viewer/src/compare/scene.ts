// What is on the screen of a comparison: others over the image or beside it, the border, the names.
import { gpuIsThere } from '../gpu/support.ts';
import type { Viewer } from '../viewer.ts';
import { Chips } from './chips.ts';
import type { Compared } from './compared.ts';
import './compare.css';
import { type First, Over } from './over.ts';
import type { Ground } from './sheet.ts';
import { Side } from './side.ts';
import { type Compare, FIRST_COLORMAP, shownOthers } from './state.ts';
import { Swipe } from './swipe.ts';

export interface SceneEvents {
  onShare(share: number): void;
  onActive(index: number): void;
  /** Where in the images (with y up) the pointer is, or null when it left. */
  onPointer(coordinate: number[] | null): void;
  /** Other tiles are asked for. */
  onLoading(): void;
  /** Whether all is there, beside the map of the first image, may be another answer now. */
  onReadiness(): void;
  onProblem(error: Error): void;
  onNoGpu(): void;
}

export class Scene {
  private shown: Over | Side | null = null;
  private compare: Compare | null = null;
  private names: readonly string[] = [];
  private front = 0;
  /** A limit that fits the difference; null until one is known. */
  private fitted: number | null = null;
  /** Whether it is of what is shown by now. */
  private isFitted = false;
  private readonly swipe: Swipe;
  private readonly chips: Chips;

  constructor(
    private readonly viewer: Viewer,
    private readonly target: HTMLElement,
    private readonly stage: HTMLElement,
    private readonly events: SceneEvents,
  ) {
    this.swipe = new Swipe((share) => events.onShare(share));
    this.chips = new Chips((index) => events.onActive(index));
    stage.querySelector('.legends')?.before(this.swipe.element, this.chips.element);
  }

  get isReady(): boolean {
    return (!(this.shown instanceof Side) || this.shown.isReady) && (this.isFitted || !this.fits);
  }

  /** Why what was chosen can't be seen; '' where it can. */
  get problem(): string {
    if (this.compare?.mode !== 'difference' || gpuIsThere()) return '';
    return 'A difference needs WebGL, which is not there. The other ways work.';
  }

  /** The difference that has the last colour. */
  get limit(): number | null {
    return this.compare?.limit ?? this.fitted;
  }

  /** What the colours are of, where they are of a difference. */
  get scale(): { limit: number; colormap: string } | null {
    const { compare, limit } = this;
    if (compare?.mode !== 'difference' || limit === null || this.problem !== '') return null;
    return { limit, colormap: compare.colormap ?? FIRST_COLORMAP };
  }

  /** Everything anew. Null is nothing. */
  build(compare: Compare | null, first: First | null, others: readonly Compared[]): void {
    const { viewer, events } = this;
    const old = this.shown;
    this.compare = compare;
    this.shown = null;
    this.isFitted = false;
    old?.dispose();
    if (compare && first) {
      const ground: Ground = {
        map: viewer.map, tiles: viewer.tiles, info: first.info, stretch: () => viewer.navigation.plane.stretch,
        onProblem: (error) => events.onProblem(error), onNoGpu: () => events.onNoGpu(),
      };
      const there = others.filter(({ info }) => info !== null);
      this.shown = compare.mode === 'side'
        ? new Side(viewer, this.target, this.stage, ground, others, { ...events, onActive: (index) => this.activate(index), onLayout: () => this.label() })
        : new Over(viewer, ground, first, there.slice(0, shownOthers(compare.mode, there.length)), compare.mode === 'difference');
    }
    if (compare || old) this.load();
    this.arrange();
  }

  /** `front`: which image is seen while they blink. */
  show(compare: Compare, names: readonly string[], front: number): void {
    this.compare = compare;
    this.names = names.slice(0, shownOthers(compare.mode, names.length - 1) + 1);
    this.front = front;
    this.arrange();
    this.label();
  }

  showFirst(first: First): void {
    if (this.shown instanceof Over && this.shown.showFirst(first)) this.load();
  }

  showOther(other: Compared): void {
    if (this.shown?.show(other)) this.load();
  }

  /** A limit that fits what is seen now. */
  fit(): void {
    this.isFitted = false;
    this.viewer.map.render();
  }

  /** All tiles on the map of the first image are there. True if that led to another limit. */
  ready(): boolean {
    if (!this.fits || this.isFitted || !(this.shown instanceof Over)) return false;
    this.isFitted = true;
    this.fitted = this.shown.fitting() ?? this.fitted;
    this.arrange();
    return true;
  }

  /** Another place is seen. */
  moved(): void {
    this.shown?.smooth();
  }

  /** Pixels have another shape. */
  stretch(): void {
    this.shown?.stretch();
  }

  reload(): void {
    this.shown?.reload();
  }

  touch(other: Compared, shows: boolean): void {
    if (shows) this.load();
    this.shown?.touch(other, shows);
  }

  touchFirst(shows: boolean): void {
    if (!(this.shown instanceof Over)) return;
    if (shows) this.isFitted = false;
    this.shown.touchFirst(shows);
  }

  /** Upon a picture of the stage. */
  paint(context: CanvasRenderingContext2D): void {
    if (this.shown instanceof Side) this.shown.paint(context);
    else this.swipe.paint(context, this.stage.clientWidth, this.stage.clientHeight);
    this.chips.paint(context);
  }

  private get fits(): boolean {
    return this.compare?.mode === 'difference' && this.compare.limit === null && this.problem === '';
  }

  private activate(index: number): void {
    if (index !== this.compare?.active) this.events.onActive(index);
  }

  /** Other tiles are asked for. */
  private load(): void {
    this.isFitted = false;
    this.events.onLoading();
    this.viewer.map.render();
  }

  private arrange(): void {
    const { compare, shown } = this;
    this.swipe.show(compare?.mode === 'swipe' ? compare.share : null);
    if (!compare) return;
    if (shown instanceof Side) shown.activate(compare.active);
    else shown?.arrange(compare, this.front, this.limit);
  }

  private label(): void {
    const { compare, shown } = this;
    this.chips.show(compare ? this.names : [], compare?.mode ?? 'side', this.problem, shown instanceof Side ? shown.corners() : null);
    this.chips.mark(compare?.active ?? 0, compare?.mode === 'blink' ? this.front : null);
  }

  /** Nothing is compared any more. */
  close(): void {
    this.names = [];
    this.build(null, null, []);
    this.label();
  }
}
