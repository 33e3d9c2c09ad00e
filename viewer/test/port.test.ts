import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PortTransport } from '../src/port.ts';

interface Message {
  id: number;
  abort?: boolean;
  method: string;
  target: string;
  type: string | null;
  body: ArrayBuffer | null;
}

const bytes = (text: string): ArrayBuffer => new TextEncoder().encode(text).buffer;
const text = (buffer: ArrayBuffer | null): string => new TextDecoder().decode(buffer ?? undefined);

describe('PortTransport', () => {
  let channel: MessageChannel;
  let asked: Message[];
  let answer: (message: Message) => void;
  let transport: PortTransport;
  const send = (message: object): void => channel.port2.postMessage(message);
  const seen = (count: number) => vi.waitFor(() => expect(asked.length).toBeGreaterThanOrEqual(count));

  beforeEach(() => {
    channel = new MessageChannel();
    asked = [];
    answer = () => undefined;
    channel.port2.addEventListener('message', ({ data }: MessageEvent<Message>) => {
      asked.push(data);
      answer(data);
    });
    channel.port2.start();
    transport = new PortTransport(Promise.resolve(channel.port1));
  });
  afterEach(() => {
    channel.port1.close();
    channel.port2.close();
  });

  it('builds a response from the answer', async () => {
    answer = ({ id, target }) =>
      send({ id, status: 200, headers: { 'content-type': 'text/plain', 'x-a': '1' }, body: bytes(target), more: false });
    const [one, two] = await Promise.all([transport.request('images'), transport.request('images/a?v=5')]);
    expect(one.headers.get('X-A')).toBe('1');
    expect([await one.text(), await two.text()]).toEqual(['images', 'images/a?v=5']);
    expect(asked[0]).toEqual({ id: 1, method: 'GET', target: 'images', type: null, body: null });
  });

  it('sends a body, and takes an answer without any', async () => {
    answer = ({ id }) => send({ id, status: 204, headers: {}, body: new ArrayBuffer(0), more: false });
    const body = '{"zoom": 1}';
    const response = await transport.request('live/state', { method: 'POST', type: 'application/json', body });
    expect(response.status).toBe(204);
    expect(asked[0]).toMatchObject({ method: 'POST', type: 'application/json' });
    expect(text(asked[0]?.body ?? null)).toBe(body);
  });

  it('says that nobody waits any more', async () => {
    const work = new AbortController();
    const answered = transport.request('images', { signal: work.signal });
    await seen(1);
    work.abort();
    await expect(answered).rejects.toMatchObject({ name: 'AbortError' });
    await seen(2);
    expect(asked[1]).toEqual({ id: 1, abort: true });
    // Too late: it is passed over.
    send({ id: 1, status: 200, headers: {}, body: bytes('a'), more: false });
    await expect(transport.request('images', { signal: work.signal })).rejects.toMatchObject({ name: 'AbortError' });
    expect(asked.length).toBe(2);
  });

  it('fails as fetch does where the server is out of reach', async () => {
    answer = ({ id }) => send({ id, status: 0, headers: {}, body: null, more: false });
    await expect(transport.request('images')).rejects.toBeInstanceOf(TypeError);
  });

  it('puts a streamed body together', async () => {
    answer = ({ id }) => {
      send({ id, status: 200, headers: {}, body: bytes('a'), more: true });
      send({ id, body: bytes('bc'), more: true });
      send({ id, body: bytes('d'), more: false });
    };
    expect(await (await transport.request('images')).text()).toBe('abcd');
  });

  it('reads events, and lets go of them', async () => {
    answer = ({ id, abort }) => {
      if (abort) return;
      const headers = { 'content-type': 'text/event-stream' };
      send({ id, status: 200, headers, body: bytes('event: hello\nda'), more: true });
      send({ id, body: bytes('ta: {"live": true}\n\nevent: other\ndata: 1\n\n'), more: true });
    };
    const hello = vi.fn();
    const lost = vi.fn();
    const stream = transport.events('events?client=1', { on: { hello }, lost });
    await vi.waitFor(() => expect(hello).toHaveBeenCalledWith('{"live": true}'));
    stream.close();
    await seen(2);
    expect(asked[1]).toEqual({ id: 1, abort: true });
    expect(lost).not.toHaveBeenCalled();
  });

  it('comes back to a stream that ended, but not to one that there is not', async () => {
    answer = ({ id }) => send(asked.length === 1
      ? { id, status: 200, headers: { 'content-type': 'text/event-stream' }, body: null, more: false }
      : { id, status: 404, headers: {}, body: null, more: false });
    const lost = vi.fn();
    new PortTransport(Promise.resolve(channel.port1), 5).events('events', { on: {}, lost });
    await vi.waitFor(() => expect(lost.mock.calls).toEqual([[false], [true]]));
    await new Promise((resolve) => { setTimeout(resolve, 50); });
    expect(asked.length).toBe(2);
  });
});
