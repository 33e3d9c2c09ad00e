// One way to ask the server for anything. Targets are relative to where projectile is mounted.

export interface Ask {
  method?: string;
  /** The media type of the body. */
  type?: string;
  body?: string | Blob;
  signal?: AbortSignal;
}

export interface EventHandlers {
  /** What to do with the data of each event, by its name; others are passed over. */
  on: Readonly<Record<string, (data: string) => void>>;
  /** The stream broke off. If it is `final`, it is not asked for again: there is none. */
  lost(final: boolean): void;
}

export interface Transport {
  /** An <img> can ask for itself, so the browser knows best when. */
  readonly hasAddresses: boolean;
  /** Any answer, refusals included; a TypeError where the server can't be reached, an AbortError where nobody waits. */
  request(target: string, ask?: Ask): Promise<Response>;
  events(target: string, handlers: EventHandlers): { close(): void };
  /** An address for an <img>. A `blob:` one is to be revoked when the picture was read. */
  source(target: string, signal?: AbortSignal): Promise<string>;
}

export class HttpTransport implements Transport {
  readonly hasAddresses = true;

  request(target: string, { method, type, body, signal }: Ask = {}): Promise<Response> {
    const init: RequestInit = {};
    if (method !== undefined) init.method = method;
    if (type !== undefined) init.headers = { 'Content-Type': type };
    if (body !== undefined) init.body = body;
    if (signal !== undefined) init.signal = signal;
    return fetch(address(target), init);
  }

  events(target: string, handlers: EventHandlers): { close(): void } {
    const stream = new EventSource(address(target));
    for (const [name, take] of Object.entries(handlers.on)) {
      stream.addEventListener(name, (event: MessageEvent<string>) => take(event.data));
    }
    // A broken connection is taken up again by itself; another answer than a stream of events is the end.
    stream.addEventListener('error', () => handlers.lost(stream.readyState === EventSource.CLOSED));
    return stream;
  }

  source(target: string): Promise<string> {
    return Promise.resolve(address(target));
  }
}

/** Relative to the page, so the viewer works under any prefix. */
function address(target: string): string {
  return new URL(target, document.baseURI).href;
}

let current: Transport = new HttpTransport();

export const transport = (): Transport => current;

/** Before anything is asked for. */
export function setTransport(other: Transport): void {
  current = other;
}
