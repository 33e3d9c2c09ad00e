// What the server says of how to show an image, and what the page says of how it is shown (docs/live.md).
import type { ImageInfo } from './api.ts';
import type { Permalink } from './permalink.ts';
import type { Region } from './revisions.ts';
import {
  chosenChannels, defaultWindow, type Display, normalise, offersChannels, takesColormap, takesWindow,
} from './state.ts';

/** The data of a `set`; what is null is as the image has it. */
export interface Settings {
  window?: [number, number] | null;
  colormap?: string | null;
  resampling?: string | null;
  channels?: number[] | null;
  axes?: Record<string, number>;
  center?: [number, number];
  zoom?: number;
  selection?: Region | null;
}

export interface Position {
  x: number;
  y: number;
  zoom: number;
}

/** What `POST /live/state` says. */
export interface ShownState {
  client: string;
  image: string;
  center: [number, number];
  zoom: number;
  size: [number, number];
  window: [number, number] | null;
  colormap: string | null;
  resampling: string;
  channels: number[] | null;
  axes: Record<string, number>;
  selection: Region | null;
}

export const mergeSettings = (old: Settings, fresh: Settings): Settings =>
  ({ ...old, ...fresh, axes: { ...old.axes, ...fresh.axes } });

/** Settings without what a link says itself: who follows a link sees what it shows. */
export function settingsBeside(settings: Settings, link: Permalink): Settings {
  const rest: Settings = { ...settings };
  if (link.vmin !== null || link.vmax !== null) delete rest.window;
  if (link.colormap !== null) delete rest.colormap;
  if (link.resampling !== null) delete rest.resampling;
  if (link.channels !== null) delete rest.channels;
  if (link.x !== null || link.y !== null) delete rest.center;
  if (link.zoom !== null) delete rest.zoom;
  if (link.box !== null) delete rest.selection;
  if (settings.axes) {
    rest.axes = Object.fromEntries(Object.entries(settings.axes).filter(([name]) => !link.axes.has(name)));
  }
  return rest;
}

/** The display with what the settings say of it, as far as the image can follow. */
export function displayWith(display: Display, settings: Settings, info: ImageInfo): Display {
  const next: Display = { ...display, axes: new Map(display.axes), projections: new Map(display.projections), windows: new Map(display.windows) };
  const { window, colormap, resampling, channels, axes = {} } = settings;
  if (window !== undefined) {
    next.vmin = window?.[0] ?? null;
    next.vmax = window?.[1] ?? null;
    next.windows.clear();
  }
  if (colormap !== undefined) next.colormap = colormap;
  if (resampling !== undefined) {
    next.resampling = resampling !== null && info.resamplings.includes(resampling) ? resampling : null;
  }
  if (channels !== undefined) {
    const known = (channels ?? []).filter((index) => info.channels[index] !== undefined);
    next.channels = known.length > 0 ? known : null;
  }
  for (const { name, size } of info.extra_axes) {
    const index = axes[name];
    if (index !== undefined && Number.isInteger(index) && index >= 0 && index < size) {
      next.axes.set(name, index);
      next.projections.delete(name);
    }
  }
  return normalise(next, info);
}

/** Where the settings say to go, if anywhere. */
export function positionIn({ center, zoom }: Settings): Partial<Position> {
  return {
    ...(center ? { x: center[0], y: center[1] } : {}),
    ...(zoom === undefined ? {} : { zoom }),
  };
}

/** The index of every extra axis that is at one; not of those whose planes are made one. */
export const allAxes = (info: ImageInfo, display: Display): Map<string, number> =>
  new Map(info.extra_axes.filter(({ name }) => !display.projections.has(name)).map(({ name }) => [name, display.axes.get(name) ?? 0]));

/** What is shown, defaults included. */
export function shownState(
  client: string,
  info: ImageInfo,
  display: Display,
  position: Position,
  size: [number, number],
  selection: Region | null,
): ShownState {
  const own = defaultWindow(info, display);
  const vmin = display.vmin ?? own?.vmin;
  const vmax = display.vmax ?? own?.vmax;
  const hasWindow = takesWindow(info, display) && vmin !== undefined && vmax !== undefined;
  return {
    client,
    image: info.id,
    center: [position.x, position.y],
    zoom: position.zoom,
    size,
    window: hasWindow ? [vmin, vmax] : null,
    // No colormap is shades of gray.
    colormap: takesColormap(info, display) ? (display.colormap ?? info.colormap) || 'gray' : null,
    resampling: display.resampling ?? info.resampling,
    channels: offersChannels(info) ? chosenChannels(info, display) : null,
    axes: Object.fromEntries(info.extra_axes.map(({ name }) => [name, display.axes.get(name) ?? 0])),
    selection,
  };
}
