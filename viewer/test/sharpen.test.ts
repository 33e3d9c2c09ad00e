import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ImageInfo } from '../src/api.ts';
import { Sharpener } from '../src/sharpen.ts';

const description = (provisional: boolean, ...states: string[]): ImageInfo =>
  ({ id: 'a', provisional, levels: states.map((state, level) => ({ level, state })) }) as unknown as ImageInfo;

describe('Sharpener', () => {
  let answers: ImageInfo[];
  let asked: number;
  const actions = { onInfo: vi.fn(), reload: vi.fn(), onStateChange: vi.fn() };

  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal('document', { baseURI: 'http://test.invalid/' });
    asked = 0;
    for (const spy of Object.values(actions)) spy.mockReset();
    vi.stubGlobal('fetch', () => {
      asked += 1;
      const next = answers.shift();
      return next ? Promise.resolve(Response.json(next)) : Promise.reject(new TypeError('unreachable'));
    });
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it('asks for the tiles again at each level that is ready, and no more when all are', async () => {
    answers = [
      description(true, 'ready', 'provisional', 'provisional'),
      description(true, 'ready', 'ready', 'provisional'),
      description(true, 'ready', 'ready', 'provisional'),
      description(false, 'ready', 'ready', 'ready'),
    ];
    const info = answers.shift() as ImageInfo;
    const sharpener = new Sharpener(actions);
    sharpener.watch(info, new AbortController().signal);
    expect(sharpener.busy).toBe(true);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(asked).toBe(3);
    expect(actions.reload).toHaveBeenCalledTimes(2);
    expect(sharpener.busy).toBe(false);
  });

  it('reloads what a tile calls provisional, though the image itself is not', async () => {
    answers = [];
    const sharpener = new Sharpener(actions);
    sharpener.watch(description(false, 'ready'), new AbortController().signal);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(actions.reload).not.toHaveBeenCalled();
    sharpener.tileIsProvisional();
    sharpener.tileIsProvisional();
    expect(sharpener.busy).toBe(true);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(actions.reload).toHaveBeenCalledTimes(1);
    sharpener.tileIsProvisional();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(actions.reload).toHaveBeenCalledTimes(2);
    expect(asked).toBe(0);
  });

  it('does not wait when it is woken', async () => {
    answers = [description(true, 'ready', 'provisional'), description(false, 'ready', 'ready')];
    const sharpener = new Sharpener(actions);
    sharpener.watch(description(true, 'provisional', 'provisional'), new AbortController().signal);
    await vi.advanceTimersByTimeAsync(10);
    sharpener.wake();
    await vi.advanceTimersByTimeAsync(1);
    expect(actions.reload).toHaveBeenCalledTimes(1);
    sharpener.wake();
    await vi.advanceTimersByTimeAsync(1);
    expect(actions.reload).toHaveBeenCalledTimes(2);
    expect(sharpener.busy).toBe(false);
    sharpener.wake();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(asked).toBe(2);
  });

  it('bears a server that is away, and asks it ever more slowly', async () => {
    answers = [];
    const leave = new AbortController();
    new Sharpener(actions).watch(description(true, 'provisional'), leave.signal);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toBeGreaterThan(8);
    expect(asked).toBeLessThan(20);
    leave.abort();
    const last = asked;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toBe(last);
    expect(actions.reload).not.toHaveBeenCalled();
  });
});
