// Puts the parts together: the address decides what is shown, and what is shown goes into the address.
import {
  ConnectionError, fetchColormaps, fetchImages, fetchInfo, type ImageInfo, type ImageList, isAbort,
} from './api.ts';
import { Chrome } from './chrome.ts';
import { throttle } from './dom.ts';
import { formatValues, formatZoom } from './format.ts';
import { Gallery } from './gallery.ts';
import { pixelAt } from './grid.ts';
import { installKeys } from './keys.ts';
import { Panel } from './panels/panel.ts';
import { emptyPermalink, formatPermalink, parsePermalink, type Permalink } from './permalink.ts';
import { Readout } from './readout.ts';
import { Sharpener } from './sharpen.ts';
import { defaultDisplay, type Display, displayOf, permalinkOf, tileQuery } from './state.ts';
import { toggleTheme } from './theme.ts';
import { backoff, pause } from './tile-loader.ts';
import { type Place, Viewer } from './viewer.ts';

const LOST = 'connection lost, retrying';

function toggleFullscreen(): void {
  if (document.fullscreenElement) void document.exitFullscreen();
  else void document.documentElement.requestFullscreen().catch(() => undefined);
}

export class App {
  private readonly chrome: Chrome;
  private readonly viewer: Viewer;
  private readonly gallery = new Gallery();
  private readonly panel = new Panel((display) => this.setDisplay(display), () => this.ready && !this.lost);
  private readonly readout: Readout;
  private readonly sharpener = new Sharpener({
    onInfo: (info) => this.refresh(info),
    reload: () => this.viewer.reload(),
    onStateChange: () => this.showStatus(),
  });
  private readonly writeHash = throttle(() => this.saveHash(), 250);
  private list: ImageList = { version: '', tile_size: 256, images: [] };
  private info: ImageInfo | null = null;
  private display: Display = defaultDisplay();
  private opening = new AbortController();
  private lost = false;
  private failed = false;
  private ready = false;

  constructor(root: HTMLElement) {
    const shared = {
      step: (by: number) => this.step(by),
      gallery: () => this.toGallery(),
      theme: toggleTheme,
      fullscreen: toggleFullscreen,
      zoom: (factor: number) => this.viewer.zoomBy(factor),
      fit: () => this.viewer.fit(),
      oneToOne: () => this.viewer.oneToOne(),
    };
    this.chrome = new Chrome(root, this.panel.element, this.gallery.element, {
      ...shared,
      panel: () => this.setPanel(document.documentElement.dataset['panel'] !== 'open'),
      retry: () => this.retry(),
      dismiss: () => this.forgive(),
    });
    this.readout = new Readout(
      (pixel) => this.chrome.setPosition(pixel ? `${pixel.x}, ${pixel.y}` : ''),
      (value) => this.chrome.setValue(value ? formatValues(value) : '', value?.dtype ?? ''),
    );
    this.viewer = new Viewer(this.chrome.map, {
      onMove: () => this.moved(),
      onLoading: () => this.setReady(false),
      onReady: () => this.setReady(true),
      onPointer: (coordinate) =>
        this.readout.setPixel(coordinate && this.info ? pixelAt(this.info, coordinate) : null),
      onProblem: (error) => this.problem(error),
      onConnection: (connected) => this.connection(connected),
      onProvisional: () => this.sharpener.tileIsProvisional(),
    });
    installKeys({
      ...shared,
      pan: (right, down) => this.viewer.panBy(right, down),
      help: () => this.chrome.toggleHelp(),
      colormap: () => {
        this.setPanel(true);
        this.panel.focusColormap();
      },
    });
    this.chrome.setPanelOpen(matchMedia('(min-width: 760px)').matches);
    addEventListener('hashchange', () => void this.follow(parsePermalink(location.hash)));
  }

  async start(): Promise<void> {
    this.setReady(false);
    this.list = await this.persist(fetchImages);
    this.chrome.setSeveral(this.list.images.length > 1);
    void this.persist(fetchColormaps).then((colormaps) => this.panel.setColormaps(colormaps));
    await this.follow(parsePermalink(location.hash));
  }

  /** Asks until the server answers; a refusal is shown, and asked again more slowly. */
  private async persist<T>(ask: () => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        const answer = await ask();
        this.connection(true);
        return answer;
      } catch (error) {
        if (error instanceof ConnectionError) this.connection(false);
        else this.problem(error);
        await pause(backoff(attempt));
      }
    }
  }

  private async follow(link: Permalink): Promise<void> {
    const only = this.list.images.length === 1 ? this.list.images[0]?.id : undefined;
    const id = link.image ?? only;
    if (id === undefined) {
      this.openGallery();
      return;
    }
    const place: Partial<Place> = {};
    if (link.x !== null) place.x = link.x;
    if (link.y !== null) place.y = link.y;
    if (link.zoom !== null) place.zoom = link.zoom;
    if (this.info?.id === id) {
      // The same image: another place or display, perhaps by hand in the address.
      this.display = displayOf(link, this.info);
      this.showDisplay();
      const now = this.viewer.place();
      if (now && Object.keys(place).length > 0) this.viewer.goTo({ ...now, ...place });
      return;
    }
    await this.open(id, link, place);
  }

  private async open(id: string, link: Permalink, place: Partial<Place>): Promise<void> {
    this.opening.abort();
    const opening = new AbortController();
    this.opening = opening;
    this.leaveImage();
    this.gallery.hide();
    this.chrome.setMode('image');
    try {
      const info = await this.loadInfo(id, opening.signal);
      this.info = info;
      this.display = displayOf(link, info);
      this.chrome.setImage(info);
      this.panel.show(info, this.display);
      this.readout.setTarget({ id, axes: this.display.axes });
      this.viewer.open(info, tileQuery(info, this.display), place);
      this.sharpener.watch(info, opening.signal);
    } catch (error) {
      if (!isAbort(error)) this.problem(error);
    }
  }

  private async loadInfo(id: string, signal: AbortSignal): Promise<ImageInfo> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        const info = await fetchInfo(id, signal);
        this.connection(true);
        return info;
      } catch (error) {
        if (!(error instanceof ConnectionError)) throw error;
        this.connection(false);
        await pause(backoff(attempt), signal);
      }
    }
  }

  private refresh(info: ImageInfo): void {
    this.panel.show(info, this.display);
    this.viewer.show(tileQuery(info, this.display));
  }

  /** Once more what the server refused. */
  private retry(): void {
    this.forgive();
    if (this.info) this.viewer.reload();
    else if (this.list.images.length > 0) void this.follow(parsePermalink(location.hash));
  }

  private forgive(): void {
    this.failed = false;
    if (!this.lost) this.chrome.hideError();
    this.showStatus();
  }

  private leaveImage(): void {
    this.writeHash.cancel();
    this.info = null;
    this.readout.setPixel(null);
    this.readout.setTarget(null);
    this.viewer.close();
    this.panel.leave();
    this.setReady(false);
    this.forgive();
  }

  private openGallery(): void {
    this.opening.abort();
    this.leaveImage();
    this.chrome.setMode('gallery');
    this.chrome.setZoom('');
    this.gallery.show(this.list);
    this.setReady(true);
  }

  private toGallery(): void {
    if (this.list.images.length > 1 && location.hash !== '') location.hash = '';
  }

  private step(by: number): void {
    const { images } = this.list;
    if (images.length < 2) return;
    const at = images.findIndex((image) => image.id === this.info?.id);
    const next = images[(Math.max(at, by > 0 ? -1 : 0) + by + images.length) % images.length];
    if (next) location.hash = formatPermalink({ ...emptyPermalink(), image: next.id });
  }

  private setPanel(open: boolean): void {
    this.chrome.setPanelOpen(open);
  }

  private setDisplay(display: Display): void {
    this.display = display;
    this.apply();
    this.writeHash();
  }

  private showDisplay(): void {
    if (this.info) this.panel.show(this.info, this.display);
    this.apply();
  }

  private apply(): void {
    if (!this.info) return;
    this.forgive();
    this.sharpener.restart();
    this.readout.setTarget({ id: this.info.id, axes: this.display.axes });
    this.viewer.show(tileQuery(this.info, this.display));
  }

  private moved(): void {
    const place = this.viewer.place();
    if (!place) return;
    this.chrome.setZoom(formatZoom(2 ** place.zoom));
    this.writeHash();
  }

  private saveHash(): void {
    const place = this.viewer.place();
    if (!this.info || !place) return;
    const hash = formatPermalink(permalinkOf(this.info.id, this.display, place));
    if (hash !== location.hash) history.replaceState(null, '', hash);
  }

  private problem(error: unknown): void {
    this.failed = true;
    this.chrome.showError(error instanceof Error ? error.message : String(error), true);
    this.showStatus();
  }

  private connection(connected: boolean): void {
    if (connected === !this.lost) return;
    this.lost = !connected;
    if (this.lost) this.chrome.showError(LOST, false);
    else this.chrome.hideError();
    this.showStatus();
  }

  private setReady(ready: boolean): void {
    this.ready = ready;
    this.showStatus();
  }

  private showStatus(): void {
    if (this.lost) this.chrome.setStatus(LOST, 'error');
    else if (this.failed) this.chrome.setStatus('error', 'error');
    else if (this.ready && this.info && this.sharpener.busy) this.chrome.setStatus('sharpening…', 'loading');
    else this.chrome.setStatus(this.ready ? 'ready' : 'loading', this.ready ? 'ready' : 'loading');
  }
}
