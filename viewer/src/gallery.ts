// Several images: a card for each.
import { imagePath, type ImageList, type ImageSummary } from './api.ts';
import { el, grouped, icon } from './dom.ts';
import { formatDimensions } from './format.ts';
import { formatPermalink, emptyPermalink } from './permalink.ts';
import { showPicture } from './pictures.ts';
import { backoff } from './tile-loader.ts';

const MOST_TRIES = 5;

export class Gallery {
  readonly element = el('main', { class: 'gallery', 'data-testid': 'gallery', hidden: true });

  /** `revisionOf` says how new the pixels of a thumbnail are; 0 is as they always were. */
  show(list: ImageList, revisionOf: (image: ImageSummary) => number): void {
    const cards = list.images.map((image) => {
      const thumbnail = el('img', { alt: '', decoding: 'async', width: 256, height: 256 });
      const revision = revisionOf(image);
      const target = `${imagePath(image.id)}/${thumbnailZoom(image)}/0/0.png?v=${encodeURIComponent(image.version)}`
        + (revision > 0 ? `&r=${revision}` : '');
      // Tile 0 is a square with the image in its top left corner: the card shows that part, centred.
      const frame = el('span', { class: 'thumbnail' }, thumbnail);
      fitThumbnail(thumbnail, image);
      persist(thumbnail, target, () => frame.replaceChildren(icon('gallery')));
      const kind = image.kind === 'channels' ? `${image.channels} channels` : image.kind;
      return el(
        'a',
        {
          class: 'card', 'data-testid': 'gallery-card', 'data-id': image.id,
          href: formatPermalink({ ...emptyPermalink(), image: image.id }),
        },
        frame,
        el('span', { class: 'card-name ellipsis' }, image.name),
        el('span', { class: 'card-meta' }, ...grouped(formatDimensions(image.width, image.height))),
        el('span', { class: 'card-meta faint' }, `${image.dtype} · ${kind}`),
      );
    });
    const count = list.images.length;
    this.element.replaceChildren(
      el(
        'header', { class: 'gallery-header' },
        el('h1', {}, 'Images'),
        el('p', {}, count === 0 ? 'The server has none.' : `${count} on this server`),
      ),
      el('div', { class: 'cards' }, ...cards),
    );
    this.element.hidden = false;
  }

  hide(): void {
    this.element.hidden = true;
  }
}

/** A busy server refuses some of many thumbnails: they are asked for again a few times, while they are looked at. */
function persist(thumbnail: HTMLImageElement, target: string, giveUp: () => void): void {
  let attempt = 0;
  thumbnail.addEventListener('error', () => {
    if (attempt === MOST_TRIES) {
      giveUp();
      return;
    }
    setTimeout(() => {
      if (thumbnail.isConnected) showPicture(thumbnail, target);
    }, backoff(attempt) * 1000);
    attempt += 1;
  });
  showPicture(thumbnail, target, true);
}

/** Zoom 0, but for a strip so thin that nothing of it would be left: then the zoom at which its breadth fills tile 0. */
export function thumbnailZoom(image: { width: number; height: number }): number {
  const long = Math.ceil(Math.log2(Math.max(image.width, image.height)));
  const short = Math.ceil(Math.log2(Math.min(image.width, image.height)));
  return long - short > 5 ? Math.max(0, Math.min(long - short, long - 8)) : 0;
}

function fitThumbnail(thumbnail: HTMLImageElement, image: { width: number; height: number }): void {
  const side = 2 ** (Math.ceil(Math.log2(Math.max(image.width, image.height))) - thumbnailZoom(image));
  const wide = Math.min(image.width / side, 1);
  const high = Math.min(image.height / side, 1);
  // Cropped to the image, then as large as the frame allows.
  const scale = 1 / Math.max(wide, high);
  thumbnail.style.setProperty('--scale', String(scale));
  thumbnail.style.setProperty('--right', `${(1 - wide) * 100}%`);
  thumbnail.style.setProperty('--bottom', `${(1 - high) * 100}%`);
  thumbnail.style.setProperty('--shift-x', `${((1 - wide) / 2) * 100}%`);
  thumbnail.style.setProperty('--shift-y', `${((1 - high) / 2) * 100}%`);
}
