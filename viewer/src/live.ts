// Keeps in step with the server: hears what it has to say, and tells it what is shown (docs/live.md).
import { ProblemError, request } from './api.ts';
import { throttle } from './dom.ts';
import type { Refresh } from './revisions.ts';
import { mergeSettings, type Settings, type ShownState } from './settings.ts';
import { backoff } from './tile-loader.ts';
import { transport } from './transport.ts';

export interface LiveEvents {
  /** The stream has begun, perhaps again: something may have been missed. */
  onHello(settingsBefore: ReadonlyMap<string, Settings>): void;
  /** It is another server than before, which knows nothing of the old one. */
  onOtherServer(): void;
  onRefresh(image: string, refresh: Refresh): void;
  onSet(image: string, settings: Settings): void;
  onLevels(image: string): void;
  /** The list of images is another; those of these ids are other images now. */
  onImages(changed: readonly string[]): void;
  /** The picture that is on the screen, or null if there is none. */
  onScreenshot(): Promise<Blob | null>;
  onClosed(): void;
  /** What is shown, or null while there is nothing. */
  state(): ShownState | null;
}

const STATE_MILLISECONDS = 110;
const STATE_RETRY_MILLISECONDS = 2000;
const MOST_TRIES = 20;

type Data = Record<string, unknown>;

/** Sixteen random bytes in hex. */
export function newClient(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

export class Live {
  readonly client = newClient();
  /** What the server said of how to show each image. */
  settings = new Map<string, Settings>();
  private stream: { close(): void } | null = null;
  private server: string | null = null;
  private tries = 0;
  private listened = false;
  private closed = false;
  private sending = false;
  private sent = '';
  private readonly sendSoon = throttle(() => void this.send(), STATE_MILLISECONDS);

  constructor(private readonly events: LiveEvents) {}

  start(): void {
    const on: Record<string, (data: string) => void> = {};
    const hear = (name: string, take: (data: Data) => void): void => {
      on[name] = (text) => {
        const data = parse(text);
        if (data && !this.closed) take(data);
      };
    };
    hear('hello', (data) => this.hello(data));
    hear('refresh', ({ image, ...refresh }) => this.events.onRefresh(String(image), refreshOf(refresh)));
    hear('set', ({ image, ...settings }) => this.set(String(image), settings));
    hear('levels', ({ image }) => this.events.onLevels(String(image)));
    hear('images', ({ changed }) => this.events.onImages(Array.isArray(changed) ? changed.map(String) : []));
    hear('screenshot', ({ client, request: name }) => {
      if (client === this.client) void this.screenshot(String(name));
    });
    hear('closed', () => this.close());
    this.stream = transport().events(`events?client=${this.client}`, { on, lost: (final) => this.lost(final) });
  }

  /** What is shown has changed. */
  tell(): void {
    if (this.listened) this.sendSoon();
  }

  private hello({ server, live, settings }: Data): void {
    const before = this.settings;
    this.settings = new Map(Object.entries((settings ?? {}) as Record<string, Settings>));
    const other = this.server !== null && this.server !== server;
    this.server = String(server);
    this.tries = 0;
    this.listened = live === true;
    this.sent = '';
    if (other) this.events.onOtherServer();
    else this.events.onHello(before);
    this.tell();
  }

  private set(image: string, settings: Settings): void {
    this.settings.set(image, mergeSettings(this.settings.get(image) ?? {}, settings));
    this.events.onSet(image, settings);
  }

  private close(): void {
    this.closed = true;
    this.listened = false;
    this.sendSoon.cancel();
    this.stream?.close();
    this.events.onClosed();
  }

  private lost(final: boolean): void {
    this.listened = false;
    // A server that never had a stream has none. One that had may be starting again behind a gateway.
    if (!final || this.closed || this.server === null || this.tries === MOST_TRIES) return;
    this.stream?.close();
    setTimeout(() => {
      if (!this.closed) this.start();
    }, backoff(this.tries) * 1000);
    this.tries += 1;
  }

  /** One at a time; what changed meanwhile is sent after it, as it is then. */
  private async send(): Promise<void> {
    const state = this.listened && !this.sending ? this.events.state() : null;
    const body = state ? JSON.stringify(state) : '';
    if (body === '' || body === this.sent) return;
    this.sending = true;
    this.sent = body;
    try {
      await request('live/state', { method: 'POST', type: 'application/json', body });
    } catch (error) {
      this.sent = '';
      // A refusal would be the same another time; a server that is busy or away may take the next one.
      const refused = error instanceof ProblemError && error.status < 500 && error.status !== 429;
      if (refused) this.listened = false;
      else setTimeout(() => this.tell(), STATE_RETRY_MILLISECONDS);
    } finally {
      this.sending = false;
    }
    if (this.sent === body) this.tell();
  }

  private async screenshot(name: string): Promise<void> {
    try {
      const body = await this.events.onScreenshot();
      const target = `live/screenshot?request=${encodeURIComponent(name)}`;
      if (body) await request(target, { method: 'POST', type: 'image/png', body });
    } catch {
      // Whoever asked for it waits only so long.
    }
  }
}

function parse(text: string): Data | null {
  try {
    const data: unknown = JSON.parse(text);
    return typeof data === 'object' && data !== null ? data as Data : null;
  } catch {
    return null;
  }
}

/** Without a region, all of the image. */
function refreshOf({ revision, region, indices }: Data): Refresh {
  const everything = { y: 0, x: 0, height: Infinity, width: Infinity };
  return {
    revision: Number(revision),
    region: { ...everything, ...(region as Partial<Refresh['region']> | null) },
    indices: (indices ?? {}) as Refresh['indices'],
  };
}
