// Whether all is well: the word in the bar below, and the banner.
import { EndedError } from './api.ts';
import type { Chrome } from './chrome.ts';

const LOST = 'connection lost, retrying';
const ENDED = 'the server has ended';

export class Status {
  private lost = false;
  private failed = false;
  private ready = false;
  private ended = false;

  constructor(
    private readonly chrome: Chrome,
    private readonly isSharpening: () => boolean,
  ) {}

  /** What was asked for is there, and more can be asked for. */
  get isReady(): boolean {
    return this.ready && !this.lost;
  }

  problem(error: unknown): void {
    // That is told already.
    if (error instanceof EndedError) return;
    this.failed = true;
    this.chrome.showError(error instanceof Error ? error.message : String(error), true);
    this.show();
  }

  connection(connected: boolean): void {
    if (connected === !this.lost || this.ended) return;
    this.lost = !connected;
    if (this.lost) this.chrome.showError(LOST, false);
    else this.chrome.hideError();
    this.show();
  }

  setReady(ready: boolean): void {
    this.ready = ready;
    this.show();
  }

  /** No more of what the server refused. */
  forgive(): void {
    this.failed = false;
    if (!this.lost && !this.ended) this.chrome.hideError();
    this.show();
  }

  end(): void {
    this.ended = true;
    this.lost = false;
    this.chrome.showError(ENDED, false);
    this.show();
  }

  show(): void {
    if (this.ended) this.chrome.setStatus(ENDED, 'error');
    else if (this.lost) this.chrome.setStatus(LOST, 'error');
    else if (this.failed) this.chrome.setStatus('error', 'error');
    else if (this.ready && this.isSharpening()) this.chrome.setStatus('sharpening…', 'loading');
    else this.chrome.setStatus(this.ready ? 'ready' : 'loading', this.ready ? 'ready' : 'loading');
  }
}
