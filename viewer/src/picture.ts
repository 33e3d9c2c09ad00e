// What of an image is asked for, and how it becomes colours: by the server, or here by the GPU.
import type { ImageInfo } from './api.ts';
import type { Paint } from './gpu/data-layer.ts';
import { parseColour } from './gpu/lut.ts';
import { type Scale, scaleOf } from './gpu/norm.ts';
import { type Meaning, MOST_CHANNELS, originFor } from './gpu/samples.ts';
import {
  channelWindow, chosenChannels, dataQuery, type Display, isComposite, tileQuery,
} from './state.ts';

export interface Picture {
  query: string;
  /** Null where the server colours the tiles. */
  data: { paint: Paint; colormap: string; meaning: Meaning } | null;
}

const WHITE: readonly [number, number, number] = [1, 1, 1];

function meaningOf(info: ImageInfo): Meaning {
  const { vmin, vmax } = info.window ?? { vmin: null, vmax: null };
  return {
    nodata: info.nodata === null ? null : Number(info.nodata),
    origin: info.kind === 'gray' && vmin !== null && vmax !== null ? originFor(info.dtype, { vmin, vmax }) : 0,
  };
}

/** Of a composite all, if those are not too many and not far: what is hidden is then shown without a request. */
function wantedOf({ channels, residence }: ImageInfo, shown: readonly number[]): readonly number[] {
  const all = shown.length > 1 && channels.length <= MOST_CHANNELS && residence !== 'remote';
  return all ? channels.map((_, index) => index) : shown;
}

export class Pictures {
  /** The channels that the tiles have, and what else they were asked for with. */
  private loaded: number[] = [];
  private rest: string | null = null;

  of(info: ImageInfo, display: Display, gpu: boolean): Picture {
    return (gpu ? this.ofData(info, display) : null) ?? { query: tileQuery(info, display), data: null };
  }

  private ofData(info: ImageInfo, display: Display): Picture | null {
    if (info.kind !== 'gray' && info.kind !== 'channels') return null;
    const shown = info.kind === 'gray' ? [0] : chosenChannels(info, display);
    if (shown.length > MOST_CHANNELS) return null;
    const channels = this.channels(wantedOf(info, shown), dataQuery(info, display, []));
    const painted = new Map<number, { scale: Scale; colour: readonly [number, number, number] }>();
    for (const channel of shown) {
      const window = channelWindow(info, display, channel);
      if (!window) return null;
      painted.set(channel, {
        scale: scaleOf(display.norm ?? 'linear', window.vmin, window.vmax),
        colour: parseColour(display.colours.get(channel) ?? info.channels[channel]?.color ?? '') ?? WHITE,
      });
    }
    const composite = isComposite(info, display);
    const paint: Paint = {
      channels: painted,
      composite,
      gamma: display.gamma ?? 1,
      inverted: display.inverted,
      under: display.under === null ? null : parseColour(display.under),
      over: display.over === null ? null : parseColour(display.over),
      bad: display.bad === null ? null : parseColour(display.bad),
      opacity: display.opacity ?? 1,
    };
    return {
      query: dataQuery(info, display, channels),
      data: { paint, colormap: display.colormap ?? info.colormap ?? '', meaning: meaningOf(info) },
    };
  }

  /** Tiles that have more channels than are shown do as well, until others are needed anyway. */
  private channels(shown: readonly number[], rest: string): number[] {
    const same = rest === this.rest;
    this.rest = rest;
    if (same && shown.every((channel) => this.loaded.includes(channel))) return this.loaded;
    const grown = same ? [...new Set([...this.loaded, ...shown])].sort((a, b) => a - b) : [];
    this.loaded = grown.length > 0 && grown.length <= MOST_CHANNELS ? grown : [...shown];
    return this.loaded;
  }
}
