// What is shown and how: the choices of the person at the screen, and the query of a tile that follows from them.
import type { ImageInfo } from './api.ts';
import type { CompareLink } from './compare/link.ts';
import type { Norm } from './gpu/norm.ts';
import { emptyPermalink, type Permalink } from './permalink.ts';
import { type LabelsState, plainLabels } from './labels/state.ts';
import type { Mark } from './regions/mark.ts';
import type { Region } from './revisions.ts';

/** Only what differs from the image's own defaults; null is the default. */
export interface Display {
  /** '' is no colormap. */
  colormap: string | null;
  vmin: number | null;
  vmax: number | null;
  resampling: string | null;
  channels: number[] | null;
  axes: Map<string, number>;
  /** Axes whose planes are made one: `max`, or `3:10:mean`. The index along them stays, for when they are not any more. */
  projections: Map<string, string>;
  /** Only where the GPU colours the tiles. */
  norm: Norm | null;
  gamma: number | null;
  inverted: boolean;
  /** `rrggbb` for what is beyond the window; null is the end of the colormap. */
  under: string | null;
  over: string | null;
  /** `rrggbb` of what is no value; null is transparent. */
  bad: string | null;
  /** 0 to 1. */
  opacity: number | null;
  /** Windows of single channels in a composite. */
  windows: Map<number, [number, number]>;
  /** `rrggbb` of single channels in a composite. */
  colours: Map<number, string>;
}

export function defaultDisplay(): Display {
  return { colormap: null, vmin: null, vmax: null, resampling: null, channels: null, axes: new Map(), projections: new Map(), ...plainLook() };
}

type Look = Pick<Display, 'norm' | 'gamma' | 'inverted' | 'under' | 'over' | 'bad' | 'opacity' | 'windows' | 'colours'>;

export const plainLook = (): Look => ({
  norm: null, gamma: null, inverted: false, under: null, over: null, bad: null, opacity: null,
  windows: new Map(), colours: new Map(),
});

/** A link's choices, without those that this image can't follow or has anyway. */
export function displayOf(link: Permalink, info: ImageInfo): Display {
  const display = defaultDisplay();
  display.colormap = link.colormap;
  display.vmin = link.vmin;
  display.vmax = link.vmax;
  if (link.resampling !== null && info.resamplings.includes(link.resampling)) {
    display.resampling = link.resampling;
  }
  display.norm = link.norm;
  display.gamma = link.gamma;
  display.inverted = link.inverted;
  display.under = link.under;
  display.over = link.over;
  display.bad = link.bad;
  display.opacity = link.opacity;
  if (info.kind === 'channels') {
    for (const [channel, window] of link.windows) {
      if (channel < info.channels.length) display.windows.set(channel, window);
    }
    for (const [channel, colour] of link.colours) {
      if (channel < info.channels.length) display.colours.set(channel, colour);
    }
  }
  const channels = (link.channels ?? []).filter((index) => index < info.channels.length);
  if (channels.length > 0) display.channels = channels;
  for (const axis of info.extra_axes) {
    const index = link.axes.get(axis.name);
    if (index !== undefined && index > 0 && index < axis.size) display.axes.set(axis.name, index);
    const projection = link.projections.get(axis.name);
    if (projection !== undefined && axis.size > 1) display.projections.set(axis.name, projection);
  }
  return normalise(display, info);
}

export function permalinkOf(
  image: string,
  display: Display,
  view: { x: number; y: number; zoom: number; stretch: number } | null,
  box: Region | null = null,
  regions: readonly Mark[] = [],
  labels: LabelsState = plainLabels(),
  compare: CompareLink | null = null,
): Permalink {
  return { ...emptyPermalink(), ...display, image, ...view, box, regions, labels, compare };
}

/** Drops choices that equal the defaults. */
export function normalise(display: Display, info: ImageInfo): Display {
  const clean = {
    ...display, axes: new Map(display.axes), projections: new Map(display.projections),
    windows: new Map(display.windows), colours: new Map(display.colours),
  };
  if (clean.norm === 'linear') clean.norm = null;
  if (clean.gamma === 1) clean.gamma = null;
  if (clean.opacity === 1) clean.opacity = null;
  if (clean.colormap === (info.colormap ?? '')) clean.colormap = null;
  for (const [channel, colour] of clean.colours) {
    if (info.channels[channel]?.color?.toLowerCase() === `#${colour}`) clean.colours.delete(channel);
  }
  if (clean.resampling === info.resampling) clean.resampling = null;
  if (clean.channels && offersChannels(info) && sameChannels(clean.channels, defaultChannels(info))) {
    clean.channels = null;
  }
  for (const axis of info.extra_axes) {
    if (clean.axes.get(axis.name) === 0) clean.axes.delete(axis.name);
  }
  return clean;
}

export const offersChannels = (info: ImageInfo): boolean =>
  info.kind === 'channels' && info.channels.length > 1;

/** The channels that the server shows when none are chosen: not all, when there are many. */
export const defaultChannels = (info: ImageInfo): number[] => info.visible;

export const sameChannels = (some: readonly number[], others: readonly number[]): boolean =>
  some.length === others.length && some.every((channel) => others.includes(channel));

export const chosenChannels = (info: ImageInfo, display: Display): number[] =>
  display.channels ?? defaultChannels(info);

export const isSingle = (info: ImageInfo, display: Display): boolean =>
  info.kind === 'gray' || chosenChannels(info, display).length === 1;

/** Several channels, each in its own colour and window. */
export const isComposite = (info: ImageInfo, display: Display): boolean =>
  info.kind === 'channels' && !isSingle(info, display);

export const takesColormap = (info: ImageInfo, display: Display): boolean =>
  info.kind !== 'labels' && isSingle(info, display);

export function takesWindow(info: ImageInfo, display: Display): boolean {
  if (info.kind === 'labels') return false;
  const photo = (info.kind === 'rgb' || info.kind === 'rgba') && info.dtype === 'uint8';
  return !photo || display.channels?.length === 1;
}

/** The window that the image has when none is chosen; null where each channel has its own. */
export function defaultWindow(info: ImageInfo, display: Display): { vmin: number; vmax: number } | null {
  if (isComposite(info, display)) return null;
  const shown = chosenChannels(info, display);
  const only = info.kind !== 'gray' && shown.length === 1 ? info.channels[shown[0] ?? 0] : undefined;
  const window = only?.vmin != null && only.vmax != null ? only : info.window;
  if (window?.vmin == null || window.vmax == null) return null;
  return { vmin: window.vmin, vmax: window.vmax };
}

/** The window of a channel as it is shown; null where it is not known. */
export function channelWindow(info: ImageInfo, display: Display, channel: number): { vmin: number; vmax: number } | null {
  const own = isComposite(info, display) ? info.channels[channel] : defaultWindow(info, display);
  const [given, most] = (isComposite(info, display) ? display.windows.get(channel) : undefined) ?? [];
  const vmin = given ?? display.vmin ?? own?.vmin;
  const vmax = most ?? display.vmax ?? own?.vmax;
  return vmin == null || vmax == null ? null : { vmin, vmax };
}

/** What is chosen along each axis: an index, or a projection. */
export type Planes = ReadonlyMap<string, number | string>;

export const planesOf = ({ axes, projections }: Pick<Display, 'axes' | 'projections'>): Planes =>
  new Map<string, number | string>([...axes, ...projections]);

/** The query of every tile of samples: nothing in it of how they are coloured. */
export function dataQuery(info: ImageInfo, display: Display, channels: readonly number[]): string {
  const query = new URLSearchParams();
  if (display.resampling !== null) query.set('resampling', display.resampling);
  if (info.channels.length > 1 && channels.length > 0) query.set('c', channels.join(','));
  for (const [name, plane] of planesOf(display)) query.set(name, String(plane));
  query.set('v', info.version);
  return query.toString().replace(/%2C/g, ',').replace(/%3A/g, ':');
}

/** The query of every tile: nothing in it that the server would do anyway. */
export function tileQuery(info: ImageInfo, display: Display): string {
  const query = new URLSearchParams();
  if (takesColormap(info, display) && display.colormap !== null) {
    query.set('colormap', display.colormap === '' ? 'gray' : display.colormap);
  }
  if (takesWindow(info, display)) {
    // The server wants both ends or none; the missing one is the image's.
    const ends = defaultWindow(info, display);
    if (display.vmin !== null || display.vmax !== null) {
      const vmin = display.vmin ?? ends?.vmin;
      const vmax = display.vmax ?? ends?.vmax;
      if (vmin !== undefined && vmax !== undefined) {
        query.set('vmin', String(vmin));
        query.set('vmax', String(vmax));
      }
    }
  }
  if (display.resampling !== null) query.set('resampling', display.resampling);
  // One channel of many is named even if it is the only one shown: unnamed it would be a composite of one.
  const channels = display.channels ?? (offersChannels(info) && isSingle(info, display) ? defaultChannels(info) : null);
  if (channels !== null) query.set('c', channels.join(','));
  for (const [name, plane] of planesOf(display)) query.set(name, String(plane));
  query.set('v', info.version);
  return query.toString().replace(/%2C/g, ',').replace(/%3A/g, ':');
}
