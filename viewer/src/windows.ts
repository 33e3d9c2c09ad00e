// The windows of one image, taken along to another.
import type { ImageInfo } from './api.ts';
import type { Permalink } from './permalink.ts';
import { channelWindow, chosenChannels, type Display, isComposite, takesWindow } from './state.ts';

type Ends = [number, number];

export interface KeptWindows {
  /** Of the image as a whole, or of its only channel. */
  whole: Ends | null;
  channels: Map<number, Ends>;
}

export function keptWindows(info: ImageInfo, display: Display): KeptWindows {
  const channels = new Map(display.windows);
  if (isComposite(info, display)) {
    for (const channel of chosenChannels(info, display)) {
      const window = channelWindow(info, display, channel);
      if (window) channels.set(channel, [window.vmin, window.vmax]);
    }
    const { vmin, vmax } = display;
    return { whole: vmin !== null && vmax !== null ? [vmin, vmax] : null, channels };
  }
  const window = takesWindow(info, display) ? channelWindow(info, display, chosenChannels(info, display)[0] ?? 0) : null;
  return { whole: window && [window.vmin, window.vmax], channels };
}

export const saysWindow = ({ vmin, vmax, windows }: Permalink): boolean => vmin !== null || vmax !== null || windows.size > 0;

/** The display with these windows, as far as the image has a use for them. */
export function withWindows(info: ImageInfo, display: Display, { whole, channels }: KeptWindows): Display {
  const composite = isComposite(info, display);
  const own = new Map([...channels].filter(([channel]) => info.kind === 'channels' && channel < info.channels.length));
  const ends = composite ? whole : whole ?? channels.get(chosenChannels(info, display)[0] ?? 0);
  const [vmin, vmax] = ends ?? [display.vmin, display.vmax];
  return { ...display, vmin, vmax, windows: own };
}
