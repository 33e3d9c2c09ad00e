// Asks through a MessagePort: for a page in a frame that has no address of its own (docs/live.md).
import { EventStreamParser } from './event-stream.ts';
import type { Ask, EventHandlers, Transport } from './transport.ts';

interface Answer {
  id: number;
  status?: number;
  headers?: Record<string, string>;
  body?: ArrayBuffer | null;
  more?: boolean;
}

/** A request that waits for (more of) its answer. */
interface Pending {
  take(answer: Answer): void;
}

/** Answers that have no body, not even an empty one. */
const BODILESS = new Set([204, 205, 304]);

const aborted = (): DOMException => new DOMException('aborted', 'AbortError');

async function bytes(body: string | Blob | undefined): Promise<ArrayBuffer | null> {
  return body === undefined ? null : new Blob([body]).arrayBuffer();
}

export class PortTransport implements Transport {
  readonly hasAddresses = false;
  private readonly pending = new Map<number, Pending>();
  private last = 0;

  constructor(
    private readonly port: Promise<MessagePort>,
    private readonly reconnectMilliseconds = 3000,
  ) {
    void this.receive();
  }

  async request(target: string, { method = 'GET', type, body, signal }: Ask = {}): Promise<Response> {
    const content = await bytes(body);
    const port = await this.port;
    if (signal?.aborted) throw aborted();
    this.last += 1;
    const id = this.last;
    const answer = this.wait(id, port, signal);
    const message = { id, method, target, type: type ?? null, body: content };
    port.postMessage(message, content ? [content] : []);
    return answer;
  }

  events(target: string, handlers: EventHandlers): { close(): void } {
    const closing = new AbortController();
    void this.listen(target, handlers, closing.signal);
    return { close: () => closing.abort() };
  }

  async source(target: string, signal?: AbortSignal): Promise<string> {
    const response = await this.request(target, signal ? { signal } : {});
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    return URL.createObjectURL(await response.blob());
  }

  private async receive(): Promise<void> {
    const port = await this.port;
    port.addEventListener('message', ({ data }: MessageEvent<Answer>) => this.pending.get(data.id)?.take(data));
    port.start();
  }

  private wait(id: number, port: MessagePort, signal: AbortSignal | undefined): Promise<Response> {
    return new Promise((resolve, reject) => {
      let stream: ReadableStreamDefaultController<Uint8Array> | null = null;
      const settle = (): void => {
        this.pending.delete(id);
        signal?.removeEventListener('abort', abort);
      };
      const abort = (): void => {
        settle();
        port.postMessage({ id, abort: true });
        if (stream) stream.error(aborted());
        else reject(aborted());
      };
      signal?.addEventListener('abort', abort, { once: true });
      const take = (answer: Answer): void => {
        if (!answer.more) settle();
        if (stream) {
          if (answer.body?.byteLength) stream.enqueue(new Uint8Array(answer.body));
          if (!answer.more) stream.close();
          return;
        }
        const { status = 0, headers = {}, body = null, more } = answer;
        if (status < 200 || status > 599) {
          settle();
          reject(new TypeError('the server could not be reached'));
        } else if (more) {
          const pieces = new ReadableStream<Uint8Array>({
            start: (controller) => { stream = controller; },
            cancel: () => {
              settle();
              port.postMessage({ id, abort: true });
            },
          });
          take({ id, body, more });
          resolve(new Response(pieces, { status, headers }));
        } else {
          resolve(new Response(BODILESS.has(status) ? null : body, { status, headers }));
        }
      };
      this.pending.set(id, { take });
    });
  }

  private async listen(target: string, handlers: EventHandlers, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const response = await this.request(target, { signal });
        const isStream = response.headers.get('Content-Type')?.startsWith('text/event-stream') ?? false;
        if (!response.ok || !isStream) {
          void response.body?.cancel();
          handlers.lost(true);
          return;
        }
        if (response.body) await read(response.body, handlers);
      } catch {
        // Lost, or closed by us: which of them is asked next.
      }
      if (signal.aborted) return;
      handlers.lost(false);
      await new Promise((resolve) => { setTimeout(resolve, this.reconnectMilliseconds); });
    }
  }
}

async function read(body: ReadableStream<Uint8Array>, handlers: EventHandlers): Promise<void> {
  const parser = new EventStreamParser();
  const decoder = new TextDecoder();
  const reader = body.getReader();
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    for (const { name, data } of parser.push(decoder.decode(piece.value, { stream: true }))) {
      if (Object.hasOwn(handlers.on, name)) handlers.on[name]?.(data);
    }
  }
}

/** The port that the page around this one sends. */
export function portFromParent(): Promise<MessagePort> {
  return new Promise((resolve) => {
    const take = (event: MessageEvent<unknown>): void => {
      const { data, ports, source } = event;
      const [port] = ports;
      const isOurs = typeof data === 'object' && data !== null && 'projectile' in data && data.projectile === 'port';
      if (source !== window.parent || !isOurs || !port) return;
      removeEventListener('message', take);
      resolve(port);
    };
    addEventListener('message', take);
  });
}
