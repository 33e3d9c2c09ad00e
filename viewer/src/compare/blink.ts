// Shows images in turn, by hand or by itself, and never one that is not all there.

export class Blink {
  /** Which is seen. */
  front = 0;
  private timer: ReturnType<typeof setInterval> | undefined;
  private count = 1;
  private due = false;

  constructor(
    private readonly isReady: () => boolean,
    private readonly onFront: () => void,
  ) {}

  get runs(): boolean {
    return this.timer !== undefined;
  }

  /** Of how many images. */
  of(count: number): void {
    this.count = count;
    if (this.front >= count) this.front = 0;
  }

  /** The next one, as soon as all are there. */
  step(): void {
    this.due = true;
    this.ready();
  }

  /** All tiles are there. */
  ready(): void {
    if (!this.due || !this.isReady()) return;
    this.due = false;
    this.front = (this.front + 1) % this.count;
    this.onFront();
  }

  run(rate: number): void {
    this.stop();
    if (rate > 0) this.timer = setInterval(() => this.step(), 1000 / rate);
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.due = false;
  }

  /** From the first one on. */
  reset(): void {
    this.stop();
    this.front = 0;
  }
}

/** Who asked for little motion starts it by hand. */
export const mayStart = (): boolean => !matchMedia('(prefers-reduced-motion: reduce)').matches;
