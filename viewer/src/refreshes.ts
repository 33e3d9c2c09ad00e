// What the server says of changes: which tiles are asked for anew, of the image that is looked at and of those with it.
import { fetchInfo, type ImageInfo } from './api.ts';
import { throttle } from './dom.ts';
import { type Refresh, Revisions } from './revisions.ts';

const REFRESH_MILLISECONDS = 50;

export interface Looked {
  info: ImageInfo;
  /** Where along every extra axis. */
  axes: ReadonlyMap<string, number>;
}

export interface RefreshEvents {
  /** What is looked at; null while nothing is. */
  looked(): Looked | null;
  /** Raised when another image is looked at. */
  signal(): AbortSignal;
  /** Tiles have changed: of those that are shown, or only of others. */
  onTiles(shows: boolean): void;
  /** Tiles that are shown have changed, and are asked for as if for the first time. */
  onAnew(): void;
  /** Refreshes of any image may have been missed, of which `info` is looked at. */
  onMissed(info: ImageInfo): void;
}

export class Refreshes {
  private readonly known = new Map<string, Revisions>();
  private readonly show = throttle(() => this.events.onTiles(true), REFRESH_MILLISECONDS);
  private missed = 0;

  constructor(private readonly events: RefreshEvents) {}

  /** How often the server was out of hearing. */
  get misses(): number {
    return this.missed;
  }

  of(image: string): Revisions {
    const known = this.known.get(image) ?? new Revisions();
    this.known.set(image, known);
    return known;
  }

  /** Tile (0, 0) of zoom z, which is the image's thumbnail. */
  ofThumbnail(image: string, maxZoom: number, z: number): number {
    return this.known.get(image)?.of(maxZoom, z, 0, 0, new Map()) ?? 0;
  }

  /** The server was out of hearing until now. */
  miss(): void {
    this.missed += 1;
    for (const revisions of this.known.values()) revisions.doubt();
  }

  /** Another server counts anew; or another image has that id. */
  forget(image?: string): void {
    if (image === undefined) this.known.clear();
    else this.known.delete(image);
  }

  add(image: string, refresh: Refresh): void {
    this.of(image).add(refresh);
    const looked = this.events.looked();
    if (looked?.info.id !== image) return;
    if (Revisions.shows(refresh, looked.axes)) this.anew();
    else this.events.onTiles(false);
  }

  /** Asks whether pixels have changed while nobody listened. */
  async catchUp(info: ImageInfo): Promise<void> {
    try {
      const { revision = 0 } = await fetchInfo(info.id, this.events.signal());
      if (this.events.looked()?.info !== info || !this.of(info.id).start(revision)) return;
      this.anew();
      this.events.onMissed(info);
    } catch {
      // Tiles say what is wrong with the server.
    }
  }

  /** Nothing is looked at any more. */
  rest(): void {
    this.show.cancel();
  }

  private anew(): void {
    this.events.onAnew();
    this.show();
  }
}
