import { describe, expect, it } from 'vitest';
import type { ImageInfo } from '../src/api.ts';
import { fromGeoJson, toGeoJson } from '../src/regions/geojson.ts';
import { markAt } from '../src/regions/hit.ts';
import {
  boxOf, corners, type Mark, markInside, movedMark, newMark, parseCorners, withCorner,
} from '../src/regions/mark.ts';
import { asked, measurePath } from '../src/regions/measure.ts';
import { numpySlice } from '../src/regions/slice.ts';
import { formatMarks, MOST_TEXT, parseMarks } from '../src/regions/text.ts';
import { describeArea, describeLength } from '../src/regions/units.ts';
import { roundBelow, scaleFor } from '../src/scale-bar.ts';
import { defaultDisplay } from '../src/state.ts';
import { profilePath } from '../src/panels/profile.ts';

const size = { width: 100, height: 80 };
const rectangle = newMark([], 'rectangle', [[10, 20], [30, 25]]);
const line = newMark([], 'line', [[0, 0], [3, 4.5]]);
const polygon: Mark = { kind: 'polygon', name: 'Left ~ cell_1: "a,b" é', colour: '12ab9f', points: [[0, 0], [9.25, 0], [5, -7]] };
const point = newMark([], 'point', [[99, 79]]);
const every = [rectangle, line, polygon, point];

const info = {
  id: 'a b', width: 100, height: 80, shape: [4, 5, 80, 100], axes: ['t', 'c', 'y', 'x'], kind: 'channels',
  channels: Array.from({ length: 5 }, (_, index) => ({ name: String(index), color: null, vmin: 0, vmax: 1 })),
  visible: [0, 1, 2], extra_axes: [{ name: 't', size: 4 }],
  dimensions: [
    { name: 'y', label: 'y', size: 80, unit: 'mm', coordinates: { start: 0, step: -0.5 } },
    { name: 'x', label: 'x', size: 100, unit: 'mm', coordinates: { start: 7, step: 0.25 } },
  ],
} as unknown as ImageInfo;

describe('marks', () => {
  it('are numbered by their kind, and never twice', () => {
    const second = newMark([rectangle, line], 'rectangle', rectangle.points);
    expect(second.name).toBe('Rectangle 2');
    expect(newMark([second], 'rectangle', []).name).toBe('Rectangle 3');
    expect(newMark([{ ...second, name: 'Nucleus 7' }], 'rectangle', []).name).toBe('Rectangle 1');
  });

  it('lie on the image', () => {
    expect(markInside({ ...rectangle, points: [[30, 25], [-10, 200]] }, size)?.points).toEqual([[0, 25], [30, 80]]);
    expect(markInside({ ...rectangle, points: [[0.5, 0], [3, 3]] }, size)).toBeNull();
    expect(markInside({ ...rectangle, points: [[200, 0], [300, 3]] }, size)).toBeNull();
    expect(markInside({ ...point, points: [[99.9, 3.2]] }, size)?.points).toEqual([[99, 3]]);
    expect(markInside({ ...point, points: [[100, 3]] }, size)).toBeNull();
    expect(markInside({ ...line, points: [[1, 1], [1, 1]] }, size)).toBeNull();
    expect(markInside({ ...polygon, points: [[Number.NaN, 0], [1, 1], [2, 0]] }, size)).toBeNull();
  });

  it('move as a whole and stay on the image', () => {
    expect(movedMark(rectangle, size, 2.6, -100).points).toEqual([[13, 0], [33, 5]]);
    expect(movedMark(point, size, 5, -1).points).toEqual([[99, 78]]);
    expect(movedMark(line, size, 0.5, 0.25).points).toEqual([[0.5, 0.25], [3.5, 4.75]]);
  });

  it('move by a corner, the opposite one staying', () => {
    expect(withCorner(rectangle, size, 0, [12.4, 24.6]).points).toEqual([[12, 24], [30, 25]]);
    expect(withCorner(rectangle, size, 2, [5, 90]).points).toEqual([[5, 20], [10, 80]]);
    expect(withCorner(line, size, 1, [7, 7]).points).toEqual([[0, 0], [7, 7]]);
    expect(corners(rectangle)).toEqual([[10, 20], [30, 20], [30, 25], [10, 25]]);
  });

  it('have a box of whole pixels', () => {
    // None of it is on the image.
    expect(boxOf(polygon, size)).toBeNull();
    expect(boxOf({ ...polygon, points: [[0.5, 1.2], [9.25, 3], [5, 7.01]] }, size)).toEqual({ x: 0, y: 1, width: 10, height: 7 });
    expect(boxOf(point, size)).toEqual({ x: 99, y: 79, width: 1, height: 1 });
  });

  it('are read from what is typed', () => {
    expect(parseCorners(' 1,2  3.5,\u22124 ')).toEqual([[1, 2], [3.5, -4]]);
    expect(parseCorners('1,2,3')).toBeNull();
    expect(parseCorners('')).toBeNull();
    expect(parseCorners('1,x')).toBeNull();
  });

  it('are found under the pointer, the thin ones first', () => {
    expect(markAt([line, { ...rectangle, points: [[0, 0], [50, 50]] }], [1.5, 2.3], 0.2)).toBe(0);
    expect(markAt(every, [20, 22], 0.1)).toBe(0);
    expect(markAt(every, [31, 22], 0.5)).toBeNull();
    expect(markAt(every, [30.4, 22], 0.5)).toBe(0);
    expect(markAt(every, [5, -3], 0.1)).toBe(2);
  });
});

describe('marks in a link', () => {
  it('come back as they were', () => {
    const text = formatMarks(every);
    expect(parseMarks(text)).toEqual(every);
    expect(text.split('~').slice(0, 2)).toEqual(['r1:10,20,30,25', 'l1:0,0,3,4.5']);
    const coloured = { ...rectangle, colour: '000000' };
    expect(parseMarks(formatMarks([coloured]))).toEqual([coloured]);
    const far: Mark = { ...rectangle, points: [[2 ** 46 - 3, 1], [2 ** 46, 2]] };
    expect(parseMarks(formatMarks([far]))).toEqual([far]);
  });

  it('are passed over where they are nonsense', () => {
    const bad = ['x1:1,2', 'r1:1,2,3', 'r1:1,2,3,4,5,6', 'l1:0,0', 'r1:1,2,3,1e5', 'p1:0,0,1,1', 'r:1,2,3,4:red:a', 'r:1,2,3,4::%E0%A4', ''];
    expect(parseMarks(bad.join('~'))).toEqual([]);
    expect(parseMarks(`${bad.join('~')}~o3:1,2`).map(({ name }) => name)).toEqual(['Point 3']);
  });

  it('are left out where a link could not hold them', () => {
    expect(formatMarks(Array.from({ length: MOST_TEXT / 8 }, () => rectangle))).toBe('');
  });
});

describe('GeoJSON', () => {
  it('comes back as it was', () => {
    const { marks, left } = fromGeoJson(toGeoJson(every), size, []);
    expect(marks).toEqual(every);
    expect(left).toEqual([]);
  });

  it('has y down, closed rings and the middle of a pixel', () => {
    const { features } = JSON.parse(toGeoJson([rectangle, point]));
    expect(features[0].geometry).toEqual({ type: 'Polygon', coordinates: [[[10, 20], [30, 20], [30, 25], [10, 25], [10, 20]]] });
    expect(features[1].geometry).toEqual({ type: 'Point', coordinates: [99.5, 79.5] });
  });

  it('of others is read too, and what is left out is said', () => {
    const text = JSON.stringify({ type: 'FeatureCollection', features: [
      { type: 'Feature', properties: null, geometry: { type: 'MultiPoint', coordinates: [[1, 2], [500, 2]] } },
      { type: 'Feature', properties: { stroke: '#ABCDEF' }, geometry: { type: 'LineString', coordinates: [[1, 2, 9], [5, 2, 9]] } },
      { type: 'Feature', properties: {}, geometry: { type: 'LineString', coordinates: [[1, 2], [5, 2], [7, 7]] } },
      { type: 'Feature', properties: {}, geometry: { type: 'Polygon', coordinates: [[[0, 0], [9, 0], [5, 7], [0, 0]], [[1, 1], [2, 1], [2, 2], [1, 1]]] } },
      { type: 'Feature', properties: {}, geometry: null },
    ] });
    const { marks, left } = fromGeoJson(text, size, [point]);
    expect(marks.map(({ kind, name, colour }) => [kind, name, colour])).toEqual([
      ['point', 'Point 2', newMark([point], 'point', []).colour], ['line', 'Line 1', 'abcdef'],
    ]);
    expect(left).toEqual(['a point that is not on the image', 'a line that has not two ends', 'a polygon with holes', 'no geometry']);
    expect(() => fromGeoJson('{', size, [])).toThrow('no JSON');
    expect(() => fromGeoJson('[1]', size, [])).toThrow('no GeoJSON');
  });
});

describe('what is asked and said of a mark', () => {
  const display = { ...defaultDisplay(), axes: new Map([['t', 3]]) };

  it('is the slice of numpy', () => {
    expect(numpySlice(info, display, rectangle)).toBe('array[3, 0:3, 20:25, 10:30]');
    expect(numpySlice(info, { ...display, channels: [4] }, point)).toBe('array[3, 4, 79, 99]');
    expect(numpySlice(info, { ...display, channels: [0, 2] }, rectangle)).toBe('array[3, [0, 2], 20:25, 10:30]');
    const rgb = { ...info, kind: 'rgb', axes: ['y', 'x', 'c'], extra_axes: [], visible: [0, 1, 2], channels: info.channels.slice(0, 3) } as ImageInfo;
    expect(numpySlice(rgb, defaultDisplay(), rectangle)).toBe('array[20:25, 10:30, :]');
  });

  it('is asked of the server', () => {
    expect(measurePath(info, display, rectangle)).toBe('images/a%20b/statistics?c=0,1,2&t=3&x0=10&y0=20&x1=30&y1=25');
    expect(measurePath(info, display, line)).toBe('images/a%20b/profile?c=0,1,2&t=3&line=0,0,3,4.5');
    expect(measurePath(info, display, point)).toBe('images/a%20b/value?t=3&x=99&y=79');
  });

  it('is asked by a body where no address is long enough', () => {
    const points = Array.from({ length: 1000 }, (_, index): [number, number] => [index + 0.25, 5 - index]);
    const path = measurePath({ ...info, id: 'a=b?' }, { ...display, axes: new Map([['ä', 3]]) }, { ...rectangle, kind: 'polygon', points });
    const { target, ask } = asked(path);
    expect(target).toBe('images/a%3Db%3F/statistics');
    expect(ask).toMatchObject({ method: 'POST', type: 'application/json' });
    expect(JSON.parse(String(ask.body))).toEqual({ c: '0,1,2', ä: '3', polygon: points.flat().join(',') });
    const short = measurePath(info, display, { ...rectangle, kind: 'polygon', points: points.slice(0, 200) });
    expect(asked(short)).toEqual({ target: short, ask: {} });
  });

  it('has units where pixels have a size', () => {
    expect(describeLength(info, [[0, 0], [4, 3]])).toBe('5 px · 1.8028 mm');
    expect(describeArea(info, rectangle)).toBe('12.5 mm²');
    const bare = { ...info, dimensions: [] };
    expect(describeLength(bare, [[0, 0], [4, 3]])).toBe('5 px');
    expect(describeArea(bare, rectangle)).toBe('');
  });
});

describe('the scale bar', () => {
  it('is a round length', () => {
    expect([0.7, 1, 3.9, 20, 99, 5e7].map(roundBelow)).toEqual([0.5, 1, 2, 20, 50, 5e7]);
    expect(scaleFor(info, 1)).toEqual({ width: 80, text: '20 mm' });
    expect(scaleFor({ ...info, dimensions: [] }, 4)).toEqual({ width: 125, text: '500 px' });
    expect(scaleFor({ ...info, dimensions: [] }, 1 / 64)).toEqual({ width: 128, text: '2 px' });
  });
});

describe('a profile', () => {
  it('has gaps where there are no values', () => {
    expect(profilePath([1, 2, null, 4, null], (index) => index, (value) => value)).toBe('M0 1L1 2M3 4h0');
  });
});
