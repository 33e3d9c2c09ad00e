import { describe, expect, it } from 'vitest';
import type { ImageInfo } from '../src/api.ts';
import { defaultDisplay } from '../src/state.ts';
import { keptWindows, withWindows } from '../src/windows.ts';

const channel = (name: string, vmax: number) => ({ name, color: null, vmin: 0, vmax });

function info(change: Partial<ImageInfo>): ImageInfo {
  return {
    id: 'a', name: 'a', version: '7', format: 'generated', width: 8, height: 8, shape: [8, 8], axes: ['y', 'x'],
    dtype: 'float32', kind: 'gray', channels: [channel('0', 10)], visible: [0], extra_axes: [], max_zoom: 3, tile_size: 256,
    native_zoom: 0, levels: [], provisional: false, resampling: 'average', resamplings: ['average'],
    colormap: 'viridis', window: { vmin: -1, vmax: 1, from: 'percentiles' }, statistics: null, nodata: null,
    ...change,
  };
}

const several = info({ kind: 'channels', channels: [channel('a', 10), channel('b', 20)], visible: [0, 1] });
const gray = info({});

describe('windows taken along', () => {
  it('are those of every channel that is shown', () => {
    const kept = keptWindows(several, { ...defaultDisplay(), windows: new Map([[1, [3, 4]]]) });
    expect(kept).toEqual({ whole: null, channels: new Map([[0, [0, 10]], [1, [3, 4]]]) });
    const other = info({ ...several, channels: [channel('c', 1), channel('d', 2)] });
    const display = withWindows(other, defaultDisplay(), kept);
    expect(display.windows).toEqual(new Map([[0, [0, 10]], [1, [3, 4]]]));
    expect([display.vmin, display.vmax]).toEqual([null, null]);
  });

  it('leave out channels that the image lacks', () => {
    const kept = { whole: null, channels: new Map<number, [number, number]>([[1, [3, 4]], [2, [5, 6]]]) };
    expect([...withWindows(several, defaultDisplay(), kept).windows.keys()]).toEqual([1]);
    expect(withWindows(gray, defaultDisplay(), kept).windows.size).toBe(0);
  });

  it('of a whole image are those of another', () => {
    const kept = keptWindows(gray, { ...defaultDisplay(), vmin: -5, vmax: 25 });
    expect(withWindows(gray, defaultDisplay(), kept)).toMatchObject({ vmin: -5, vmax: 25 });
    expect(keptWindows(gray, defaultDisplay()).whole).toEqual([-1, 1]);
  });

  it('of the channel that is shown alone are those of an image without channels', () => {
    const kept = keptWindows(several, { ...defaultDisplay(), windows: new Map([[0, [3, 4]]]) });
    expect(withWindows(gray, defaultDisplay(), kept)).toMatchObject({ vmin: 3, vmax: 4 });
  });
});
