// Keeps what is seen: pictures, figures, links, samples.
import { type ImageInfo, imagePath, request } from './api.ts';
import type { Chrome } from './chrome.ts';
import { drawFigure } from './figure.ts';
import { saveBlob } from './files.ts';
import { formatPermalink } from './permalink.ts';
import type { RegionFormat, SaveActions } from './panels/save.ts';
import type { Session } from './session.ts';
import { type Display, planesOf, tileQuery } from './state.ts';

interface Box {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

/** The address of a region's file. Samples have no colours. */
export function regionTarget(info: ImageInfo, display: Display, box: Box, format: RegionFormat): string {
  const plane = ['c', ...info.extra_axes.map((axis) => axis.name)];
  const tiles = [...new URLSearchParams(tileQuery(info, display))];
  const query = new URLSearchParams(tiles.filter(([name]) =>
    name !== 'v' && name !== 'resampling' && (format === 'png' || plane.includes(name))));
  for (const [name, value] of Object.entries(box)) query.set(name, String(value));
  return `${imagePath(info.id)}/region.${format}?${query.toString().replace(/%2C/g, ',').replace(/%3A/g, ':')}`;
}

/** Where it is along the other axes. */
export function placeAlong(info: ImageInfo, display: Display): string {
  return info.extra_axes
    .filter((axis) => axis.size > 1)
    .map((axis) => `${axis.name} = ${planesOf(display).get(axis.name) ?? 0}`)
    .join(', ');
}

const nothing = (): Error => new Error('There is nothing to save here');

export class Saving implements SaveActions {
  constructor(
    private readonly session: Session,
    private readonly chrome: Chrome,
  ) {}

  async view(): Promise<void> {
    const { info } = this.shown();
    saveBlob(await this.picture(), `${info.id}.png`);
  }

  async figure(): Promise<void> {
    const { info, display } = this.shown();
    const view = await createImageBitmap(await this.picture(false));
    const density = window.devicePixelRatio;
    const [width, height] = [view.width / density, view.height / density];
    const figure = await drawFigure({
      view, width, height, density,
      title: info.name, subtitle: placeAlong(info, display), legend: this.chrome.colorbar.legend(),
    });
    view.close();
    if (!figure) throw nothing();
    saveBlob(figure, `${info.id}-figure.png`);
  }

  async link(): Promise<void> {
    const link = this.session.permalink();
    if (!link) throw nothing();
    await navigator.clipboard.writeText(new URL(formatPermalink(link), location.href).href);
  }

  async region(format: RegionFormat): Promise<void> {
    const { info, display } = this.shown();
    const { box } = this.session.selection;
    const seen = box
      ? { x0: box.x, y0: box.y, x1: box.x + box.width, y1: box.y + box.height }
      : this.session.viewer.navigation.pixelsInView();
    if (!seen) throw nothing();
    const response = await request(regionTarget(info, display, seen, format));
    const { x0, y0, x1, y1 } = seen;
    saveBlob(await response.blob(), `${info.id}-x${x0}-${x1}-y${y0}-${y1}.${format}`);
  }

  private shown(): { info: ImageInfo; display: Display } {
    const shown = this.session.shown();
    if (!shown) throw nothing();
    return shown;
  }

  private async picture(withColorbar = true): Promise<Blob> {
    const picture = await this.session.screenshot(withColorbar);
    if (!picture) throw nothing();
    return picture;
  }
}
