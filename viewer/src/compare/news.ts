// What the server says of images that are compared: which of their tiles are others now.
import { fetchInfo } from '../api.ts';
import { throttle } from '../dom.ts';
import { type Refresh, Revisions } from '../revisions.ts';
import { allAxes } from '../settings.ts';
import type { Compared } from './compared.ts';

const REFRESH_MILLISECONDS = 50;

export class News {
  private others: readonly Compared[] = [];
  /** And whether any tile of them is shown. */
  private readonly touched = new Map<Compared, boolean>();
  private readonly tellSoon = throttle(() => this.tell(), REFRESH_MILLISECONDS);

  constructor(
    private readonly revisions: (id: string) => Revisions,
    private readonly onTouched: (touched: ReadonlyMap<Compared, boolean>) => void,
  ) {}

  of(others: readonly Compared[]): void {
    this.others = others;
    this.touched.clear();
    this.tellSoon.cancel();
  }

  refresh(image: string, refresh: Refresh): void {
    this.touch(image, ({ info, display }) => info !== null && Revisions.shows(refresh, allAxes(info, display)));
  }

  /** Any tile of an image may be another. */
  touchAll(image: string): void {
    this.touch(image, () => true);
  }

  /** Asks whether pixels have changed while nobody listened. `but` was asked about already. */
  async catchUp(but: string): Promise<void> {
    const { others } = this;
    for (const id of new Set(others.map((other) => other.id).filter((other) => other !== but))) {
      try {
        const { revision = 0 } = await fetchInfo(id);
        if (this.others !== others) return;
        if (this.revisions(id).start(revision)) this.touchAll(id);
      } catch {
        // Tiles say what is wrong with the server.
      }
    }
  }

  private touch(image: string, shows: (other: Compared) => boolean): void {
    for (const other of this.others) {
      if (other.id === image) this.touched.set(other, shows(other) || this.touched.get(other) === true);
    }
    if (this.touched.size > 0) this.tellSoon();
  }

  private tell(): void {
    const touched = new Map(this.touched);
    this.touched.clear();
    this.onTouched(touched);
  }
}
