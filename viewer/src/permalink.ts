// The part of the address after #: which image, where, and how it is shown.
import { parseNumber } from './format.ts';

export interface Permalink {
  image: string | null;
  /** Centre of the view in image pixels, from the top left corner. */
  x: number | null;
  y: number | null;
  /** log2 of screen pixels per image pixel. */
  zoom: number | null;
  /** '' asks for no colormap; null means the image's own. */
  colormap: string | null;
  vmin: number | null;
  vmax: number | null;
  resampling: string | null;
  channels: number[] | null;
  axes: Map<string, number>;
}

const RESERVED = new Set(['image', 'x', 'y', 'zoom', 'colormap', 'vmin', 'vmax', 'resampling', 'c']);

export function emptyPermalink(): Permalink {
  return {
    image: null, x: null, y: null, zoom: null, colormap: null, vmin: null, vmax: null,
    resampling: null, channels: null, axes: new Map(),
  };
}

export function parsePermalink(hash: string): Permalink {
  const link = emptyPermalink();
  const fields = new URLSearchParams(hash.replace(/^#/, ''));
  const number = (name: string): number | null => parseNumber(fields.get(name) ?? '');
  link.image = fields.get('image') || null;
  link.x = number('x');
  link.y = number('y');
  link.zoom = number('zoom');
  const colormap = fields.get('colormap');
  link.colormap = colormap === 'none' ? '' : colormap || null;
  link.vmin = number('vmin');
  link.vmax = number('vmax');
  link.resampling = fields.get('resampling') || null;
  const channels = (fields.get('c') ?? '').split(',').filter((part) => /^\d+$/.test(part)).map(Number);
  link.channels = channels.length > 0 ? [...new Set(channels)] : null;
  for (const [name, text] of fields) {
    if (!RESERVED.has(name) && /^\d+$/.test(text)) link.axes.set(name, Number(text));
  }
  return link;
}

/** As many decimals as half a screen pixel needs, so a link is short and still exact. */
export function roundCentre(value: number, zoom: number): number {
  const decimals = Math.min(4, Math.max(0, Math.ceil((zoom + 1) * Math.log10(2))));
  return Number(value.toFixed(decimals));
}

export function formatPermalink(link: Permalink): string {
  const parts: string[] = [];
  const add = (name: string, value: string | number | null): void => {
    if (value !== null) parts.push(`${encodeURIComponent(name)}=${encodeURIComponent(value).replace(/%2C/g, ',')}`);
  };
  add('image', link.image);
  const zoom = link.zoom === null ? null : Number(link.zoom.toFixed(3));
  add('x', link.x === null ? null : roundCentre(link.x, zoom ?? 0));
  add('y', link.y === null ? null : roundCentre(link.y, zoom ?? 0));
  add('zoom', zoom);
  add('colormap', link.colormap === '' ? 'none' : link.colormap);
  add('vmin', link.vmin);
  add('vmax', link.vmax);
  add('resampling', link.resampling);
  add('c', link.channels === null ? null : link.channels.join(','));
  for (const [name, index] of link.axes) {
    if (!RESERVED.has(name)) add(name, index);
  }
  return parts.length > 0 ? `#${parts.join('&')}` : '';
}
