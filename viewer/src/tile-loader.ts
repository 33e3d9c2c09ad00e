// One tile over HTTP: a busy server is asked again when it said to, a lost one until it is back.
import { ConnectionError, isAbort, ProblemError, request } from './api.ts';
import type { Ask } from './transport.ts';

export interface TileReports {
  /** The server refused a tile, or sent one that is no picture. */
  onProblem(error: Error): void;
  onConnection(connected: boolean): void;
  /** A tile is made from a sample: a better one will be there soon. */
  onProvisional(): void;
}

export interface LoadedTile<T> {
  tile: T;
  /** The same address will not give another picture. */
  final: boolean;
}

const MOST_BUSY = 8;
/** Too many requests; a gateway whose server restarts; a server that has no room. */
const BUSY = new Set([429, 502, 503, 504]);

/** Seconds before try number `attempt` (from 0): growing, at most 8, a little uneven so that tiles don't march in step. */
export function backoff(attempt: number, asked: number | null = null, random = Math.random): number {
  const grown = Math.min(8, 0.5 * 2 ** attempt);
  return Math.min(30, Math.max(grown, asked ?? 0)) * (1 + 0.2 * random());
}

export function pause(seconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const aborted = (): void => {
      clearTimeout(timer);
      reject(new DOMException('aborted', 'AbortError'));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', aborted);
      resolve();
    }, seconds * 1000);
    if (signal?.aborted) aborted();
    else signal?.addEventListener('abort', aborted, { once: true });
  });
}

/** What is shown of an answer. */
export type Read<T> = (response: Response) => Promise<T>;

export const readPicture: Read<ImageBitmap> = async (response) => createImageBitmap(await response.blob());

export async function loadTile<T>(
  path: string, signal: AbortSignal, reports: TileReports, read: Read<T>, ask: Ask = {},
): Promise<LoadedTile<T>> {
  let lost = false;
  for (let attempt = 0; ; attempt += 1) {
    try {
      const response = await request(path, { ...ask, signal });
      const tile = await read(response);
      reports.onConnection(true);
      const provisional = response.headers.has('X-Projectile-Provisional');
      if (provisional) reports.onProvisional();
      return { tile, final: !provisional && !/\bno-store\b/.test(response.headers.get('Cache-Control') ?? '') };
    } catch (error) {
      if (signal.aborted || isAbort(error)) {
        if (lost) void untilBack(path, reports, ask);
        throw error;
      }
      lost = error instanceof ConnectionError;
      let seconds: number;
      if (lost) {
        reports.onConnection(false);
        seconds = backoff(attempt);
      } else if (error instanceof ProblemError && BUSY.has(error.status) && attempt < MOST_BUSY) {
        reports.onConnection(true);
        seconds = backoff(attempt, error.retryAfter);
      } else {
        const known = error instanceof Error ? error : new Error(String(error));
        reports.onProblem(known);
        throw known;
      }
      try {
        await pause(seconds, signal);
      } catch (aborted) {
        if (lost) void untilBack(path, reports, ask);
        throw aborted;
      }
    }
  }
}

let watching = false;

/** A tile told of a lost connection, and nobody wants it any more: there may be no other that sees it come back. */
async function untilBack(path: string, reports: TileReports, ask: Ask): Promise<void> {
  if (watching) return;
  watching = true;
  for (let attempt = 0, lost = true; lost; attempt += 1) {
    await pause(backoff(attempt));
    try {
      const response = await request(path, ask);
      lost = false;
      await response.body?.cancel();
    } catch (error) {
      // A refusal is an answer, too.
      lost = error instanceof ConnectionError;
    }
  }
  watching = false;
  reports.onConnection(true);
}
