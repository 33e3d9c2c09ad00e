// The same pixels in numpy.
import type { ImageInfo } from '../api.ts';
import { chosenChannels, type Display } from '../state.ts';
import { boxOf, type Mark } from './mark.ts';

/** Channels that follow each other are a slice, others a list. */
function channelIndex(info: ImageInfo, display: Display): string {
  const every = display.channels === null && info.kind !== 'channels';
  const channels = every ? [] : [...chosenChannels(info, display)].sort((a, b) => a - b);
  const [first, last] = [channels[0], channels.at(-1)];
  if (first === undefined || last === undefined || channels.length === info.channels.length) return ':';
  if (channels.length === 1) return String(first);
  return last - first + 1 === channels.length ? `${first}:${last + 1}` : `[${channels.join(', ')}]`;
}

/** `array[3, 10:20, 5:9]`: the box of pixels around a mark, at the place along the other axes that is shown. */
export function numpySlice(info: ImageInfo, display: Display, mark: Mark): string {
  const box = boxOf(mark, info);
  if (!box) return '';
  const isPixel = mark.kind === 'point';
  const span = (from: number, length: number): string => (isPixel ? String(from) : `${from}:${from + length}`);
  const extra = new Set(info.extra_axes.map(({ name }) => name));
  const parts = info.axes.map((axis) => {
    if (axis === 'y') return span(box.y, box.height);
    if (axis === 'x') return span(box.x, box.width);
    if (display.projections.has(axis)) return ':';
    return extra.has(axis) ? String(display.axes.get(axis) ?? 0) : channelIndex(info, display);
  });
  return `array[${parts.join(', ')}]`;
}
