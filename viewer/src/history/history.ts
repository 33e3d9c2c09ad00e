// Steps that were taken, to go back and forth upon.
import { applied, type Change, differences, isNothing, joined, overlap, type State } from './changes.ts';

/** What a change belongs to. Changes of one origin may be one step. */
export interface Origin {
  /** The same for all that one movement of the hand does; for what the server says, always the same. */
  readonly gesture: string;
  /** Whether changes that come quickly after it are part of it, though the gesture is another. */
  readonly quick: boolean;
  /** In milliseconds. */
  readonly at: number;
}

interface Step {
  readonly changes: readonly Change[];
  readonly origin: Origin;
}

export const MOST_STEPS = 200;
const QUICK_MILLISECONDS = 800;

/** Of values that are approached by many small changes; one colormap after another is many choices. */
const GRADUAL = new Set(['vmin', 'vmax', 'windows', 'gamma', 'opacity', 'axes', 'box', 'colours', 'under', 'over', 'bad']);

function isOne(last: Step, changes: readonly Change[], origin: Origin): boolean {
  if (!overlap(last.changes, changes)) return false;
  if (origin.gesture === last.origin.gesture) return true;
  return origin.quick && last.origin.quick && origin.at - last.origin.at <= QUICK_MILLISECONDS
    && changes.every(({ field }) => GRADUAL.has(field));
}

export class History<T extends State> {
  private before: Step[] = [];
  private after: Step[] = [];
  /** Whether the last step may still grow. */
  private open = false;

  get canUndo(): boolean {
    return this.before.length > 0;
  }

  get canRedo(): boolean {
    return this.after.length > 0;
  }

  record(from: T, to: T, origin: Origin): void {
    const changes = differences(from, to);
    if (changes.length === 0) return;
    const last = this.before.at(-1);
    const grows = this.open && last !== undefined && isOne(last, changes, origin);
    const step = { changes: grows ? joined(last.changes, changes) : changes, origin };
    if (grows) this.before.pop();
    if (!isNothing(step.changes)) this.before.push(step);
    this.before = this.before.slice(-MOST_STEPS);
    this.after = [];
    this.open = true;
  }

  /** The state before the last step, and what differs in it; null where there is none. */
  undo(now: T): { state: T; changes: readonly Change[] } | null {
    return this.go(now, 'from');
  }

  redo(now: T): { state: T; changes: readonly Change[] } | null {
    return this.go(now, 'to');
  }

  /** A step that would change nothing is passed over: a play-back, say, has undone it already. */
  private go(now: T, way: 'from' | 'to'): { state: T; changes: readonly Change[] } | null {
    const [source, target] = way === 'from' ? [this.before, this.after] : [this.after, this.before];
    this.open = false;
    for (let step = source.pop(); step; step = source.pop()) {
      target.push(step);
      const state = applied(now, step.changes, way);
      const changes = differences(now, state);
      if (changes.length > 0) return { state, changes };
    }
    return null;
  }
}
