import { describe, expect, it } from 'vitest';
import { applied, differences, isNothing, joined } from '../src/history/changes.ts';
import { History, MOST_STEPS, type Origin } from '../src/history/history.ts';
import { type Shown, Undo } from '../src/history/undo.ts';
import { describeChanges } from '../src/history/words.ts';
import { plainLabels } from '../src/labels/state.ts';
import { newMark } from '../src/regions/mark.ts';
import { defaultDisplay } from '../src/state.ts';

const shown = (change: Partial<Shown> = {}): Shown => ({ ...defaultDisplay(), marks: [], box: null, labels: plainLabels(), compare: '', ...change });
const rectangle = newMark([], 'rectangle', [[1, 2], [3, 4]]);
let gestures = 0;
const alone = (change: Partial<Origin> = {}): Origin => ({ gesture: `hand ${gestures += 1}`, quick: false, at: 0, ...change });

const key = (at: number): Origin => alone({ quick: true, at });

describe('changes', () => {
  const one = shown({ vmin: 1, axes: new Map([['t', 3]]), windows: new Map([[0, [1, 2]]]) });
  const other = shown({ vmin: 2, axes: new Map([['z', 1]]), windows: new Map([[0, [1, 2]], [3, [5, 6]]]), marks: [rectangle] });
  const changes = differences(one, other);

  it('are plain data, field by field and entry by entry', () => {
    expect(changes).toEqual([
      { field: 'vmin', key: null, from: 1, to: 2 },
      { field: 'axes', key: 't', from: 3, to: null },
      { field: 'axes', key: 'z', from: null, to: 1 },
      { field: 'windows', key: 3, from: null, to: [5, 6] },
      { field: 'marks', key: null, from: [], to: [rectangle] },
    ]);
    expect(JSON.parse(JSON.stringify(changes))).toEqual(changes);
  });

  it('are made and unmade, and leave everything else', () => {
    expect(applied(one, changes, 'to')).toEqual(other);
    expect(applied(other, changes, 'from')).toEqual(one);
    const elsewhere = { ...other, gamma: 2, axes: new Map([['z', 1], ['c', 7]]) };
    expect(applied(elsewhere, changes, 'from')).toEqual({ ...one, gamma: 2, axes: new Map([['t', 3], ['c', 7]]) });
  });

  it('are joined, and nothing of there and back', () => {
    const [a, b, c] = [shown({ vmin: 1 }), shown({ vmin: 2 }), shown({ vmin: 2, norm: 'log' })];
    expect(joined(differences(a, b), differences(b, c))).toEqual(differences(a, c));
    expect(isNothing(joined(differences(a, b), differences(b, c)))).toBe(false);
    expect(isNothing(joined(differences(a, b), differences(b, a)))).toBe(true);
  });

  it('are called what people call them', () => {
    expect(describeChanges(changes)).toBe('several changes');
    expect(describeChanges(differences(one, { ...one, vmin: 5, vmax: 8 }))).toBe('window');
    expect(describeChanges(differences(one, { ...one, axes: new Map() }))).toBe('t');
  });
});

describe('history', () => {
  it('goes back and forth in the order of doing', () => {
    const history = new History<Shown>();
    const [a, b, c] = [shown(), shown({ colormap: 'magma' }), shown({ colormap: 'magma', marks: [rectangle] })];
    history.record(a, b, alone());
    history.record(b, c, alone());
    expect(history.undo(c)?.state).toEqual(b);
    expect(history.undo(b)?.state).toEqual(a);
    expect(history.undo(a)).toBeNull();
    expect(history.redo(a)?.state).toEqual(b);
    history.record(b, shown({ colormap: 'gray' }), alone());
    expect(history.canRedo).toBe(false);
  });

  it('has one step for one gesture, however long it takes', () => {
    const history = new History<Shown>();
    const drag = alone();
    // The first movement of one end fixes the other one, too.
    history.record(shown(), shown({ vmin: 0, vmax: 5 }), drag);
    for (let value = 5; value < 50; value += 1) history.record(shown({ vmin: 0, vmax: value }), shown({ vmin: 0, vmax: value + 1 }), { ...drag, at: 1000 * value });
    expect(history.undo(shown({ vmin: 0, vmax: 50 }))?.state).toEqual(shown());
    expect(history.canUndo).toBe(false);
  });

  it('has one step for keys that follow each other, but only of what is approached little by little', () => {
    const history = new History<Shown>();
    history.record(shown(), shown({ gamma: 1.1 }), key(0));
    history.record(shown({ gamma: 1.1 }), shown({ gamma: 1.2 }), key(300));
    history.record(shown({ gamma: 1.2 }), shown({ gamma: 1.3 }), key(2000));
    expect(history.undo(shown({ gamma: 1.3 }))?.state.gamma).toBe(1.2);
    expect(history.undo(shown({ gamma: 1.2 }))?.state.gamma).toBeNull();
    history.record(shown(), shown({ colormap: 'magma' }), key(3000));
    history.record(shown({ colormap: 'magma' }), shown({ colormap: 'gray' }), key(3100));
    expect(history.undo(shown({ colormap: 'gray' }))?.state.colormap).toBe('magma');
  });

  it('keeps two fields of one gesture apart, as a field that is left by pressing a button', () => {
    const history = new History<Shown>();
    const press = alone();
    history.record(shown(), shown({ vmin: 3 }), press);
    history.record(shown({ vmin: 3 }), shown({ vmin: 3, inverted: true }), press);
    expect(history.undo(shown({ vmin: 3, inverted: true }))?.state).toEqual(shown({ vmin: 3 }));
  });

  it('has no step for what a stroke took back, and none is joined to what was undone', () => {
    const history = new History<Shown>();
    const stroke = alone();
    const box = { x: 1, y: 1, width: 2, height: 2 };
    history.record(shown(), shown({ box }), stroke);
    history.record(shown({ box }), shown(), stroke);
    expect(history.canUndo).toBe(false);
    history.record(shown(), shown({ box }), stroke);
    history.record(shown({ box }), shown({ box, gamma: 2 }), stroke);
    expect(history.undo(shown({ box, gamma: 2 }))?.state).toEqual(shown({ box }));
    history.record(shown({ box }), shown({ box: { ...box, x: 9 } }), stroke);
    expect(history.undo(shown({ box: { ...box, x: 9 } }))?.state).toEqual(shown({ box }));
  });

  it('passes over what changes nothing any more', () => {
    const history = new History<Shown>();
    history.record(shown(), shown({ norm: 'log' }), alone());
    history.record(shown({ norm: 'log' }), shown({ norm: 'log', axes: new Map([['t', 1]]) }), alone());
    expect(history.undo(shown({ norm: 'log' }))?.state).toEqual(shown());
  });

  it('is bounded', () => {
    const history = new History<Shown>();
    for (let value = 0; value < MOST_STEPS + 50; value += 1) history.record(shown({ vmin: value }), shown({ vmin: value + 1 }), alone());
    let state = shown({ vmin: MOST_STEPS + 50 });
    let steps = 0;
    for (let step = history.undo(state); step; step = history.undo(state)) {
      ({ state } = step);
      steps += 1;
    }
    expect(steps).toBe(MOST_STEPS);
    expect(state.vmin).toBe(50);
  });
});

/** A page that shows something. */
class FakePage {
  now = shown();
  private readonly hands = new EventTarget();
  readonly undo = new Undo({ shown: () => this.now, restore: (state) => { this.now = state; }, onChange: () => undefined }, this.hands);

  constructor() {
    this.undo.open('a');
  }

  byHand(change: Partial<Shown>): void {
    for (const type of ['pointerdown', 'pointerup']) this.hands.dispatchEvent(Object.assign(new Event(type), { isPrimary: true }));
    this.now = { ...this.now, ...change };
    this.undo.note();
  }

  byServer(change: Partial<Shown>): void {
    this.undo.together('server', () => {
      this.now = { ...this.now, ...change };
      // As the box does of itself.
      this.undo.note();
    });
  }
}

describe('undo of a page', () => {
  it('has one order for the display and the regions', () => {
    const page = new FakePage();
    page.byHand({ vmin: 3 });
    page.byHand({ marks: [rectangle] });
    page.byHand({ box: { x: 0, y: 0, width: 5, height: 5 } });
    expect([page.undo.undo(), page.undo.undo(), page.undo.undo(), page.undo.undo()]).toEqual(['box', 'regions', 'window', null]);
    expect(page.now).toEqual(shown());
    expect([page.undo.redo(), page.undo.redo()]).toEqual(['window', 'regions']);
    expect(page.now).toEqual(shown({ vmin: 3, marks: [rectangle] }));
  });

  it('has no step for a play-back, which stays where it is', () => {
    const page = new FakePage();
    page.byHand({ colormap: 'magma' });
    for (let index = 1; index < 9; index += 1) {
      page.now = shown({ ...page.now, axes: new Map([['t', index]]) });
      page.undo.pass();
    }
    expect(page.undo.undo()).toBe('colormap');
    expect(page.now).toEqual(shown({ axes: new Map([['t', 8]]) }));
    expect(page.undo.canUndo).toBe(false);
  });

  it('has one step for what the server says again and again', () => {
    const page = new FakePage();
    page.byHand({ vmin: 3 });
    for (let value = 0; value < 300; value += 1) page.byServer({ vmin: value, norm: 'log' });
    expect(page.undo.undo()).toBe('window, scale');
    expect(page.now).toEqual(shown({ vmin: 3 }));
    expect(page.undo.undo()).toBe('window');
  });

  it('has no step for what the server said when the image was opened', () => {
    const page = new FakePage();
    page.undo.together(null, () => { page.now = shown({ vmax: 9 }); });
    expect(page.undo.canUndo).toBe(false);
    page.byHand({ vmin: 3 });
    expect([page.undo.undo(), page.undo.undo()]).toEqual(['window', null]);
    expect(page.now).toEqual(shown({ vmax: 9 }));
  });

  it('is kept for each image, and brings back what was left', () => {
    const page = new FakePage();
    page.byHand({ colormap: 'magma' });
    page.undo.close();
    page.now = shown();
    page.undo.open('b');
    expect(page.undo.canUndo).toBe(false);
    page.byHand({ gamma: 2 });
    page.undo.close();
    // Without what was chosen, as the next image of a gallery is.
    page.now = shown();
    page.undo.open('a');
    expect(page.undo.undo()).toBe('colormap');
    expect(page.now).toEqual(shown({ colormap: 'magma' }));
    expect(page.undo.undo()).toBe('colormap');
    expect(page.now).toEqual(shown());
    page.undo.forget('a');
    page.undo.close();
    page.undo.open('a');
    expect(page.undo.canUndo).toBe(false);
  });
});
