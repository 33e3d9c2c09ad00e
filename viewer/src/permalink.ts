// The part of the address after #: which image, where, and how it is shown.
import { type CompareLink, formatCompare, isOfCompare, parseCompare } from './compare/link.ts';
import { formatBox, parseBox } from './box.ts';
import { isNorm, type Norm } from './gpu/norm.ts';
import { parseNumber } from './format.ts';
import { formatLabels, type LabelsState, parseLabels, plainLabels } from './labels/state.ts';
import type { Mark } from './regions/mark.ts';
import { formatMarks, parseMarks } from './regions/text.ts';
import type { Region } from './revisions.ts';

export interface Permalink {
  image: string | null;
  /** Centre of the view in image pixels, from the top left corner. */
  x: number | null;
  y: number | null;
  /** log2 of screen pixels per image pixel, down the image. */
  zoom: number | null;
  /** How many times wider than high a pixel is; null is square. */
  stretch: number | null;
  /** '' asks for no colormap; null means the image's own. */
  colormap: string | null;
  vmin: number | null;
  vmax: number | null;
  resampling: string | null;
  channels: number[] | null;
  axes: Map<string, number>;
  /** `z=max`, or `z=3:10:mean`. */
  projections: Map<string, string>;
  /** What is selected: `y,x,height,width`. */
  box: Region | null;
  norm: Norm | null;
  gamma: number | null;
  inverted: boolean;
  /** `rrggbb` */
  under: string | null;
  over: string | null;
  bad: string | null;
  /** 0 to 1. */
  opacity: number | null;
  /** `windows=0:10:200,2:5:70`: of channels. */
  windows: Map<number, [number, number]>;
  /** As labels/state.ts writes it. */
  labels: LabelsState;
  /** As regions/text.ts writes them. */
  regions: readonly Mark[];
  /** `colours=0:ff0000,2:00ff00`: of channels. */
  colours: Map<number, string>;
  /** What it is compared with, as compare/link.ts writes it. */
  compare: CompareLink | null;
}

const LOOK = ['norm', 'gamma', 'inverted', 'under', 'over', 'bad', 'opacity', 'windows', 'colours'];
const RESERVED = new Set(['image', 'x', 'y', 'zoom', 'stretch', 'colormap', 'vmin', 'vmax', 'resampling', 'c', 'box', 'labels', 'regions', ...LOOK]);

/** What the server makes of planes along an axis. */
const PROJECTION = /^(?:\d+:\d+:)?(?:max|min|mean|average|sum)$/;

export function emptyPermalink(): Permalink {
  return {
    image: null, x: null, y: null, zoom: null, stretch: null, colormap: null, vmin: null, vmax: null,
    resampling: null, channels: null, axes: new Map(), projections: new Map(), box: null,
    norm: null, gamma: null, inverted: false, under: null, over: null, bad: null, opacity: null, windows: new Map(),
    colours: new Map(), labels: plainLabels(), regions: [], compare: null,
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
  const stretch = number('stretch');
  link.stretch = stretch !== null && stretch > 0 && stretch !== 1 ? stretch : null;
  const colormap = fields.get('colormap');
  link.colormap = colormap === 'none' ? '' : colormap || null;
  link.vmin = number('vmin');
  link.vmax = number('vmax');
  link.resampling = fields.get('resampling') || null;
  const channels = (fields.get('c') ?? '').split(',').filter((part) => /^\d+$/.test(part)).map(Number);
  link.channels = channels.length > 0 ? [...new Set(channels)] : null;
  link.box = parseBox(fields.get('box') ?? '');
  link.labels = parseLabels(fields.get('labels') ?? '');
  link.regions = parseMarks(fields.get('regions') ?? '');
  link.compare = parseCompare(fields, parsePermalink);
  const norm = fields.get('norm') ?? '';
  link.norm = isNorm(norm) ? norm : null;
  const gamma = number('gamma');
  link.gamma = gamma !== null && gamma > 0 ? gamma : null;
  link.inverted = fields.get('inverted') === '1';
  const colour = (name: string): string | null => /^[0-9a-f]{6}$/i.exec(fields.get(name) ?? '')?.[0] ?? null;
  link.under = colour('under');
  link.over = colour('over');
  link.bad = colour('bad');
  const opacity = number('opacity');
  link.opacity = opacity !== null && opacity >= 0 && opacity < 1 ? opacity : null;
  for (const text of (fields.get('windows') ?? '').split(',')) {
    const [channel, lo, hi] = text.split(':').map((field) => parseNumber(field));
    if (channel != null && lo != null && hi != null && Number.isInteger(channel) && channel >= 0 && lo <= hi) {
      link.windows.set(channel, [lo, hi]);
    }
  }
  for (const [, channel, text] of (fields.get('colours') ?? '').matchAll(/(\d+):([0-9a-f]{6})\b/gi)) {
    link.colours.set(Number(channel), text ?? '');
  }
  for (const [name, text] of fields) {
    if (RESERVED.has(name) || isOfCompare(name)) continue;
    if (/^\d+$/.test(text)) link.axes.set(name, Number(text));
    else if (PROJECTION.test(text)) link.projections.set(name, text);
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
    if (value !== null) parts.push(`${encodeURIComponent(name)}=${encodeURIComponent(value).replace(/%2C/g, ',').replace(/%3A/g, ':')}`);
  };
  add('image', link.image);
  const zoom = link.zoom === null ? null : Number(link.zoom.toFixed(3));
  const stretch = link.stretch ?? 1;
  add('x', link.x === null ? null : roundCentre(link.x, (zoom ?? 0) + Math.log2(stretch)));
  add('y', link.y === null ? null : roundCentre(link.y, zoom ?? 0));
  add('zoom', zoom);
  add('stretch', stretch === 1 ? null : Number(stretch.toPrecision(6)));
  add('colormap', link.colormap === '' ? 'none' : link.colormap);
  add('vmin', link.vmin);
  add('vmax', link.vmax);
  add('resampling', link.resampling);
  add('c', link.channels === null ? null : link.channels.join(','));
  add('norm', link.norm);
  add('gamma', link.gamma);
  add('inverted', link.inverted ? 1 : null);
  add('under', link.under);
  add('over', link.over);
  add('bad', link.bad);
  add('opacity', link.opacity);
  const windows = [...link.windows].map(([channel, [lo, hi]]) => `${channel}:${lo}:${hi}`);
  add('windows', windows.length > 0 ? windows.join(',') : null);
  const colours = [...link.colours].map(([channel, text]) => `${channel}:${text}`);
  add('colours', colours.length > 0 ? colours.join(',') : null);
  for (const [name, plane] of new Map<string, number | string>([...link.axes, ...link.projections])) {
    if (!RESERVED.has(name) && !isOfCompare(name)) add(name, plane);
  }
  add('box', link.box && formatBox(link.box));
  add('labels', formatLabels(link.labels) || null);
  add('regions', formatMarks(link.regions) || null);
  parts.push(...formatCompare(link.compare, formatPermalink));
  return parts.length > 0 ? `#${parts.join('&')}` : '';
}
