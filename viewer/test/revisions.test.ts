import { describe, expect, it } from 'vitest';
import { type Refresh, Revisions } from '../src/revisions.ts';

const refresh = (
  revision: number, y: number, x: number, height: number, width: number, indices: Refresh['indices'] = {},
): Refresh => ({ revision, region: { y, x, height, width }, indices });

const here = new Map<string, number>();
/** An image 1024 pixels wide: at zoom 2 a tile has 256. */
const at = (revisions: Revisions, z: number, x: number, y: number, axes = here): number =>
  revisions.of(10, z, x, y, axes);

function started(revision = 0): Revisions {
  const revisions = new Revisions();
  revisions.start(revision);
  return revisions;
}

describe('Revisions', () => {
  it('has none at first, or that of the description for every tile', () => {
    expect(at(started(), 2, 1, 1)).toBe(0);
    expect(at(started(3), 2, 1, 1)).toBe(3);
  });

  it('touches the tiles that a region overlaps, at every zoom', () => {
    const revisions = started();
    revisions.add(refresh(1, 256, 0, 256, 257));
    expect(at(revisions, 2, 0, 1)).toBe(1);
    expect(at(revisions, 2, 1, 1)).toBe(1);
    expect(at(revisions, 2, 2, 1)).toBe(0);
    expect(at(revisions, 2, 0, 0)).toBe(0);
    expect(at(revisions, 2, 0, 2)).toBe(0);
    expect(at(revisions, 0, 0, 0)).toBe(1);
    expect(at(revisions, 10, 256, 300)).toBe(1);
    expect(at(revisions, 10, 257, 300)).toBe(0);
  });

  it('gives the highest of those that touch', () => {
    const revisions = started(1);
    revisions.add(refresh(3, 0, 0, 10, 10));
    revisions.add(refresh(2, 0, 0, 1024, 1024));
    revisions.add(refresh(1, 0, 0, 1024, 1024));
    expect(at(revisions, 2, 0, 0)).toBe(3);
    expect(at(revisions, 2, 3, 3)).toBe(2);
  });

  it('keeps to the ranges of axes that are named', () => {
    const revisions = started();
    revisions.add(refresh(1, 0, 0, 1024, 1024, { t: [2, 4] }));
    const revisionAt = (t: number, z = 0) => at(revisions, 2, 0, 0, new Map([['t', t], ['z', z]]));
    expect([1, 2, 3, 4].map((t) => revisionAt(t))).toEqual([0, 1, 1, 0]);
    expect(revisionAt(2, 9)).toBe(1);
    revisions.add(refresh(2, 0, 0, 1024, 1024, { t: [0, 9], z: [9, 10] }));
    expect([revisionAt(2, 8), revisionAt(2, 9), revisionAt(8, 9)]).toEqual([1, 2, 2]);
  });

  it('remembers little, and forgets no change', () => {
    const revisions = started();
    for (let index = 0; index < 1000; index += 1) revisions.add(refresh(index + 1, 0, index, 1, 1));
    for (let index = 0; index < 1000; index += 1) {
      expect(at(revisions, 10, index, 0)).toBeGreaterThanOrEqual(index + 1);
      expect(at(revisions, 10, index, 1)).toBe(0);
    }
    expect(at(revisions, 10, 1000, 0)).toBe(0);
    // The last ones are as exact as they were.
    for (let index = 970; index < 1000; index += 1) expect(at(revisions, 10, index, 0)).toBe(index + 1);
    expect(Reflect.get(revisions, 'entries').length).toBeLessThanOrEqual(64);
  });

  it('needs one entry for a film in one place', () => {
    const revisions = started();
    revisions.add(refresh(1, 600, 600, 1, 1));
    for (let index = 2; index < 200; index += 1) revisions.add(refresh(index, 0, 0, 512, 512));
    expect(at(revisions, 2, 0, 0)).toBe(199);
    expect(at(revisions, 2, 2, 2)).toBe(1);
    expect(Reflect.get(revisions, 'entries').length).toBe(2);
  });

  it('takes every tile for changed where it missed something, and only there', () => {
    const revisions = started();
    revisions.add(refresh(1, 0, 0, 10, 10));
    expect(revisions.start(2), 'its event is still to come').toBe(false);
    revisions.doubt();
    expect(revisions.start(1)).toBe(false);
    expect(at(revisions, 2, 3, 3)).toBe(0);
    revisions.doubt();
    revisions.add(refresh(4, 0, 0, 10, 10));
    expect(revisions.start(3)).toBe(true);
    expect(at(revisions, 2, 0, 0)).toBe(4);
    expect(at(revisions, 2, 3, 3)).toBe(3);
  });

  it('hears of changes before it sees a description', () => {
    const revisions = new Revisions();
    revisions.add(refresh(4, 0, 0, 10, 10));
    revisions.start(3);
    expect(at(revisions, 2, 0, 0)).toBe(4);
    expect(at(revisions, 2, 3, 3)).toBe(3);
  });

  it('knows which change shows', () => {
    const change = refresh(1, 0, 0, 1, 1, { t: [0, 2] });
    expect([1, 2].map((t) => Revisions.shows(change, new Map([['t', t]])))).toEqual([true, false]);
  });
});
