import { describe, expect, it } from 'vitest';
import type { ImageInfo } from '../src/api.ts';
import { labelColour } from '../src/labels/colours.ts';
import { axesOf, holdsLabels, labelsQuery, scaleOver } from '../src/labels/fit.ts';
import { HIDDEN, Palette, SELECTED, SHOWN } from '../src/labels/palette.ts';
import { formatLabels, isTooLong, parseLabels, plainLabels } from '../src/labels/state.ts';
import { LabelTable, parseLabel } from '../src/labels/table.ts';
import { formatPermalink, parsePermalink } from '../src/permalink.ts';
import { defaultDisplay } from '../src/state.ts';

const info = (change: Partial<ImageInfo>): ImageInfo => ({
  id: 'a', name: 'a', version: '7', format: 'generated', width: 8, height: 8, shape: [8, 8], axes: ['y', 'x'],
  dtype: 'int32', kind: 'labels', channels: [], visible: [0], extra_axes: [], max_zoom: 3, tile_size: 256,
  native_zoom: 0, levels: [], provisional: false, resampling: 'mode', resamplings: ['average', 'mode'],
  colormap: null, window: null, statistics: null, nodata: null, ...change,
});

const size = (width: number, height: number) => ({ width, height });
const holds = (kind: ImageInfo['kind'], dtype: string): boolean => holdsLabels({ kind, dtype });

function made(labels: number[]): { palette: Palette; table: LabelTable } {
  const table = new LabelTable();
  for (const label of labels) table.indexOf(label);
  return { table, palette: new Palette(table) };
}

/** What is done with the labels of a palette. */
const marks = (palette: Palette, count: number): (number | undefined)[] =>
  Array.from({ length: count }, (_, index) => palette.bytes[4 * index + 3]);

/** As the server colours them (`label_colour` in Rust). */
const SERVER: [bigint, [number, number, number]][] = [
  [1n, [25, 74, 191]], [2n, [143, 204, 57]], [3n, [236, 20, 209]], [7n, [65, 201, 59]], [17n, [29, 219, 227]],
  [255n, [45, 129, 251]], [1000n, [231, 89, 52]], [65535n, [201, 22, 175]], [16777216n, [88, 19, 216]],
  [2147483647n, [244, 210, 86]], [4294967295n, [238, 64, 190]], [-1n, [42, 223, 95]], [-5n, [240, 19, 138]],
  [-2147483648n, [145, 221, 72]], [9007199254740992n, [18, 215, 228]], [9223372036854775807n, [250, 43, 190]],
  [-9223372036854775808n, [16, 228, 228]],
];

describe('the colour of a label', () => {
  it("is the server's", () => {
    for (const [label, colour] of SERVER) {
      expect(labelColour(label), String(label)).toEqual(colour);
      if (Number.isSafeInteger(Number(label))) expect(labelColour(Number(label))).toEqual(colour);
    }
  });

  it("is the server's for every one of 100,000", () => {
    let sum = 0;
    for (let label = -50_000; label < 50_000; label += 1) {
      for (const channel of labelColour(label)) sum = (Math.imul(sum, 31) + channel) >>> 0;
    }
    // The same sum over what the server's function gives.
    expect(sum).toBe(2_808_768_550);
  });

  it('is that of a float64 beyond 2^53, as on the server', () => {
    expect(labelColour(2n ** 53n + 1n)).toEqual(labelColour(2n ** 53n));
    expect(labelColour(2n ** 64n - 1n)).toEqual(labelColour(2n ** 63n - 1n));
  });

  it('is another with each seed, and always the same one', () => {
    const colours = [0, 1, 2, 3, 4].map((seed) => labelColour(17, seed).join());
    expect(new Set(colours).size).toBe(5);
    expect(labelColour(17, 3).join()).toBe(colours[3]);
    const many = new Set(Array.from({ length: 200 }, (_, label) => labelColour(label + 1, 9).join()));
    expect(many.size).toBeGreaterThan(195);
  });
});

describe('the table of labels', () => {
  it('tells every label of 64 bits apart, whatever its type', () => {
    const table = new LabelTable();
    const big = 2n ** 63n;
    const tile = table.decode(BigUint64Array.of(0n, 5n, big, big + 1n, 5n, 2n ** 53n + 1n).buffer, 'uint64', [2, 3, 1], null);
    expect([...tile.values]).toEqual([0, 1, 2, 3, 1, 4]);
    expect(table.decode(Int16Array.of(5, -3).buffer, 'int16', [1, 2, 1], null).values).toEqual(Float32Array.of(1, 5));
    expect([1, 2, 3, 4, 5].map((index) => String(table.at(index)))).toEqual(['5', String(big), String(big + 1n), '9007199254740993', '-3']);
    expect(table.at(0)).toBe(null);
  });

  it('has no index for what is no data', () => {
    const table = new LabelTable();
    expect([...table.decode(Uint8Array.of(255, 255, 3, 0, 255).buffer, 'uint8', [1, 5, 1], 255).values]).toEqual([0, 0, 1, 0, 0]);
    expect(table.labels).toEqual([0, 3]);
  });

  it('says what it cannot read', () => {
    const table = new LabelTable();
    expect(() => table.decode(new ArrayBuffer(3), 'uint8', [2, 2, 1], null)).toThrow('3 labels, not 4');
    expect(() => table.decode(new ArrayBuffer(8), 'uint8', [2, 2, 2], null)).toThrow();
  });

  it('has an end, behind which nothing is taken for something else', () => {
    const table = new LabelTable(4);
    expect([...table.decode(Uint8Array.of(7, 8, 9, 10, 7, 11).buffer, 'uint8', [1, 6, 1], null).values]).toEqual([1, 2, 3, 3, 1, 3]);
    expect([1, 2, 3].map((index) => table.at(index))).toEqual([7, 8, null]);
  });

  it('reads labels that are written', () => {
    expect(['17', ' \u22125 ', '18446744073709551615', '1.5', '', 'a', '1e3'].map(parseLabel))
      .toEqual([17, -5, 18446744073709551615n, null, null, null, null]);
  });
});

describe('the palette', () => {
  const state = plainLabels();

  it('knows colours and what is done with labels', () => {
    const { palette } = made([7, 17, 1000]);
    expect(palette.update(state)).toBe(true);
    expect([...palette.bytes.subarray(4, 7)]).toEqual([65, 201, 59]);
    expect(marks(palette, 4)).toEqual([HIDDEN, SHOWN, SHOWN, SHOWN]);
    expect(palette.update(state)).toBe(false);
    palette.update({ ...state, hidden: ['7'], selected: ['17', '7', '5'] });
    expect(marks(palette, 4)).toEqual([HIDDEN, HIDDEN, SELECTED, SHOWN]);
    palette.update({ ...state, only: ['7', '1000'], hidden: ['1000'], selected: ['17'] });
    expect(marks(palette, 4)).toEqual([HIDDEN, SHOWN, HIDDEN, HIDDEN]);
    palette.update({ ...state, seed: 4 });
    expect([...palette.bytes.subarray(4, 7)]).toEqual([...labelColour(7, 4)]);
    palette.update(state);
    expect([...palette.bytes.subarray(4, 7)]).toEqual([65, 201, 59]);
  });

  it('grows with the table, and marks what is seen later', () => {
    const { palette, table } = made([]);
    const choice = { ...state, hidden: ['2000'] };
    palette.update(choice);
    for (let label = 1; label <= 3000; label += 1) table.indexOf(label);
    expect(palette.update(choice)).toBe(true);
    expect(palette.rows).toBe(4);
    expect([palette.isShown(1999), palette.isShown(2000), palette.isShown(3000)]).toEqual([true, false, true]);
  });
});

describe('labels in a link', () => {
  const full = {
    image: 'a,b:c d/é', visible: false, outline: true, opacity: 0.25, seed: 12, hidden: ['1', '-2'],
    only: ['18446744073709551615', '4'], selected: ['9'],
  };

  it('come back as they went', () => {
    expect(parseLabels(formatLabels(full))).toEqual(full);
    const link = { ...parsePermalink('#image=x'), labels: full };
    expect(parsePermalink(formatPermalink(link)).labels).toEqual(full);
    const hash = '#image=cells&labels=labels,opacity:0.4,outline,off,seed:3,hidden:1:2,only:7:9,selected:5';
    expect(formatPermalink(parsePermalink(hash))).toBe(hash);
    expect(formatPermalink(parsePermalink('#image=labels&labels=,outline'))).toBe('#image=labels&labels=,outline');
  });

  it('are left out where there is nothing to say', () => {
    expect(formatLabels(plainLabels())).toBe('');
    expect(formatPermalink(parsePermalink('#image=a&labels='))).toBe('#image=a');
  });

  it('pass over nonsense', () => {
    expect(parseLabels('%E0%A4%A,opacity:2,seed:-1,seed:1.5,hidden:a:0:3:3,what,only')).toEqual({ ...plainLabels(), hidden: ['3'] });
  });

  it('leave the labels out where they are too many', () => {
    const hidden = Array.from({ length: 4000 }, (_, index) => String(index + 1));
    expect(isTooLong({ ...plainLabels(), hidden })).toBe(true);
    expect(formatLabels({ ...plainLabels(), image: 's', seed: 2, hidden })).toBe('s,seed:2');
  });
});

describe('labels over an image', () => {
  it('are as large as the image where their shapes are the same', () => {
    expect(scaleOver(size(2048, 2048), size(2048, 2048))).toBe(1);
    expect(scaleOver(size(2048, 2048), size(4096, 4096))).toBe(0.5);
    // Rounded down, up, or both.
    expect(scaleOver(size(1001, 703), size(500, 351))).toBe(2);
    expect(scaleOver(size(1001, 703), size(501, 352))).toBe(2);
    expect(scaleOver(size(10000, 7001), size(625, 438))).toBe(16);
    expect(scaleOver(size(300, 300), size(200, 200))).toBeCloseTo(1.5);
    expect(scaleOver(size(1000, 500), size(500, 500))).toBe(1);
    expect(scaleOver(size(1000, 1000), size(990, 700))).toBe(1);
  });

  it('are whole numbers of one channel', () => {
    expect([holds('labels', 'int64'), holds('gray', 'uint8'), holds('gray', 'bool')]).toEqual([true, true, true]);
    expect([holds('gray', 'float32'), holds('rgb', 'uint8'), holds('channels', 'uint16'), holds('gray', 'complex64')])
      .toEqual([false, false, false, false]);
  });

  it('are never averaged', () => {
    const axes = new Map([['t', 2], ['z', 9]]);
    expect(labelsQuery(info({}), axes, null)).toBe('v=7');
    expect(labelsQuery(info({ kind: 'gray', resampling: 'average' }), axes, null)).toBe('resampling=mode&v=7');
    expect(labelsQuery(info({ kind: 'gray', resampling: 'max' }), axes, null)).toBe('resampling=mode&v=7');
    expect(labelsQuery(info({}), axes, { ...defaultDisplay(), resampling: 'nearest' })).toBe('resampling=nearest&v=7');
    expect(labelsQuery(info({}), axes, { ...defaultDisplay(), resampling: 'average' })).toBe('v=7');
    expect(labelsQuery(info({ resampling: 'sum' }), axes, null)).toBe('resampling=mode&v=7');
  });

  it('follow the axes that both have', () => {
    const labels = info({ extra_axes: [{ name: 't', size: 4 }, { name: 'z', size: 5 }, { name: 'q', size: 3 }] });
    const axes = new Map([['t', 2], ['z', 9], ['other', 1]]);
    expect(axesOf(labels, axes)).toEqual(new Map([['t', 2], ['z', 4], ['q', 0]]));
    expect(labelsQuery(labels, axes, null)).toBe('t=2&z=4&v=7');
  });
});
