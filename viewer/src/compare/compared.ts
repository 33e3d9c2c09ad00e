// One image beside the first: its description once that is there, and how it is shown.
import type { ImageInfo } from '../api.ts';
import { gpuIsThere } from '../gpu/support.ts';
import type { RevisionOf } from '../layer.ts';
import type { Permalink } from '../permalink.ts';
import { type Picture, Pictures } from '../picture.ts';
import type { Revisions } from '../revisions.ts';
import { allAxes } from '../settings.ts';
import { chosenChannels, defaultDisplay, type Display, displayOf, isSingle, normalise, permalinkOf, planesOf } from '../state.ts';

/** An image as it is shown, said in a few words. `isPart`: only what of it is subtracted. */
export function nameOf(info: ImageInfo, display: Display, isPart = false): string {
  const places = info.extra_axes.filter(({ size }) => size > 1).map(({ name }) => `${name} ${planesOf(display).get(name) ?? 0}`);
  const isChosen = info.kind === 'channels' && (isPart || display.channels !== null || isSingle(info, display));
  const chosen = isChosen ? chosenChannels(info, display).slice(0, isPart ? 1 : undefined) : [];
  const channels = chosen.length > 0 ? [chosen.map((channel) => info.channels[channel]?.name ?? String(channel)).join(' + ')] : [];
  if (isPart && (info.kind === 'rgb' || info.kind === 'rgba')) channels.push('luminance');
  return [info.name, ...places, ...channels].join(' · ');
}

export class Compared {
  info: ImageInfo | null = null;
  display: Display = defaultDisplay();
  private pictures = new Pictures();

  constructor(
    private link: Permalink,
    private readonly revisions: () => Revisions,
  ) {}

  get id(): string {
    return this.link.image ?? '';
  }

  name(isPart: boolean): string {
    return this.info ? nameOf(this.info, this.display, isPart) : this.id;
  }

  /** Its description is there. */
  describe(info: ImageInfo): void {
    this.info = info;
    this.display = displayOf(this.link, info);
  }

  /** The same image, shown as another link says. */
  follow(link: Permalink): void {
    this.link = link;
    if (this.info) this.display = displayOf(link, this.info);
  }

  show(display: Display): void {
    if (this.info) this.display = normalise(display, this.info);
  }

  permalink(): Permalink {
    return this.info ? permalinkOf(this.info.id, this.display, null) : this.link;
  }

  picture(info: ImageInfo): Picture {
    return this.pictures.of(info, this.display, gpuIsThere());
  }

  readonly revisionOf: RevisionOf = (z, x, y) =>
    (this.info ? this.revisions().of(this.info.max_zoom, z, x, y, allAxes(this.info, this.display)) : 0);
}
