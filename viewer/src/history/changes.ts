// What differs between two states, field by field: plain data, which can be gone back to and kept anywhere.

/** A state is fields of plain data, or of Maps from names or numbers to plain data. */
export type State = object;

export interface Change {
  readonly field: string;
  /** Of an entry, where the field is a Map. */
  readonly key: string | number | null;
  /** Null is no entry, where the field is a Map. */
  readonly from: unknown;
  readonly to: unknown;
}

const same = (one: unknown, other: unknown): boolean => one === other || JSON.stringify(one) === JSON.stringify(other);

const isAt = (field: string, key: Change['key']) => (change: Change): boolean => change.field === field && change.key === key;

export function differences(before: State, after: State): Change[] {
  const [old, now] = [before, after] as Record<string, unknown>[];
  const changes: Change[] = [];
  for (const field of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [from, to] = [old?.[field] ?? null, now?.[field] ?? null];
    if (from instanceof Map && to instanceof Map) {
      for (const key of new Set<string | number>([...from.keys(), ...to.keys()])) {
        const [one, other]: unknown[] = [from.get(key) ?? null, to.get(key) ?? null];
        if (!same(one, other)) changes.push({ field, key, from: one, to: other });
      }
    } else if (!same(from, to)) changes.push({ field, key: null, from, to });
  }
  return changes;
}

/** The state with these changes made, or unmade; whatever else has changed since stays as it is. */
export function applied<T extends State>(state: T, changes: readonly Change[], way: 'from' | 'to'): T {
  const next = { ...state } as Record<string, unknown>;
  for (const change of changes) {
    const { field, key } = change;
    const value = change[way];
    if (key === null) next[field] = value;
    else {
      const entries = new Map(next[field] as Map<string | number, unknown>);
      if (value === null) entries.delete(key);
      else entries.set(key, value);
      next[field] = entries;
    }
  }
  return next as T;
}

/** Both as one. What was changed there and back stays in it, so that what passes through its beginning is not torn. */
export function joined(first: readonly Change[], second: readonly Change[]): Change[] {
  const both = first.map((change) => ({ ...change, to: (second.find(isAt(change.field, change.key)) ?? change).to }));
  const more = second.filter(({ field, key }) => !first.some(isAt(field, key)));
  return [...both, ...more];
}

export const isNothing = (changes: readonly Change[]): boolean => changes.every(({ from, to }) => same(from, to));

export const overlap = (one: readonly Change[], other: readonly Change[]): boolean =>
  one.some(({ field, key }) => other.some(isAt(field, key)));
