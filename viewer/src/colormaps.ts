// Names of colormaps: their families, and the same colours backwards (`viridis`, `viridis_r`).
import type { Colormap } from './api.ts';

const CATEGORIES = ['sequential', 'diverging', 'cyclic', 'qualitative', 'miscellaneous'];

export const isReversed = (name: string): boolean => name.endsWith('_r');

/** The map of the same colours backwards, or null where the server has none. */
export function reversedName(name: string, colormaps: readonly Colormap[]): string | null {
  const other = isReversed(name) ? name.slice(0, -2) : `${name}_r`;
  return colormaps.some((colormap) => colormap.name === other) ? other : null;
}

/** Names by category: the usual ones first, then whatever else the server has. */
export function byCategory(colormaps: readonly Colormap[]): Map<string, string[]> {
  const groups = new Map<string, string[]>(CATEGORIES.map((category) => [category, []]));
  for (const { name, category } of colormaps) {
    const group = groups.get(category);
    if (group) group.push(name);
    else groups.set(category, [name]);
  }
  for (const [category, names] of groups) {
    if (names.length === 0) groups.delete(category);
  }
  return groups;
}
