// The selected mark for the keyboard: what has the focus around it, and what the keys do to it.
import type OlMap from 'ol/Map.js';
import { el } from '../dom.ts';
import type { Plane } from '../plane.ts';
import { corners, type Mark, movedMark, type Point, type Size, spanOf, withCorner } from './mark.ts';

export interface HandleEvents {
  changed(mark: Mark): void;
  remove(): void;
}

const HELP: Record<Mark['kind'], string> = {
  rectangle: 'Arrow keys move it, with Shift they resize it, Space goes to its next corner',
  polygon: 'Arrow keys move it, with Shift they move a corner, Space goes to the next corner, Enter adds one',
  point: 'Arrow keys move it',
  line: 'Arrow keys move it, with Shift they move an end, Space goes to the other end',
};

/** Drawn no further than can be seen, however large it is. */
const clip = (value: number | undefined, most: number): number => Math.min(most + 50, Math.max(-50, value ?? 0));

export class Handle {
  private mark: Mark | null = null;
  private size: Size | null = null;
  private corner = 0;
  private readonly dot = el('span', { class: 'mark-corner' });
  private readonly element = el('div', { class: 'mark-handle', 'data-testid': 'mark-handle', role: 'group', tabindex: 0, hidden: true }, this.dot);

  constructor(
    private readonly map: OlMap,
    private readonly target: HTMLElement,
    private readonly plane: () => Plane,
    private readonly events: HandleEvents,
  ) {
    target.after(this.element);
    this.element.addEventListener('keydown', (event) => this.key(event));
    map.on('postrender', () => this.place());
  }

  /** `another`: it is not the one that was shown. */
  show(mark: Mark | null, size: Size | null, another: boolean): void {
    if (!mark && document.activeElement === this.element) this.target.focus();
    this.mark = mark;
    this.size = size;
    // Resizing begins at the lower right, and at the end of a line.
    if (another && mark) this.corner = mark.kind === 'rectangle' ? 2 : corners(mark).length - 1;
    if (mark) this.corner = Math.min(this.corner, corners(mark).length - 1);
    this.element.setAttribute('aria-label', mark ? `${mark.name}, at ${mark.points.map((point) => point.join(', ')).join('; ')}. ${HELP[mark.kind]}, Delete removes it.` : '');
    this.place();
  }

  focus(): void {
    this.element.focus({ preventScroll: true });
  }

  private key(event: KeyboardEvent): void {
    const { mark, size } = this;
    if (!mark || !size || event.ctrlKey || event.metaKey || event.altKey) return;
    const done = (): void => event.preventDefault();
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (way) {
      done();
      // A step that can be seen, by whole pixels.
      const step = Math.max(1, Math.round(this.map.getView().getResolution() ?? 1));
      const across = Math.max(1, Math.round(step / this.plane().stretch));
      const [right, down] = [(way[0] ?? 0) * across, (way[1] ?? 0) * step];
      const [x, y] = corners(mark)[this.corner] ?? [0, 0];
      const single = event.shiftKey && mark.kind !== 'point';
      this.events.changed(single ? withCorner(mark, size, this.corner, [x + right, y + down]) : movedMark(mark, size, right, down));
    } else if (event.key === ' ') {
      done();
      this.corner = (this.corner + 1) % corners(mark).length;
      this.place();
    } else if (event.key === 'Enter' && mark.kind === 'polygon') {
      done();
      this.addCorner(mark);
    } else if (event.key === 'Delete' || event.key === 'Backspace') {
      done();
      this.events.remove();
    }
  }

  /** Halfway to the next corner, which it becomes. */
  private addCorner(mark: Mark): void {
    const at = this.corner;
    const [from = [0, 0], to = [0, 0]] = [mark.points[at], mark.points[(at + 1) % mark.points.length]];
    const middle: Point = [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2];
    this.corner = at + 1;
    this.events.changed({ ...mark, points: [...mark.points.slice(0, at + 1), middle, ...mark.points.slice(at + 1)] });
  }

  private place(): void {
    const span = this.mark && spanOf(this.mark);
    const [from, to] = (span ?? []).map(([x, y]) => this.map.getPixelFromCoordinate(this.plane().toMap([x, -y])));
    this.element.hidden = !from || !to;
    if (!from || !to || !this.mark) return;
    const [x = 0, y = 0] = corners(this.mark)[this.corner] ?? [];
    const dot = this.map.getPixelFromCoordinate(this.plane().toMap([x, -y])) ?? from;
    const [left, top] = [clip(from[0], this.target.clientWidth) - 6, clip(from[1], this.target.clientHeight) - 6];
    const { style } = this.element;
    style.translate = `${left}px ${top}px`;
    style.width = `${clip(to[0], this.target.clientWidth) + 6 - left}px`;
    style.height = `${clip(to[1], this.target.clientHeight) + 6 - top}px`;
    this.dot.style.translate = `${(dot[0] ?? 0) - left}px ${(dot[1] ?? 0) - top}px`;
  }
}
