// The marks of the image that is looked at: what there is, what is selected, what changes them.
import type OlMap from 'ol/Map.js';
import type { ImageInfo } from '../api.ts';
import { throttle } from '../dom.ts';
import { formatValues } from '../format.ts';
import type { Plane } from '../plane.ts';
import type { Display } from '../state.ts';
import type { TileReports } from '../tile-loader.ts';
import { Drawing } from './drawing.ts';
import { fromGeoJson } from './geojson.ts';
import { Handle } from './handle.ts';
import { type Kind, type Mark, markInside, MOST_CORNERS, MOST_MARKS, newMark, type Point } from './mark.ts';
import { Measurer, measurePath } from './measure.ts';
import { RegionsSection } from '../panels/regions.ts';
import { describeLength } from './units.ts';

export interface RegionsEvents {
  /** The marks are others. */
  onChange(): void;
  /** A tool was taken up: others are to be put down. */
  onTool(): void;
  goTo(mark: Mark): void;
  undo(): void;
  redo(): void;
  onConnection: TileReports['onConnection'];
}

const replaced = (marks: readonly Mark[], index: number, mark: Mark): Mark[] => marks.map((other, at) => (at === index ? mark : other));

/** All that measures depend on beside the mark itself. */
const queryOf = (info: ImageInfo, display: Display): string => measurePath(info, display, { kind: 'line', name: '', colour: '', points: [] });

const MEASURE_MILLISECONDS = 120;
const SHOW_MILLISECONDS = 50;
/** More would hide each other, and take long to draw. */
const MOST_LABELS = 100;

export class Regions {
  marks: readonly Mark[] = [];
  readonly section: RegionsSection;
  private selected: number | null = null;
  private tool: Kind | null = null;
  private info: ImageInfo | null = null;
  private display: Display | null = null;
  private message = '';
  /** The mark that has the handle. */
  private shownMark: string | null = null;
  /** The marks before a change by hand that is under way. */
  private before: readonly Mark[] | null = null;
  /** Of images that were left, for when they are looked at again. */
  private readonly left = new Map<string, readonly Mark[]>();
  private readonly drawing: Drawing;
  private readonly handle: Handle;
  private readonly measurer: Measurer;
  private readonly showSoon = throttle(() => this.showMeasures(), SHOW_MILLISECONDS);
  private readonly measure = throttle(() => this.wantMeasures(), MEASURE_MILLISECONDS);

  constructor(
    map: OlMap,
    private readonly target: HTMLElement,
    plane: () => Plane,
    private readonly events: RegionsEvents,
  ) {
    this.section = new RegionsSection({
      tool: (kind) => this.toggleTool(kind),
      finish: () => this.drawing.finish(),
      select: (index) => this.select(index),
      edit: (index, change) => this.edit(index, change),
      remove: (index) => this.remove(index),
      goTo: (index) => this.goTo(index),
      undo: () => events.undo(),
      redo: () => events.redo(),
      load: (text) => this.load(text),
      say: (message) => this.say(message),
    });
    this.measurer = new Measurer(() => this.showSoon(), { onConnection: events.onConnection });
    this.drawing = new Drawing(map, plane, {
      drawn: (kind, points) => this.add(kind, points),
      changed: (index, mark, done) => this.drag(index, mark, done),
      picked: (index) => this.select(index),
      label: (mark) => this.label(mark),
    });
    this.handle = new Handle(map, target, plane, {
      changed: (mark) => {
        if (this.selected !== null) this.edit(this.selected, mark);
      },
      remove: () => this.removeSelected(),
    });
    target.addEventListener('keydown', (event) => this.key(event));
  }

  open(info: ImageInfo, display: Display, marks: readonly Mark[]): void {
    this.info = info;
    this.display = display;
    this.drawing.open(info);
    this.selected = null;
    this.message = '';
    this.hold(marks.length > 0 ? this.inside(marks) : this.left.get(info.id) ?? [], null);
  }

  close(): void {
    const { info } = this;
    if (!info) return;
    this.left.set(info.id, this.marks);
    this.setTool(null);
    this.info = null;
    this.measure.cancel();
    this.measurer.forget();
    this.drawing.open(null);
    this.hold([], null);
  }

  /** From a link. */
  follow(marks: readonly Mark[]): void {
    const inside = this.inside(marks);
    if (JSON.stringify(inside) === JSON.stringify(this.marks)) return;
    this.change(inside, null);
  }

  /** The same marks of other pixels: another channel, another time. */
  show(display: Display | null): void {
    const { info } = this;
    const same = info && display && this.display && queryOf(info, display) === queryOf(info, this.display);
    this.display = display ?? this.display;
    if (same) return;
    this.drawing.show(this.marks, this.selected);
    this.section.show(this.info, this.display, this.state());
    this.measure();
  }

  /** Pixels lie elsewhere on the map. */
  replace(): void {
    this.drawing.replace();
  }

  /** The pixels have changed. */
  refresh(): void {
    this.measurer.refresh();
  }

  get isSelected(): boolean {
    return this.selected !== null;
  }

  toggleTool(kind: Kind): void {
    this.setTool(this.tool === kind ? null : kind);
  }

  setTool(kind: Kind | null): void {
    const tool = this.info ? kind : null;
    if (tool === this.tool) return;
    this.tool = tool;
    this.message = '';
    if (tool) {
      this.events.onTool();
      this.selected = null;
    }
    this.drawing.setTool(tool);
    this.showMarks(true);
  }

  /** Gives up the least that there is to give up; false if there is nothing. */
  escape(): boolean {
    if (this.drawing.isUnderWay) this.drawing.abort();
    else if (this.tool) this.setTool(null);
    else if (this.selected !== null) this.select(null);
    else return false;
    return true;
  }

  /** Without what a hand is about to change. */
  get settled(): readonly Mark[] {
    return this.before ?? this.marks;
  }

  get hasSelected(): boolean {
    return this.selected !== null;
  }

  /** As they once were. */
  restore(marks: readonly Mark[]): void {
    if (marks !== this.marks) this.put(marks, null);
  }

  removeSelected(): void {
    if (this.selected !== null) this.remove(this.selected);
  }

  removeAll(): void {
    this.change([], null);
  }

  /** Selects a mark and shows it. */
  goTo(index: number): void {
    this.select(index);
    const mark = this.marks[index];
    if (mark) this.events.goTo(mark);
    this.handle.focus();
  }

  private add(kind: Kind, points: Point[]): void {
    const { info } = this;
    if (!info) return;
    const mark = markInside(newMark(this.marks, kind, points), info);
    if (!mark) this.say(points.length > MOST_CORNERS ? 'Too many corners' : 'That is not on the image');
    else if (this.marks.length >= MOST_MARKS) this.say(`There is room for ${MOST_MARKS} regions`);
    else this.change([...this.marks, mark], this.marks.length);
    // Points come in numbers. The library is not done with the stroke yet.
    if (kind !== 'point') setTimeout(() => this.setTool(null));
  }

  private edit(index: number, change: Partial<Mark>): void {
    const old = this.marks[index];
    const mark = old && this.info ? markInside({ ...old, ...change }, this.info) : null;
    if (!mark) this.say('That is not on the image');
    else if (JSON.stringify(mark) !== JSON.stringify(old)) this.change(replaced(this.marks, index, mark), index);
  }

  private remove(index: number): void {
    this.change(this.marks.filter((_, at) => at !== index), null);
  }

  private drag(index: number, mark: Mark, done: boolean): void {
    this.before ??= this.marks;
    this.marks = replaced(this.marks, index, mark);
    if (done) {
      this.before = null;
      this.events.onChange();
    }
    this.showMarks(done);
  }

  private load(text: string): void {
    if (!this.info) return;
    try {
      const { marks, left } = fromGeoJson(text, this.info, this.marks);
      if (marks.length > 0) this.change([...this.marks, ...marks], null);
      const reasons = [...new Set(left)].join('; ');
      this.say(left.length > 0 ? `${left.length} left out: ${reasons}` : marks.length === 0 ? 'There is nothing in it' : `${marks.length} added`);
    } catch (error) {
      this.say(error instanceof Error ? error.message : String(error));
    }
  }

  private change(marks: readonly Mark[], selected: number | null): void {
    this.message = '';
    this.put(marks, selected);
  }

  private put(marks: readonly Mark[], selected: number | null): void {
    this.hold(marks, selected);
    this.events.onChange();
  }

  private hold(marks: readonly Mark[], selected: number | null): void {
    this.marks = marks;
    this.before = null;
    this.selected = selected;
    this.showMarks(true);
  }

  private select(index: number | null): void {
    if (index === this.selected) return;
    this.selected = index;
    this.showMarks(true);
  }

  private say(message: string): void {
    this.message = message;
    this.section.show(this.info, this.display, this.state());
  }

  private state() {
    const { marks, selected, tool, message } = this;
    return { marks, selected, tool, message };
  }

  private showMarks(list: boolean): void {
    const mark = this.marks[this.selected ?? -1] ?? null;
    const key = mark && `${this.selected} ${mark.kind} ${mark.name}`;
    this.drawing.show(this.marks, this.selected);
    this.handle.show(mark, this.info, key !== this.shownMark);
    this.shownMark = key;
    if (list) this.section.show(this.info, this.display, this.state());
    this.measure();
  }

  private wantMeasures(): void {
    const { info, display } = this;
    if (!info || !display) return;
    const paths = this.marks.map((mark) => measurePath(info, display, mark));
    const own = paths[this.selected ?? -1];
    this.measurer.want(own === undefined ? paths : [own, ...paths]);
    this.showMeasures();
  }

  private showMeasures(): void {
    const { info, display } = this;
    if (!info || !display) return;
    this.section.measures(this.marks, this.marks.map((mark) => this.measurer.of(measurePath(info, display, mark))));
    if (this.marks.some(({ kind }) => kind === 'point')) this.drawing.show(this.marks, this.selected);
  }

  private label(mark: Mark): string {
    const { info, display } = this;
    if (!info || !display || (this.marks.length > MOST_LABELS && this.marks[this.selected ?? -1] !== mark)) return '';
    if (mark.kind === 'line') return describeLength(info, mark.points);
    if (mark.kind !== 'point') return mark.name;
    const { measured } = this.measurer.of(measurePath(info, display, mark));
    return measured?.of === 'value' ? formatValues(measured.value) : mark.name;
  }

  private inside(marks: readonly Mark[]): Mark[] {
    const { info } = this;
    return info ? marks.map((mark) => markInside(mark, info)).filter((mark) => mark !== null) : [];
  }

  private key(event: KeyboardEvent): void {
    if (event.key === 'Backspace' && this.drawing.isUnderWay) this.drawing.removeCorner();
    else if (event.key === 'Enter' && this.tool) {
      if (this.drawing.isUnderWay) this.drawing.finish();
      else this.addMiddle(this.tool);
    }
  }

  /** Without a pointer: in the middle of what is in sight, for the arrow keys to go on from. */
  private addMiddle(kind: Kind): void {
    const at = (x: number, y: number): Point => {
      const [right = 0, up = 0] = this.drawing.coordinateAt(this.target.clientWidth * x, this.target.clientHeight * y);
      return [Math.round(right), Math.round(0 - up)];
    };
    const places: Record<Kind, Point[]> = {
      rectangle: [at(0.375, 0.375), at(0.625, 0.625)],
      polygon: [at(0.5, 0.375), at(0.625, 0.625), at(0.375, 0.625)],
      line: [at(0.375, 0.5), at(0.625, 0.5)],
      point: [at(0.5, 0.5)],
    };
    const points = places[kind];
    // Far in, the corners may be one.
    const [[x0 = 0, y0 = 0] = [], [x1 = 0, y1 = 0] = []] = points;
    if (kind === 'rectangle') points[1] = [Math.max(x1, x0 + 1), Math.max(y1, y0 + 1)];
    this.add(kind, points);
    this.setTool(null);
    this.handle.focus();
  }
}
