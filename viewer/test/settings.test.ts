import { describe, expect, it } from 'vitest';
import type { ImageInfo } from '../src/api.ts';
import { parsePermalink } from '../src/permalink.ts';
import { displayWith, mergeSettings, positionIn, settingsBeside, shownState } from '../src/settings.ts';
import { defaultDisplay } from '../src/state.ts';

const gray = {
  id: 'a', kind: 'gray', dtype: 'float32', channels: [{ name: '0', color: null, vmin: 0, vmax: 9 }], visible: [0],
  extra_axes: [{ name: 't', size: 5 }], resampling: 'average', resamplings: ['average', 'max'], colormap: 'viridis',
  window: { vmin: -1, vmax: 1, from: 'percentiles' },
} as unknown as ImageInfo;
const channel = (name: string) => ({ name, color: null, vmin: 0, vmax: 9 });
const stack = {
  ...gray, kind: 'channels', channels: ['a', 'b', 'c'].map(channel), visible: [0, 1], colormap: null, window: null,
} as unknown as ImageInfo;

describe('settings', () => {
  it('change what they name, and null is as the image has it', () => {
    const first = displayWith(defaultDisplay(), { window: [0, 2], colormap: 'magma', axes: { t: 3 } }, gray);
    expect(first).toMatchObject({ vmin: 0, vmax: 2, colormap: 'magma', resampling: null, axes: new Map([['t', 3]]) });
    const second = displayWith(first, { window: null, colormap: 'viridis', axes: { t: 0 }, resampling: 'max' }, gray);
    expect(second).toEqual({ ...defaultDisplay(), resampling: 'max' });
  });

  it('are followed as far as the image can', () => {
    const asked = { axes: { t: 5, q: 1 }, resampling: 'sum', channels: [7] };
    expect(displayWith(defaultDisplay(), asked, gray)).toEqual(defaultDisplay());
    expect(displayWith(defaultDisplay(), { channels: [2, 9] }, stack).channels).toEqual([2]);
    expect(displayWith(defaultDisplay(), { channels: [1, 0] }, stack).channels).toBeNull();
  });

  it('say where to go', () => {
    expect(positionIn({ center: [3, 4] })).toEqual({ x: 3, y: 4 });
    expect(positionIn({ zoom: -1 })).toEqual({ zoom: -1 });
    expect(positionIn({ colormap: null })).toEqual({});
  });

  it('give way to a link, and add up', () => {
    const settings = mergeSettings({ colormap: 'magma', zoom: 1, axes: { t: 1, z: 1 } }, { zoom: 2, axes: { z: 2 } });
    expect(settings).toEqual({ colormap: 'magma', zoom: 2, axes: { t: 1, z: 2 } });
    expect(settingsBeside(settings, parsePermalink('#zoom=0&t=4'))).toEqual({ colormap: 'magma', axes: { z: 2 } });
    const box = { selection: { y: 0, x: 0, height: 1, width: 1 }, center: [0, 0] as [number, number] };
    expect(settingsBeside(box, parsePermalink('#box=1,2,3,4&x=1'))).toEqual({});
  });
});

describe('shownState', () => {
  const place = { x: 1, y: 2, zoom: -1 };

  it('has the defaults too', () => {
    expect(shownState('c', gray, defaultDisplay(), place, [30, 20], null)).toEqual({
      client: 'c', image: 'a', center: [1, 2], zoom: -1, size: [30, 20], window: [-1, 1], colormap: 'viridis',
      resampling: 'average', channels: null, axes: { t: 0 }, selection: null,
    });
    expect(shownState('c', gray, { ...defaultDisplay(), colormap: '', vmax: 5 }, place, [30, 20], null))
      .toMatchObject({ window: [-1, 5], colormap: 'gray' });
  });

  it('has null for what does not apply', () => {
    expect(shownState('c', stack, defaultDisplay(), place, [30, 20], null))
      .toMatchObject({ window: null, colormap: null, channels: [0, 1] });
  });
});
