import { describe, expect, it } from 'vitest';
import type { ImageInfo } from '../src/api.ts';
import { figureSize } from '../src/figure.ts';
import { placeAlong, regionTarget } from '../src/saving.ts';
import { defaultDisplay } from '../src/state.ts';

const info = {
  id: 'a b', version: '5f', kind: 'gray', dtype: 'float32', width: 100, height: 80, channels: [{ name: '0', color: null, vmin: 0, vmax: 1 }],
  visible: [0], extra_axes: [{ name: 't', size: 5 }, { name: 'z', size: 1 }], colormap: 'viridis', resampling: 'average',
  resamplings: ['average', 'max'], window: { vmin: 0, vmax: 1, from: 'dtype' },
} as unknown as ImageInfo;
const box = { x0: 1, y0: 2, x1: 30, y1: 40 };

describe('what is saved', () => {
  const display = { ...defaultDisplay(), colormap: 'magma', vmin: 0.5, resampling: 'max', axes: new Map([['t', 3]]) };

  it('asks for the samples of the plane that is shown', () => {
    expect(regionTarget(info, display, box, 'npy')).toBe('images/a%20b/region.npy?t=3&x0=1&y0=2&x1=30&y1=40');
  });

  it('asks for colours as they are shown', () => {
    expect(regionTarget(info, display, box, 'png'))
      .toBe('images/a%20b/region.png?colormap=magma&vmin=0.5&vmax=1&t=3&x0=1&y0=2&x1=30&y1=40');
  });

  it('says where it is along the other axes', () => {
    expect(placeAlong(info, display)).toBe('t = 3');
    expect(placeAlong(info, defaultDisplay())).toBe('t = 0');
  });

  it('has room for a scale of colours only where there is one', () => {
    const plain = figureSize({ width: 400, height: 300, legend: null });
    const legend = { strip: {} as CanvasImageSource, inverted: false, ticks: [], unit: '' };
    expect(plain.width).toBeGreaterThan(400);
    expect(figureSize({ width: 400, height: 300, legend }).height).toBeGreaterThan(plain.height);
  });
});
