// What a step changed, in a word or two for people.
import type { Change } from './changes.ts';

const WORDS: Record<string, string> = {
  vmin: 'window', vmax: 'window', windows: 'window', norm: 'scale', colours: 'colours of channels', marks: 'regions',
  compare: 'comparison', under: 'colour below the window', over: 'colour above the window', bad: 'colour of no value', inverted: 'inversion',
};

/** A field without a word of its own is called by its name. */
export function describeChanges(changes: readonly Change[]): string {
  const words = changes.map(({ field, key }) => (field === 'axes' || field === 'projections' ? String(key) : WORDS[field] ?? field));
  const several = [...new Set(words)];
  return several.length > 3 ? 'several changes' : several.join(', ');
}
