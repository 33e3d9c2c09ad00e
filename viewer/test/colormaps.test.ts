import { describe, expect, it } from 'vitest';
import { byCategory, isReversed, reversedName } from '../src/colormaps.ts';

const colormaps = [
  { name: 'own', category: 'ours' },
  { name: 'hsv', category: 'cyclic' },
  { name: 'viridis', category: 'sequential' },
  { name: 'viridis_r', category: 'sequential' },
];

describe('colormaps', () => {
  it('come by category, the usual ones first, no empty ones', () => {
    expect([...byCategory(colormaps)]).toEqual([
      ['sequential', ['viridis', 'viridis_r']], ['cyclic', ['hsv']], ['ours', ['own']],
    ]);
  });

  it('run backwards where the server has that', () => {
    expect(reversedName('viridis', colormaps)).toBe('viridis_r');
    expect(reversedName('viridis_r', colormaps)).toBe('viridis');
    expect(reversedName('own', colormaps)).toBeNull();
    expect(isReversed('viridis_r')).toBe(true);
  });
});
