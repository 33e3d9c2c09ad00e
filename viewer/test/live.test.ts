import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Live, newClient } from '../src/live.ts';
import type { ShownState } from '../src/settings.ts';
import { type Ask, type EventHandlers, HttpTransport, setTransport } from '../src/transport.ts';

describe('Live', () => {
  let streams: EventHandlers[];
  let posts: { target: string; ask: Ask | undefined }[];
  let status: number;
  let zoom: number;
  let live: Live;
  const events = {
    onHello: vi.fn(), onOtherServer: vi.fn(), onRefresh: vi.fn(), onSet: vi.fn(), onLevels: vi.fn(), onImages: vi.fn(),
    onScreenshot: vi.fn(() => Promise.resolve(null)), onClosed: vi.fn(), state: () => ({ zoom }) as ShownState,
  };
  const send = (name: string, data: object): void => streams.at(-1)?.on[name]?.(JSON.stringify(data));
  const greet = (server = 'one', more: object = {}): void => send('hello', { server, live: true, settings: {}, ...more });

  beforeEach(() => {
    vi.useFakeTimers();
    for (const mock of Object.values(events)) if (vi.isMockFunction(mock)) mock.mockClear();
    [streams, posts, status, zoom] = [[], [], 204, 0];
    setTransport(Object.assign(new HttpTransport(), {
      events: (_target: string, handlers: EventHandlers) => {
        streams.push(handlers);
        return { close: () => undefined };
      },
      request: (target: string, ask?: Ask) => {
        posts.push({ target, ask });
        return Promise.resolve(new Response(null, { status }));
      },
    }));
    live = new Live(events);
    live.start();
  });
  afterEach(() => {
    setTransport(new HttpTransport());
    vi.useRealTimers();
  });

  it('makes a name of 32 hex digits', () => {
    expect(newClient()).toMatch(/^[0-9a-f]{32}$/);
    expect(newClient()).not.toBe(newClient());
  });

  it('hears what there is, and passes over nonsense', () => {
    greet();
    send('refresh', { image: 'a', revision: 2, region: { y: 0, x: 1, height: 2, width: 3 }, indices: { t: [0, 1] } });
    expect(events.onRefresh).toHaveBeenCalledWith(
      'a', { revision: 2, region: { y: 0, x: 1, height: 2, width: 3 }, indices: { t: [0, 1] } });
    send('set', { image: 'a', zoom: 1 });
    send('set', { image: 'a', colormap: 'magma' });
    expect(events.onSet).toHaveBeenLastCalledWith('a', { colormap: 'magma' });
    expect(live.settings.get('a')).toMatchObject({ zoom: 1, colormap: 'magma' });
    streams[0]?.on['levels']?.('not JSON');
    streams[0]?.on['levels']?.('7');
    expect(events.onLevels).not.toHaveBeenCalled();
  });

  it('tells servers apart', () => {
    greet();
    greet();
    expect(events.onOtherServer).not.toHaveBeenCalled();
    greet('two');
    expect(events.onOtherServer).toHaveBeenCalledTimes(1);
    expect(events.onHello).toHaveBeenCalledTimes(2);
  });

  it('tells the last state, no more than ten times a second, and nothing twice', async () => {
    live.tell();
    await vi.advanceTimersByTimeAsync(1000);
    expect(posts.length).toBe(0);
    greet();
    for (let index = 0; index < 100; index += 1) {
      zoom = index;
      live.tell();
      await vi.advanceTimersByTimeAsync(10);
    }
    await vi.advanceTimersByTimeAsync(1000);
    expect(posts.length).toBeLessThanOrEqual(11);
    expect(posts.at(-1)).toMatchObject({
      target: 'live/state', ask: { method: 'POST', type: 'application/json', body: '{"zoom":99}' },
    });
    const { length } = posts;
    live.tell();
    await vi.advanceTimersByTimeAsync(1000);
    expect(posts.length).toBe(length);
  });

  it('stops telling a server that refuses, until the next hello', async () => {
    status = 403;
    greet();
    await vi.advanceTimersByTimeAsync(5000);
    zoom = 1;
    live.tell();
    await vi.advanceTimersByTimeAsync(5000);
    expect(posts.length).toBe(1);
    greet();
    await vi.advanceTimersByTimeAsync(5000);
    expect(posts.length).toBe(2);
  });

  it('tells a busy server again', async () => {
    status = 503;
    greet();
    await vi.advanceTimersByTimeAsync(1000);
    status = 204;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(posts.length).toBe(2);
  });

  it('does without where there is no stream', async () => {
    streams[0]?.lost(true);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(streams.length).toBe(1);
  });

  it('comes back to a server that had a stream, but not after its end', async () => {
    greet();
    streams[0]?.lost(true);
    await vi.advanceTimersByTimeAsync(2000);
    expect(streams.length).toBe(2);
    greet();
    send('closed', {});
    expect(events.onClosed).toHaveBeenCalledTimes(1);
    streams[1]?.lost(true);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(streams.length).toBe(2);
  });
});
