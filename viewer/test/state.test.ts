import { describe, expect, it } from 'vitest';
import type { ImageInfo } from '../src/api.ts';
import { formatPermalink, parsePermalink } from '../src/permalink.ts';
import {
  chosenChannels, defaultDisplay, defaultWindow, displayOf, permalinkOf, planesOf, takesColormap, takesWindow, tileQuery,
} from '../src/state.ts';

const channel = (name: string) => ({ name, color: null, vmin: 0, vmax: 10 });

function info(change: Partial<ImageInfo>): ImageInfo {
  return {
    id: 'a', name: 'a', version: '7', format: 'generated', width: 8, height: 8, shape: [8, 8], axes: ['y', 'x'],
    dtype: 'float32', kind: 'gray', channels: [channel('0')], visible: [0], extra_axes: [], max_zoom: 3, tile_size: 256,
    native_zoom: 0, levels: [], provisional: false, resampling: 'average', resamplings: ['average', 'max'],
    colormap: 'viridis', window: { vmin: -1, vmax: 1, from: 'percentiles' }, statistics: null, nodata: null,
    ...change,
  };
}

const read = (image: ImageInfo, hash: string): string => tileQuery(image, displayOf(parsePermalink(hash), image));

describe('tileQuery', () => {
  it('has only the version by default', () => {
    expect(tileQuery(info({}), defaultDisplay())).toBe('v=7');
    expect(read(info({}), '#colormap=viridis&resampling=average&t=0')).toBe('v=7');
  });

  it('says what was chosen', () => {
    expect(read(info({}), '#colormap=magma&vmin=0&vmax=2&resampling=max'))
      .toBe('colormap=magma&vmin=0&vmax=2&resampling=max&v=7');
    expect(read(info({}), '#colormap=none')).toBe('colormap=gray&v=7');
    expect(read(info({ colormap: null }), '#colormap=none')).toBe('v=7');
    expect(read(info({}), '#vmin=0.5')).toBe('vmin=0.5&vmax=1&v=7');
  });

  it('never windows or colours labels', () => {
    expect(read(info({ kind: 'labels' }), '#colormap=magma&vmin=0&vmax=2')).toBe('v=7');
  });

  it('leaves 8-bit photographs alone, and windows deeper ones', () => {
    const rgb = { kind: 'rgb' as const, colormap: null, channels: ['r', 'g', 'b'].map(channel), visible: [0, 1, 2] } satisfies Partial<ImageInfo>;
    const link = '#colormap=magma&vmin=0&vmax=2';
    expect(read(info({ ...rgb, dtype: 'uint8' }), link)).toBe('v=7');
    expect(read(info({ ...rgb, dtype: 'uint16' }), link)).toBe('vmin=0&vmax=2&v=7');
  });

  it('colours one channel of many', () => {
    const cells = info({
      kind: 'channels', colormap: null, channels: ['a', 'b', 'c'].map(channel), visible: [0, 1, 2],
      extra_axes: [{ name: 't', size: 4 }],
    });
    expect(read(cells, '#c=0,2&colormap=magma&t=3')).toBe('c=0,2&t=3&v=7');
    expect(read(cells, '#c=1&colormap=magma&vmin=4')).toBe('colormap=magma&vmin=4&vmax=10&c=1&v=7');
    expect(read(cells, '#c=0,1,2&t=9')).toBe('v=7');
    expect(takesColormap(cells, defaultDisplay())).toBe(false);
    expect(takesWindow(cells, defaultDisplay())).toBe(true);
  });

  it('makes the planes along an axis one', () => {
    const stack = info({ extra_axes: [{ name: 't', size: 4 }, { name: 'z', size: 9 }] });
    expect(read(stack, '#t=3&z=max')).toBe('t=3&z=max&v=7');
    expect(read(stack, '#z=2:5:mean')).toBe('z=2:5:mean&v=7');
    for (const wrong of ['z=median', 'z=max:2:5', 'w=max', 'z=2:max']) expect(read(stack, `#${wrong}`)).toBe('v=7');
    const display = displayOf(parsePermalink('#t=3&z=max'), stack);
    expect([...planesOf({ ...display, axes: new Map([['t', 3], ['z', 5]]) })]).toEqual([['t', 3], ['z', 'max']]);
    expect(formatPermalink(permalinkOf('a', display, null))).toBe('#image=a&t=3&z=max');
  });

  it("starts from the server's choice of channels", () => {
    const five = info({ kind: 'channels', colormap: null, channels: [...'abcde'].map(channel), visible: [0, 1, 2, 3] });
    expect(chosenChannels(five, defaultDisplay())).toEqual([0, 1, 2, 3]);
    expect(read(five, '#c=3,2,1,0')).toBe('v=7');
    expect(read(five, '#c=0,1,2,3,4')).toBe('c=0,1,2,3,4&v=7');
  });

  it('names the only channel shown, so that it takes a colormap', () => {
    const bands = info({ kind: 'channels', colormap: null, channels: [...'abcde'].map(channel), visible: [0] });
    expect(takesColormap(bands, defaultDisplay())).toBe(true);
    expect(read(bands, '#colormap=magma')).toBe('colormap=magma&c=0&v=7');
  });

  it('sends no half window where each channel has its own', () => {
    const pair = info({ kind: 'channels', channels: ['a', 'b'].map(channel), visible: [0, 1] });
    expect(defaultWindow(pair, defaultDisplay())).toBeNull();
    expect(read(pair, '#vmin=3')).toBe('v=7');
    expect(read(pair, '#vmin=3&vmax=5')).toBe('vmin=3&vmax=5&v=7');
  });
});
