// Which tiles changed: what the server said of parts of an image, so that no other tile gets another address.

/** In image pixels, from the top left corner. */
export interface Region {
  y: number;
  x: number;
  height: number;
  width: number;
}

export interface Refresh {
  revision: number;
  region: Region;
  /** Half-open ranges of extra axes; at all of an axis that is not named. */
  indices: Readonly<Record<string, readonly [number, number]>>;
}

interface Entry {
  revision: number;
  left: number;
  top: number;
  right: number;
  bottom: number;
  indices: ReadonlyMap<string, readonly [number, number]>;
}

const MOST_ENTRIES = 64;

function entryOf({ revision, region, indices }: Refresh): Entry {
  const { x, y, width, height } = region;
  return { revision, left: x, top: y, right: x + width, bottom: y + height, indices: new Map(Object.entries(indices)) };
}

function covers(outer: Entry, inner: Entry): boolean {
  if (outer.left > inner.left || outer.top > inner.top) return false;
  if (outer.right < inner.right || outer.bottom < inner.bottom) return false;
  return [...outer.indices].every(([name, [from, to]]) => {
    const other = inner.indices.get(name);
    return other !== undefined && from <= other[0] && to >= other[1];
  });
}

/** All that either touches, and a little more. */
function union(one: Entry, other: Entry): Entry {
  const indices = new Map<string, readonly [number, number]>();
  for (const [name, [from, to]] of one.indices) {
    const range = other.indices.get(name);
    if (range) indices.set(name, [Math.min(from, range[0]), Math.max(to, range[1])]);
  }
  return {
    revision: Math.max(one.revision, other.revision),
    left: Math.min(one.left, other.left),
    top: Math.min(one.top, other.top),
    right: Math.max(one.right, other.right),
    bottom: Math.max(one.bottom, other.bottom),
    indices,
  };
}

/** What is known of one image's changes. */
export class Revisions {
  private base = 0;
  private highest = 0;
  /** What was heard of before others may have been missed; null where nothing was missed. */
  private certain: number | null = -1;
  private entries: Entry[] = [];

  /**
   * A description says that the image is at `revision`. Where nothing was missed that is known already; otherwise every
   * tile may have changed. True if they did.
   */
  start(revision: number): boolean {
    const missed = this.certain !== null && revision > this.certain;
    this.certain = null;
    if (!missed) return false;
    const grown = revision > this.base;
    this.base = Math.max(this.base, revision);
    this.highest = Math.max(this.highest, revision);
    this.entries = this.entries.filter((entry) => entry.revision > this.base);
    return grown;
  }

  /** Changes may have been missed. */
  doubt(): void {
    this.certain ??= this.highest;
  }

  add(refresh: Refresh): void {
    if (refresh.revision <= this.base) return;
    const entry = entryOf(refresh);
    this.highest = Math.max(this.highest, entry.revision);
    const others = this.entries.filter((old) => old.revision > entry.revision || !covers(entry, old));
    this.entries = [...others, entry].sort((a, b) => a.revision - b.revision);
    if (this.entries.length > MOST_ENTRIES) {
      // Many at once: each time that it is done, tiles between the regions get another address for nothing.
      const old = this.entries.splice(0, MOST_ENTRIES / 2);
      this.entries.unshift(old.reduce(union));
    }
  }

  /** Whether a change shows at these indices. */
  static shows({ indices }: Refresh, axes: ReadonlyMap<string, number>): boolean {
    return Object.entries(indices).every(([name, range]) => within(range, axes.get(name)));
  }

  /**
   * The revision of tile (x, y) at the indices of `axes`, which names every extra axis; 0 is none. The tile is of zoom z,
   * or of two: along rows, and along columns.
   */
  of(maxZoom: number, z: number | readonly [number, number], x: number, y: number, axes: ReadonlyMap<string, number>): number {
    const [across, down] = (typeof z === 'number' ? [z, z] as const : z).map((zoom) => 2 ** (maxZoom - zoom)) as [number, number];
    const touching = this.entries.filter((entry) =>
      entry.left < (x + 1) * across && entry.right > x * across && entry.top < (y + 1) * down && entry.bottom > y * down
      && [...entry.indices].every(([name, range]) => within(range, axes.get(name))));
    return touching.at(-1)?.revision ?? this.base;
  }
}

/** An axis that is not known might be any: better one tile too many than an old one. */
const within = ([from, to]: readonly [number, number], index: number | undefined): boolean =>
  index === undefined || (index >= from && index < to);
