import { describe, expect, it, vi } from 'vitest';
import type { ImageInfo, PixelValue } from '../src/api.ts';
import { Blink } from '../src/compare/blink.ts';
import { nameOf } from '../src/compare/compared.ts';
import { withContrast } from '../src/compare/contrast.ts';
import { swapped, withOther, withoutOther } from '../src/compare/link.ts';
import { distances, fittingLimit, nothing, paired, tileBeside } from '../src/compare/pair.ts';
import { channelOf, planeOf } from '../src/compare/pair-source.ts';
import { sampleDifference, sampleText } from '../src/compare/sample-difference.ts';
import { nextMode, paneGrid, plainCompare } from '../src/compare/state.ts';
import type { Samples } from '../src/gpu/samples.ts';
import { emptyPermalink, formatPermalink, parsePermalink } from '../src/permalink.ts';
import { compareOfText, textOfCompare } from '../src/compare/text.ts';
import { defaultDisplay } from '../src/state.ts';

function imageOf(change: Partial<ImageInfo> = {}): ImageInfo {
  return {
    id: 'a', name: 'a', version: '1', format: 'npy', width: 1000, height: 600, shape: [600, 1000], axes: ['y', 'x'],
    dtype: 'float32', kind: 'gray', channels: [{ name: '0', color: null, vmin: 0, vmax: 1 }], visible: [0], extra_axes: [],
    max_zoom: 10, tile_size: 256, native_zoom: 2, levels: [], provisional: false, resampling: 'average',
    resamplings: ['average', 'max'], colormap: 'viridis', window: { vmin: 0, vmax: 1, from: 'given' }, statistics: null, nodata: null,
    ...change,
  };
}

const channels = ['DAPI', 'GFP', 'Cy5'].map((name, index) => ({ name, color: '#ff0000', vmin: index, vmax: 100 + index }));
const stack = imageOf({ id: 's', name: 's', kind: 'channels', channels, visible: [0, 1, 2], extra_axes: [{ name: 't', size: 4 }] });

const pyramid = (width: number, height: number): ImageInfo => {
  const zoom = Math.ceil(Math.log2(Math.max(width, height)));
  return imageOf({ width, height, max_zoom: zoom, native_zoom: zoom - 8 });
};

const sample = (dtype: string, ...values: PixelValue['values']) =>
  ({ value: { x: 0, y: 0, dtype, values, channels: values.map(String) }, channel: 0 });

describe('a link to a comparison', () => {
  it('comes back as it was', () => {
    const hash = '#image=a&x=10&y=20&zoom=1&t=1&box=1,2,3,4&compare=swipe&compare.share=0.3&compare.active=b'
      + '&b.image=x%2Fy%20z&b.colormap=magma&b.vmin=0&b.vmax=5&b.c=0,2&b.norm=log&b.windows=0:1:2&b.t=3&b.z=1';
    expect(formatPermalink(parsePermalink(hash))).toBe(hash);
    const { compare, axes } = parsePermalink(hash);
    expect(axes).toEqual(new Map([['t', 1]]));
    expect(compare).toMatchObject({ mode: 'swipe', share: 0.3, active: 1, rate: 0, limit: null, linked: false });
    expect(compare?.others).toEqual([{
      ...emptyPermalink(), image: 'x/y z', colormap: 'magma', vmin: 0, vmax: 5, channels: [0, 2], norm: 'log',
      windows: new Map([[0, [1, 2]]]), axes: new Map([['t', 3], ['z', 1]]),
    }]);
  });

  it('has more than two images, and what belongs to each way', () => {
    for (const hash of [
      '#image=a&compare=side&compare.linked=1&b.image=a&c.image=b&c.t=2&d.image=c',
      '#image=a&compare=blink&compare.rate=2&b.image=a&c.image=b',
      '#image=a&compare=difference&compare.limit=12.5&compare.colormap=coolwarm&b.image=a&b.t=1',
    ]) expect(formatPermalink(parsePermalink(hash))).toBe(hash);
  });

  it('passes over nonsense', () => {
    expect(parsePermalink('#image=a&compare=sideways&b.image=b').compare).toBeNull();
    expect(parsePermalink('#image=a&compare=swipe').compare).toBeNull();
    expect(parsePermalink('#image=a&compare=swipe&compare.share=7&compare.rate=-1&compare.limit=0&compare.active=z&b.image=b').compare)
      .toEqual({ ...plainCompare('swipe'), others: [{ ...emptyPermalink(), image: 'b' }] });
    // There is no place of its own, nor a comparison within.
    expect(parsePermalink('#image=a&compare=side&compare.active=e&b.image=b&b.x=3&b.compare=side&b.b.image=c').compare)
      .toEqual({ ...plainCompare('side'), active: 1, others: [{ ...emptyPermalink(), image: 'b' }] });
  });

  it('takes more images and gives them up', () => {
    const other = { ...emptyPermalink(), image: 'b' };
    const one = withOther(null, other, false);
    expect(one).toEqual({ ...plainCompare('swipe'), others: [other] });
    const two = withOther(one, { ...other, image: 'c' }, true);
    expect(two).toMatchObject({ mode: 'swipe', active: 2 });
    expect(withoutOther(two, 0)).toMatchObject({ active: 1, others: [{ image: 'c' }] });
    expect(withoutOther(two, 1)).toMatchObject({ active: 0, others: [{ image: 'b' }] });
    expect(withoutOther(one, 0)).toBeNull();
  });

  it('swaps A and B where they are', () => {
    const link = parsePermalink('#image=a&x=10&y=20&zoom=1&t=1&compare=difference&compare.active=b&b.image=b&b.vmin=1&c.image=c');
    expect(formatPermalink(swapped(link) ?? emptyPermalink()))
      .toBe('#image=b&x=10&y=20&zoom=1&vmin=1&compare=difference&b.image=a&b.t=1&c.image=c');
    expect(swapped(emptyPermalink())).toBeNull();
  });

  it('is text for the history, but for whose panel it is', () => {
    const { compare } = parsePermalink('#image=a&compare=swipe&compare.active=c&b.image=b&b.vmin=1&c.image=c');
    const text = textOfCompare(compare);
    expect(text).toBe('compare=swipe&b.image=b&b.vmin=1&c.image=c');
    expect(compareOfText(text, 2)).toEqual(compare);
    expect(compareOfText('compare=swipe&b.image=b', 2)?.active).toBe(0);
    expect([textOfCompare(null), compareOfText('')]).toEqual(['', null]);
  });
});

describe('tiles of two images', () => {
  it('are the same for images of one size', () => {
    expect(tileBeside(pyramid(1000, 600), pyramid(1000, 600), [2, 2], 3, 1)).toEqual({ zooms: [2, 2], x: 3, y: 1, size: 256 });
  });

  it('cover the same pixels, reduced as much', () => {
    for (const [first, other] of [[pyramid(1000, 600), pyramid(5000, 9000)], [pyramid(5000, 9000), pyramid(1000, 600)]] as const) {
      for (let z = 0; z <= first.native_zoom; z += 1) {
        const side = 2 ** (first.max_zoom - z);
        for (const [x, y] of [[0, 0], [1, 0], [0, 1], [3, 2]] as const) {
          const beside = tileBeside(first, other, [z, z], x, y);
          const both = [first, other].every(({ width, height }) => x * side < width && y * side < height);
          expect(beside !== null).toBe(both);
          if (!beside) continue;
          const covers = 2 ** (other.max_zoom - beside.zooms[0]);
          expect(covers / beside.size).toBe(side / first.tile_size);
          expect([beside.x * covers, beside.y * covers]).toEqual([x * side, y * side]);
          expect(beside.x).toBeLessThan(2 ** beside.zooms[0]);
        }
      }
    }
  });

  it('are a corner of a tile where an image is much smaller', () => {
    expect(tileBeside(pyramid(2 ** 14, 2 ** 14), pyramid(500, 500), [2, 2], 0, 0)).toEqual({ zooms: [0, 0], x: 0, y: 0, size: 32 });
    expect(tileBeside(pyramid(2 ** 14, 2 ** 14), pyramid(500, 500), [2, 2], 1, 0)).toBeNull();
    // A pixel of it would be less than one of the tile's.
    expect(tileBeside(pyramid(2 ** 40, 2 ** 40), pyramid(500, 500), [0, 0], 0, 0)).toBeNull();
  });

  it('have a zoom for each axis where pixels are stretched', () => {
    expect(tileBeside(pyramid(1000, 600), pyramid(4000, 600), [1, 2], 0, 0)).toEqual({ zooms: [3, 4], x: 0, y: 0, size: 256 });
    expect(tileBeside(pyramid(4000, 600), pyramid(500, 500), [1, 3], 0, 0)).toBeNull();
  });
});

const samplesOf = (width: number, values: number[], change: Partial<Samples> = {}): Samples => {
  const count = change.channels ?? 1;
  return { width, height: values.length / width / count, channels: count, values: Float32Array.from(values), bad: null, origin: 0, ...change };
};

describe('two tiles as one', () => {
  it('have the pixels that both have', () => {
    const pair = paired({ samples: samplesOf(3, [1, 2, 3, 4, 5, 6]), band: 0 }, { samples: samplesOf(2, [10, 20, 40, 50, 60, 70]), band: 0 });
    expect(pair).toMatchObject({ width: 2, height: 2, channels: 2, bad: null, origin: 0 });
    expect([...pair.values]).toEqual([1, 10, 2, 20, 4, 40, 5, 50]);
  });

  it('say of which there is no value', () => {
    const a = samplesOf(2, [1, 2, 3, 4, 5, 6, 7, 8], { channels: 2, bad: Uint8Array.of(0, 1, 2, 0) });
    const b = samplesOf(2, [1, 2, 3, 4], { bad: Uint8Array.of(0, 0, 0, 1) });
    const pair = paired({ samples: a, band: 1 }, { samples: b, band: 0 });
    expect([...pair.values]).toEqual([2, 1, 4, 2, 0, 3, 8, 0]);
    expect([...(pair.bad ?? [])]).toEqual([0, 0, 1, 2]);
  });

  it('know what was taken off their difference', () => {
    const pair = paired({ samples: samplesOf(1, [1], { origin: 1e9 }), band: 0 }, { samples: samplesOf(1, [3], { origin: 1e9 - 7 }), band: 0 });
    expect(pair.origin).toBe(7);
    expect([...distances(pair)]).toEqual([5]);
  });

  it('tell how light colours are', () => {
    const pair = paired({ samples: samplesOf(1, [100, 200, 50], { channels: 3 }), band: null }, { samples: samplesOf(1, [10]), band: 0 });
    expect(pair.values[0]).toBeCloseTo(0.2126 * 100 + 0.7152 * 200 + 0.0722 * 50, 4);
    expect(pair.values[1]).toBe(10);
  });

  it('give a limit that all but a few differences are below', () => {
    expect([...distances(nothing())]).toEqual([]);
    expect(fittingLimit([])).toBeNull();
    expect(fittingLimit([Float32Array.of(0, 0)])).toBe(1);
    expect(fittingLimit([Float32Array.from({ length: 1000 }, (_, index) => index / 10), Float32Array.of(1e9)])).toBe(100);
    // Where there are few differences, they are all there is to see.
    expect(fittingLimit([Float32Array.from({ length: 2000 }, (_, index) => (index === 7 ? 3.1234 : 0))])).toBe(3.1);
  });

  it('are of the first channel that is shown', () => {
    const data = { paint: { channels: new Map() }, colormap: '', meaning: { nodata: null, origin: 0 } };
    const picture = { query: 'c=0,1,2&v=1', data: data as never };
    const plane = planeOf(stack, { ...defaultDisplay(), channels: [1, 2] }, picture, () => 0);
    expect(plane).toMatchObject({ query: 'c=0,1,2&v=1', band: 1 });
    expect(channelOf(stack, { ...defaultDisplay(), channels: [1, 2] })).toBe(1);
    const photo = imageOf({ kind: 'rgb', channels });
    expect(planeOf(photo, defaultDisplay(), { query: 'v=1', data: null }, () => 0)).toMatchObject({ query: 'v=1', band: null });
    expect(channelOf(photo, defaultDisplay())).toBeNull();
    const labels = imageOf({ kind: 'labels', dtype: 'int32' });
    expect(planeOf(labels, defaultDisplay(), { query: 'v=1', data: null }, () => 0)).toMatchObject({ query: 'v=1', band: 0 });
  });
});

describe('the difference of two samples', () => {
  it.each([
    [sample('uint8', 3), sample('uint8', 5), '-2'],
    [sample('int64', '9007199254740995'), sample('int64', 2), '9007199254740993'],
    [sample('float32', 0.10000000149011612), sample('float32', 0.30000001192092896), '-0.20000002'],
    [sample('float64', 0.3), sample('float64', 0.1), '0.19999999999999998'],
    [sample('float32', 0.5), sample('uint16', 2), '-1.5'],
    [sample('float32', 'nan'), sample('float32', 2), ''],
    [sample('float32', 'inf'), sample('float32', 2), 'inf'],
    [sample('float32', null), sample('float32', 2), ''],
    [sample('complex64', '3+4j'), sample('complex64', '0-1j'), '4'],
  ])('%#', (a, b, text) => expect(sampleDifference(a, b)).toBe(text));

  it('is of a channel, or of how light colours are', () => {
    const photo = { ...sample('uint8', 100, 200, 50), channel: null };
    expect(sampleText(photo)).toBe('167.91');
    expect(sampleDifference(photo, sample('uint8', 7))).toBe('160.91');
    expect(sampleDifference({ ...sample('int16', 1, 20), channel: 1 }, sample('int16', 5))).toBe('15');
  });
});

describe('what is compared', () => {
  it('goes from one way to the next', () => {
    const seen = ['side'];
    for (let mode = nextMode('side'); mode !== 'side'; mode = nextMode(mode)) seen.push(mode);
    expect(seen).toEqual(['side', 'swipe', 'blink', 'overlay', 'difference']);
  });

  it('has panes that are rather square', () => {
    expect(paneGrid(2, 1000, 700)).toEqual({ columns: 2, rows: 1 });
    expect(paneGrid(2, 375, 600)).toEqual({ columns: 1, rows: 2 });
    expect(paneGrid(4, 1000, 700)).toEqual({ columns: 2, rows: 2 });
    expect(paneGrid(9, 1000, 900)).toEqual({ columns: 3, rows: 3 });
  });

  it('is called by what it shows', () => {
    expect(nameOf(imageOf(), defaultDisplay())).toBe('a');
    expect(nameOf(stack, { ...defaultDisplay(), channels: [1], axes: new Map([['t', 2]]) })).toBe('s · t 2 · GFP');
    expect(nameOf(stack, defaultDisplay())).toBe('s · t 0');
    // Only that much of it takes part in a difference.
    expect(nameOf(stack, defaultDisplay(), true)).toBe('s · t 0 · DAPI');
    expect(nameOf(imageOf({ kind: 'rgb' }), defaultDisplay(), true)).toBe('a · luminance');
  });

  it('takes over a contrast, as far as it can', () => {
    const from = { info: imageOf(), display: { ...defaultDisplay(), colormap: 'magma', vmin: 2, norm: 'log' as const } };
    const other = { info: imageOf({ id: 'b', colormap: 'gray', window: { vmin: 5, vmax: 9, from: 'given' } }), display: defaultDisplay() };
    expect(withContrast(other, from)).toMatchObject({ colormap: 'magma', vmin: 2, vmax: 1, norm: 'log' });
    const same = { info: stack, display: { ...defaultDisplay(), axes: new Map([['t', 2]]) } };
    const windows = new Map<number, [number, number]>([[1, [7, 8]]]);
    const next = withContrast(same, { info: stack, display: { ...defaultDisplay(), windows } });
    expect(next.windows.get(1)).toEqual([7, 8]);
    expect(next.axes).toEqual(new Map([['t', 2]]));
    expect(next.colormap).toBeNull();
  });
});

describe('images that blink', () => {
  it('wait for all tiles', () => {
    let ready = false;
    const fronts: number[] = [];
    const blink: Blink = new Blink(() => ready, () => fronts.push(blink.front));
    blink.of(3);
    blink.step();
    blink.step();
    expect(fronts).toEqual([]);
    ready = true;
    blink.ready();
    blink.ready();
    expect(fronts).toEqual([1]);
    blink.step();
    blink.step();
    expect(fronts).toEqual([1, 2, 0]);
  });

  it('do so by themselves until they are stopped', () => {
    vi.useFakeTimers();
    let fronts = 0;
    const blink = new Blink(() => true, () => { fronts += 1; });
    blink.of(2);
    blink.run(2);
    vi.advanceTimersByTime(2100);
    expect(fronts).toBe(4);
    blink.stop();
    expect(blink.runs).toBe(false);
    vi.advanceTimersByTime(2100);
    expect(fronts).toBe(4);
    vi.useRealTimers();
  });
});
