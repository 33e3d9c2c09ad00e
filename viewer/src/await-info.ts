// The description of an image, however long the server is away.
import { ConnectionError, fetchInfo, type ImageInfo } from './api.ts';
import { backoff, pause } from './tile-loader.ts';

/** Rejects when the server refuses, and when `signal` is raised. */
export async function awaitInfo(id: string, signal: AbortSignal, onConnection: (connected: boolean) => void): Promise<ImageInfo> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      const info = await fetchInfo(id, signal);
      onConnection(true);
      return info;
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
      onConnection(false);
      await pause(backoff(attempt), signal);
    }
  }
}
