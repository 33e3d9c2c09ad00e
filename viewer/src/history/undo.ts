// Undo and redo of what is shown, image by image: the display, the regions, the box and what is compared, in the order of
// doing. Where the view is, is not undone.
import type { LabelsState } from '../labels/state.ts';
import type { Mark } from '../regions/mark.ts';
import type { Region } from '../revisions.ts';
import type { Display } from '../state.ts';
import { Gesture } from './gesture.ts';
import { History, type Origin } from './history.ts';
import { describeChanges } from './words.ts';

/** All that can be undone: a field that is added here or to the display needs nothing else. */
export interface Shown extends Display {
  marks: readonly Mark[];
  box: Region | null;
  labels: LabelsState;
  /** What is compared, as text; empty where nothing is. */
  compare: string;
}

export interface UndoEvents {
  /** What is shown; null while there is nothing. */
  shown(): Shown | null;
  restore(state: Shown): void;
  /** Whether there is something to undo or redo may be another. */
  onChange(): void;
}

/**
 * The server's `set` is a step like another, since who sits at the screen may not have wanted it. Those that follow one
 * another and change the same are one step, or an animation from outside would leave no other. A link that is followed
 * is a step of its own.
 */
type Source = 'hand' | 'server' | 'link';

interface Past {
  readonly history: History<Shown>;
  /** As it was shown when the image was left. */
  left: Shown | null;
}

export class Undo {
  private readonly pasts = new Map<string, Past>();
  private readonly gesture: Gesture;
  private past: Past | null = null;
  private last: Shown | null = null;
  private links = 0;
  private quiet = false;

  constructor(private readonly events: UndoEvents, page: EventTarget = document) {
    this.gesture = new Gesture(page);
  }

  get canUndo(): boolean {
    return this.past?.history.canUndo ?? false;
  }

  get canRedo(): boolean {
    return this.past?.history.canRedo ?? false;
  }

  /** An image is shown. If it was before, what differs from then is a step: to undo it brings back what was left. */
  open(image: string): void {
    this.past = this.pasts.get(image) ?? { history: new History(), left: null };
    this.pasts.set(image, this.past);
    this.last = this.past.left;
    if (this.last) this.note('link');
    else this.pass();
    this.events.onChange();
  }

  close(): void {
    if (this.past) this.past.left = this.events.shown();
    this.past = null;
    this.last = null;
    this.events.onChange();
  }

  /** Another image has that id; without one, all are others. */
  forget(image?: string): void {
    if (image === undefined) this.pasts.clear();
    else this.pasts.delete(image);
  }

  /** What is shown has changed: a step, or more of the last one. */
  note(source: Source = 'hand'): void {
    const now = this.quiet ? null : this.events.shown();
    if (!now || !this.past) return;
    if (this.last) this.past.history.record(this.last, now, this.origin(source));
    this.last = now;
    this.events.onChange();
  }

  /** What is shown has changed by itself, as in a play-back: that is no step. */
  pass(): void {
    this.last = this.events.shown() ?? this.last;
  }

  /** Whatever `change` changes is one step; null is none. */
  together(source: Source | null, change: () => void): void {
    this.quietly(change);
    if (source) this.note(source);
    else this.pass();
  }

  /** Undoes the last step, and says what that was; null where there is nothing to undo. */
  undo(): string | null {
    return this.go('undo');
  }

  redo(): string | null {
    return this.go('redo');
  }

  private go(way: 'undo' | 'redo'): string | null {
    const now = this.events.shown();
    const step = now && this.past?.history[way](now);
    if (step) this.quietly(() => this.events.restore(step.state));
    this.pass();
    this.events.onChange();
    return step ? describeChanges(step.changes) : null;
  }

  private quietly(change: () => void): void {
    this.quiet = true;
    try {
      change();
    } finally {
      this.quiet = false;
    }
  }

  private origin(source: Source): Origin {
    const at = performance.now();
    if (source === 'hand') return { ...this.gesture.now(), at };
    if (source === 'server') return { gesture: 'server', quick: false, at };
    this.links += 1;
    return { gesture: `link ${this.links}`, quick: false, at };
  }
}
