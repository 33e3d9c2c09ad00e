import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { loadTile } from '../src/tile-loader.ts';
import { HttpTransport, setTransport } from '../src/transport.ts';

let reachable: boolean;
let asked: number;
let connected: boolean[];

const reports = {
  onConnection: (is: boolean) => void connected.push(is),
  onProblem: () => undefined,
  onProvisional: () => undefined,
};
const load = (signal: AbortSignal): Promise<unknown> => loadTile('0/0/0.png', signal, reports, (response) => response.text());

beforeEach(() => {
  vi.useFakeTimers();
  [reachable, asked, connected] = [false, 0, []];
  setTransport(Object.assign(new HttpTransport(), {
    request: () => {
      asked += 1;
      return reachable ? Promise.resolve(new Response('tile')) : Promise.reject(new TypeError('failed to fetch'));
    },
  }));
});

afterEach(() => {
  vi.useRealTimers();
  setTransport(new HttpTransport());
});

test('a tile is asked for until the server is back', async () => {
  const loading = load(new AbortController().signal);
  await vi.advanceTimersByTimeAsync(5000);
  reachable = true;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await loading).toEqual({ tile: 'tile', final: true });
  expect(connected.at(-1)).toBe(true);
});

test('the connection is found again where nobody wants the tile any more that told of its loss', async () => {
  const controllers = [new AbortController(), new AbortController()];
  const loading = controllers.map(({ signal }) => load(signal).catch((error: unknown) => (error as Error).name));
  await vi.advanceTimersByTimeAsync(100);
  expect(connected).toEqual([false, false]);
  for (const controller of controllers) controller.abort();
  expect(await Promise.all(loading)).toEqual(['AbortError', 'AbortError']);
  const before = asked;
  await vi.advanceTimersByTimeAsync(4000);
  expect(asked - before, 'one of them goes on asking').toBeGreaterThanOrEqual(2);
  expect(asked - before).toBeLessThanOrEqual(4);
  expect(connected.at(-1)).toBe(false);
  reachable = true;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(connected.at(-1)).toBe(true);
  const after = asked;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toBe(after);
});

test('a tile that is not wanted any more leaves a connection that was never lost alone', async () => {
  const controller = new AbortController();
  reachable = true;
  const loading = load(controller.signal);
  await vi.advanceTimersByTimeAsync(1);
  await loading;
  controller.abort();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toBe(1);
});
