// What is provisional becomes exact: asks until the levels are built, then for the tiles once more.
import { EndedError, fetchInfo, type ImageInfo, isAbort, ProblemError } from './api.ts';
import { pause } from './tile-loader.ts';

export interface SharpenActions {
  /** The image's description has changed. */
  onInfo(info: ImageInfo): void;
  /** Better tiles may be there. Those that were exact are not asked for again. */
  reload(): void;
  onStateChange(): void;
}

const FIRST_WAIT = 0.7;
const LAST_WAIT = 5;

const progress = (info: ImageInfo): string =>
  `${info.provisional} ${info.levels.map((level) => level.state).join(' ')}`;

export class Sharpener {
  private info: ImageInfo | null = null;
  private signal: AbortSignal | null = null;
  private sawProvisional = false;
  private running = false;
  private wait = FIRST_WAIT;
  private waking = new AbortController();

  constructor(private readonly actions: SharpenActions) {}

  /** Follows another image until `signal` says to leave it. */
  watch(info: ImageInfo, signal: AbortSignal): void {
    this.info = info;
    this.sawProvisional = false;
    this.running = false;
    this.wait = FIRST_WAIT;
    signal.addEventListener('abort', () => {
      if (this.info === info) this.info = null;
    }, { once: true });
    this.signal = signal;
    this.start(signal);
  }

  /** A level of the default picture can be ready while that of another resampling or axis is not: its tiles say so. */
  tileIsProvisional(): void {
    if (!this.signal || this.signal.aborted) return;
    this.sawProvisional = true;
    this.start(this.signal);
  }

  /** Another picture is asked for: its tiles start afresh. */
  restart(): void {
    this.sawProvisional = false;
    this.wait = FIRST_WAIT;
  }

  /** Levels are ready: whoever waits for them need not. */
  wake(): void {
    this.wait = FIRST_WAIT;
    this.waking.abort();
  }

  get busy(): boolean {
    return this.sawProvisional || (this.info?.provisional ?? false);
  }

  private start(signal: AbortSignal): void {
    if (this.running || !this.busy) return;
    this.running = true;
    void this.run(signal).finally(() => {
      if (this.signal !== signal || signal.aborted) return;
      this.running = false;
      // A tile may have spoken up between the last look and here.
      this.start(signal);
      this.actions.onStateChange();
    });
  }

  private async run(signal: AbortSignal): Promise<void> {
    while (this.busy && !signal.aborted) {
      try {
        await this.rest(signal);
        this.wait = Math.min(LAST_WAIT, this.wait * 1.2);
        const changed = await this.news(signal);
        if (signal.aborted) return;
        if (changed || this.sawProvisional) {
          this.sawProvisional = false;
          this.actions.reload();
        }
      } catch (error) {
        if (isAbort(error)) return;
        if (error instanceof EndedError || (error instanceof ProblemError && error.status === 404)) {
          // The image is gone, or the server: there is nothing to wait for.
          this.info = null;
          this.signal = null;
          return;
        }
        this.wait = Math.min(LAST_WAIT, this.wait * 2);
      }
    }
  }

  private async rest(signal: AbortSignal): Promise<void> {
    const waking = new AbortController();
    this.waking = waking;
    try {
      await pause(this.wait, AbortSignal.any([signal, waking.signal]));
    } catch (error) {
      if (signal.aborted) throw error;
    }
  }

  private async news(signal: AbortSignal): Promise<boolean> {
    const { info } = this;
    if (!info?.provisional) return false;
    const before = progress(info);
    const fresh = await fetchInfo(info.id, signal);
    if (signal.aborted) return false;
    Object.assign(info, fresh);
    if (progress(info) === before) return false;
    this.actions.onInfo(info);
    return true;
  }
}
