import { describe, expect, it, vi } from 'vitest';
import type { LoadedTile } from '../src/tile-loader.ts';
import { TileCache, type Tile, TileStore } from '../src/tile-store.ts';

const bitmap = (side = 256): ImageBitmap => ({ width: side, height: side }) as ImageBitmap;
const read = () => Promise.resolve(bitmap());
const reports = { onProblem: vi.fn(), onConnection: vi.fn(), onProvisional: vi.fn() };

function store(final: boolean) {
  const asked: { address: string; signal: AbortSignal; answer: () => void }[] = [];
  const load = (address: string, signal: AbortSignal) => new Promise<LoadedTile<Tile>>((resolve, reject) => {
    asked.push({ address, signal, answer: () => resolve({ tile: bitmap(), final }) });
    signal.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')));
  });
  return { asked, tiles: new TileStore(reports, new TileCache(), load) };
}

describe('TileCache', () => {
  it('keeps what was used last', () => {
    const cache = new TileCache(Infinity, 2);
    for (const name of ['a', 'b']) cache.set(name, bitmap());
    cache.get('a');
    cache.set('c', bitmap());
    expect(['a', 'b', 'c'].map((name) => cache.get(name) !== undefined)).toEqual([true, false, true]);
  });

  it('keeps no more than so many bytes', () => {
    const cache = new TileCache(3 * 256 * 256 * 4);
    for (const name of ['a', 'b', 'c']) cache.set(name, bitmap());
    cache.set('a', bitmap());
    expect(cache.get('b')).toBeDefined();
    cache.set('d', bitmap());
    expect(['a', 'b', 'c', 'd'].filter((name) => !cache.get(name))).toEqual(['c']);
    cache.set('huge', bitmap(4096));
    expect(['a', 'b', 'c', 'd', 'huge'].filter((name) => cache.get(name))).toEqual([]);
  });
});

describe('TileStore', () => {
  const forever = new AbortController().signal;

  it('asks once for a final tile', async () => {
    const { asked, tiles } = store(true);
    const first = tiles.get('a', forever, read);
    asked[0]?.answer();
    expect(await tiles.get('a', forever, read)).toBe(await first);
    expect(await tiles.get('a', forever, read)).toBe(await first);
    expect(asked.length).toBe(1);
    tiles.clear();
    void tiles.get('a', forever, read);
    expect(asked.length).toBe(2);
  });

  it('asks again for a provisional one', async () => {
    const { asked, tiles } = store(false);
    const first = tiles.get('a', forever, read);
    asked[0]?.answer();
    await first;
    await Promise.resolve();
    void tiles.get('a', forever, read);
    expect(asked.length).toBe(2);
  });

  it('ends the work only when nobody waits, and then starts anew', async () => {
    const { asked, tiles } = store(true);
    const leave = [new AbortController(), new AbortController()];
    const waits = leave.map((one) => tiles.get('a', one.signal, read));
    leave[0]?.abort();
    await expect(waits[0]).rejects.toMatchObject({ name: 'AbortError' });
    expect(asked[0]?.signal.aborted).toBe(false);
    leave[1]?.abort();
    const again = tiles.get('a', forever, read);
    await expect(waits[1]).rejects.toMatchObject({ name: 'AbortError' });
    expect(asked[0]?.signal.aborted).toBe(true);
    asked[1]?.answer();
    expect(await again).toBeDefined();
    expect(asked.length).toBe(2);
  });
});
