// Puts the parts together: the address decides what is shown, and what is shown goes into the address.
import { ConnectionError, EndedError, endRequests, fetchColormaps, fetchImages, type ImageList } from './api.ts';
import { Chrome } from './chrome.ts';
import { Commands } from './commands/commands.ts';
import { Palette } from './commands/palette.ts';
import { throttle } from './dom.ts';
import { Drop } from './drop.ts';
import { inSmallFrame, tellParent } from './frame.ts';
import { Gallery, thumbnailZoom } from './gallery.ts';
import { currentHash, goToHash, onHashChange, replaceHash } from './hash.ts';
import { installKeys } from './keys.ts';
import { Live } from './live.ts';
import { Notice } from './notice.ts';
import { Panel } from './panels/panel.ts';
import { SaveSection } from './panels/save.ts';
import { emptyPermalink, formatPermalink, parsePermalink, type Permalink } from './permalink.ts';
import { Saving } from './saving.ts';
import { Session } from './session.ts';
import type { Settings } from './settings.ts';
import { Status } from './status.ts';
import { backoff, pause } from './tile-loader.ts';

export class App {
  private readonly chrome: Chrome;
  private readonly status: Status;
  private readonly session: Session;
  private readonly commands: Commands;
  private readonly palette: Palette;
  private readonly gallery = new Gallery();
  private readonly panel = new Panel((display, isStep) => this.session.setDisplay(display, isStep), {
    isReady: () => this.status.isReady,
    prepare: (display) => this.session.prepare(display),
  });
  private readonly live = new Live({
    onHello: (before) => this.hello(before),
    onOtherServer: () => void this.startAgain(),
    onRefresh: (image, refresh) => this.session.refresh(image, refresh),
    onSet: (image, settings) => this.session.set(image, settings),
    onLevels: (image) => this.session.levels(image),
    onImages: (changed) => void this.listAgain(changed),
    onScreenshot: () => this.session.screenshot(),
    onClosed: () => {
      endRequests();
      this.status.end();
    },
    state: () => this.session.state(this.live.client),
  });
  private readonly writeHash = throttle(() => this.saveHash(), 250);
  private list: ImageList = { version: '', tile_size: 256, images: [] };
  private greeted = false;
  private readonly drop = new Drop({
    limit: () => this.list.upload?.limit ?? null,
    onImages: ([id]) => void this.openNew(id ?? null),
    onProblem: (error) => this.status.problem(error),
  });

  constructor(root: HTMLElement) {
    this.chrome = new Chrome(root, this.panel.element, this.gallery.element, {
      run: (id) => this.commands.run(id),
      dismiss: () => this.status.forgive(),
    });
    this.status = new Status(this.chrome, () => this.session.isSharpening);
    this.session = new Session(this.chrome, this.panel, this.status, () => {
      this.writeHash();
      this.live.tell();
    }, (link) => goToHash(formatPermalink(link)));
    const saving = new Saving(this.session, this.chrome);
    this.panel.save = new SaveSection(saving, (error) => this.status.problem(error)).element;
    const notice = new Notice();
    this.commands = new Commands({
      session: this.session,
      panel: this.panel,
      chrome: this.chrome,
      saving,
      images: () => this.list.images,
      openImage: (image) => goToHash(formatPermalink({ ...emptyPermalink(), image })),
      step: (by) => this.step(by),
      toGallery: () => this.toGallery(),
      chooseFiles: () => this.drop.choose(),
      retry: () => this.retry(),
      ask: (text) => this.palette.open(text),
      togglePalette: () => this.palette.toggle(),
      say: (text) => notice.say(text),
      problem: (error) => this.status.problem(error),
    });
    this.palette = new Palette(this.commands, () => this.chrome.map);
    installKeys(this.commands);
    root.append(this.drop.element, this.palette.element, notice.element);
    this.chrome.setPanelOpen(matchMedia('(min-width: 760px)').matches && !inSmallFrame());
    onHashChange(() => void this.follow(parsePermalink(currentHash())));
  }

  async start(): Promise<void> {
    this.status.setReady(false);
    this.live.start();
    await this.loadList();
    tellParent();
    void this.loadColormaps();
    await this.follow(parsePermalink(currentHash()));
  }

  private async loadList(): Promise<void> {
    this.list = await this.persist(fetchImages);
    this.session.labels.setImages(this.list.images);
    this.session.comparison.setImages(this.list.images);
    this.chrome.setSeveral(this.list.images.length > 1);
    this.chrome.setTakesFiles(this.list.upload != null);
  }

  private async loadColormaps(): Promise<void> {
    const colormaps = await this.persist(fetchColormaps);
    this.panel.setColormaps(colormaps);
    this.session.comparison.setColormaps(colormaps);
  }

  /** Asks until the server answers; a refusal is shown, and asked again more slowly. */
  private async persist<T>(ask: () => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        const answer = await ask();
        this.status.connection(true);
        return answer;
      } catch (error) {
        // That was the last of it.
        if (error instanceof EndedError) return await new Promise<never>(() => undefined);
        if (error instanceof ConnectionError) this.status.connection(false);
        else this.status.problem(error);
        await pause(backoff(attempt));
      }
    }
  }

  private async follow(link: Permalink): Promise<void> {
    const only = this.list.images.length === 1 ? this.list.images[0]?.id : undefined;
    const id = link.image ?? only;
    if (id === undefined) this.openGallery();
    else if (id === this.session.image) this.session.follow(link);
    else await this.open(id, link);
  }

  private async open(id: string, link: Permalink): Promise<void> {
    this.writeHash.cancel();
    this.gallery.hide();
    await this.session.open(id, link, () => this.live.settings.get(id) ?? {});
  }

  /** The stream has begun. What `set` said of the image before is known already, unless it was said meanwhile. */
  private hello(before: ReadonlyMap<string, Settings>): void {
    const id = this.session.image ?? '';
    const settings = this.live.settings.get(id);
    const isNew = JSON.stringify(settings) !== JSON.stringify(before.get(id));
    this.session.hello(isNew && settings ? settings : null, !this.greeted);
    this.greeted = true;
  }

  /** The server is another: its list and its image are asked for, and shown as they were. */
  private async startAgain(): Promise<void> {
    const link = this.session.permalink();
    this.session.forget();
    await this.loadList();
    void this.loadColormaps();
    // Somebody may have gone elsewhere meanwhile.
    if (link?.image != null && link.image === this.session.image) await this.open(link.image, link);
    else await this.follow(parsePermalink(currentHash()));
  }

  /** There are other images, some of them in the place of old ones: what is shown stays where it is. */
  private async listAgain(changed: readonly string[]): Promise<void> {
    for (const id of changed) this.session.forgetImage(id);
    await this.loadList();
    const link = this.session.permalink();
    const others = link?.compare?.others ?? [];
    if (link?.image != null && [link, ...others].some(({ image }) => image !== null && changed.includes(image))) await this.open(link.image, link);
    else if (link === null && document.documentElement.dataset['mode'] === 'gallery') this.openGallery();
  }

  /** An image that the server did not have before. */
  private async openNew(image: string | null): Promise<void> {
    await this.loadList();
    goToHash(formatPermalink({ ...emptyPermalink(), image }));
  }

  /** Once more what the server refused. */
  private retry(): void {
    this.status.forgive();
    if (!this.session.retry() && this.list.images.length > 0) void this.follow(parsePermalink(currentHash()));
  }

  private openGallery(): void {
    this.writeHash.cancel();
    this.session.close();
    this.chrome.setMode('gallery');
    this.chrome.setZoom('');
    this.gallery.show(this.list, (image) => {
      const maxZoom = Math.ceil(Math.log2(Math.max(image.width, image.height)));
      return this.session.thumbnailRevision(image.id, maxZoom, thumbnailZoom(image));
    });
    this.status.setReady(true);
  }

  private toGallery(): void {
    if (this.list.images.length > 1 && currentHash() !== '') goToHash('');
  }

  private step(by: number): void {
    const { images } = this.list;
    if (images.length < 2) return;
    const at = images.findIndex((image) => image.id === this.session.image);
    const next = images[(Math.max(at, by > 0 ? -1 : 0) + by + images.length) % images.length];
    if (next) goToHash(formatPermalink({ ...emptyPermalink(), image: next.id }));
  }

  private saveHash(): void {
    const link = this.session.permalink();
    if (link) replaceHash(formatPermalink(link));
  }
}
