import { describe, expect, it } from 'vitest';
import { decodeSamples, halfToNumber, originFor, parseShape, readSamples } from '../src/gpu/samples.ts';

const plain = { nodata: null, origin: 0 };
const decode = (array: ArrayBufferView, dtype: string, meaning = plain as { nodata: number | null; origin: number }) =>
  decodeSamples(array.buffer as ArrayBuffer, dtype, [1, 2, 1], meaning);

describe('decodeSamples', () => {
  it.each([
    ['bool', new Uint8Array([0, 1]), [0, 1]],
    ['uint8', new Uint8Array([3, 255]), [3, 255]],
    ['int8', new Int8Array([-3, 7]), [-3, 7]],
    ['uint16', new Uint16Array([3, 65535]), [3, 65535]],
    ['int16', new Int16Array([-3, 7]), [-3, 7]],
    ['uint32', new Uint32Array([3, 2 ** 32 - 1]), [3, 2 ** 32]],
    ['int32', new Int32Array([-3, 7]), [-3, 7]],
    ['uint64', new BigUint64Array([3n, 2n ** 63n]), [3, 2 ** 63]],
    ['int64', new BigInt64Array([-3n, 7n]), [-3, 7]],
    ['float16', new Uint16Array([0x3c00, 0xc000]), [1, -2]],
    ['float32', new Float32Array([0.5, -2]), [0.5, -2]],
    ['float64', new Float64Array([0.5, 1e300]), [0.5, Math.fround(3e38)]],
    ['complex64', new Float32Array([3, 4, 0, -1]), [5, 1]],
    ['complex128', new Float64Array([3, 4, 0, -1]), [5, 1]],
  ])('reads %s', (dtype, array, values) => {
    expect([...decode(array, dtype).values]).toEqual(values);
    expect(decode(array, dtype).bad).toBeNull();
  });

  it('marks what is no value, channel by channel', () => {
    const samples = decodeSamples(new Float32Array([NaN, 1, 2, -9]).buffer, 'float32', [2, 1, 2], { nodata: -9, origin: 0 });
    expect([...samples.values]).toEqual([0, 1, 2, 0]);
    expect([...samples.bad ?? []]).toEqual([1, 2]);
    expect([...decode(new Uint8Array([0, 5]), 'uint8', { nodata: 0, origin: 0 }).bad ?? []]).toEqual([1, 0]);
  });

  it('takes an origin off before digits are lost', () => {
    const [first, second] = decode(new Float64Array([1e9 + 0.125, 1e9 + 0.25]), 'float64', { nodata: null, origin: 1e9 }).values;
    expect([first, second]).toEqual([0.125, 0.25]);
    expect(originFor('float64', { vmin: 1e9, vmax: 1e9 + 1 })).toBeCloseTo(1e9 + 0.5);
    expect(originFor('float64', { vmin: 0, vmax: 1 })).toBe(0);
    expect(originFor('float32', { vmin: 1e9, vmax: 1e9 + 1 })).toBe(0);
  });

  it('refuses what is not there', () => {
    expect(() => decode(new Uint8Array(3), 'uint8')).toThrow('3 samples');
    expect(() => decode(new Uint8Array(2), 'text')).toThrow('text');
    expect(() => decodeSamples(new ArrayBuffer(7), 'uint8', [1, 1, 7], plain)).toThrow('channels');
  });
});

describe('the headers', () => {
  it('say the shape', async () => {
    expect(parseShape('256,100,2')).toEqual([256, 100, 2]);
    for (const text of [null, '', '1,2', '1,2,3,4', '1,-2,3', 'a,b,c']) expect(parseShape(text)).toBeNull();
    const headers = { 'X-Projectile-Dtype': 'uint8', 'X-Projectile-Shape': '1,2,1' };
    const { width, height } = await readSamples(new Response(new Uint8Array([1, 2]), { headers }), plain);
    expect([width, height]).toEqual([2, 1]);
  });
});

describe('halfToNumber', () => {
  it('knows every kind', () => {
    const bits = [0, 0x3555, 0x7bff, 1, 0x7c00, 0xfc00, 0x7e00];
    expect(bits.map(halfToNumber)).toEqual([0, 0.333251953125, 65504, 2 ** -24, Infinity, -Infinity, NaN]);
  });
});
