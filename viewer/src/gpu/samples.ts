// Raw samples of a tile, as the GPU takes them: float32, and which of them are no values.

export interface Samples {
  width: number;
  height: number;
  channels: number;
  /** Row by row, the channels of a pixel side by side. What is no value is 0 here. */
  values: Float32Array;
  /** What was taken off every value. */
  origin: number;
  /** For each pixel a bit for each channel that has no value there; null where every sample is one. */
  bad: Uint8Array | null;
}

/** Stands for the infinities: they take part in sums of weights, and 0 times infinity is no number. */
const GREATEST = 3e38;
export const MOST_CHANNELS = 6;

export const bytesOf = ({ values, bad }: Samples): number => values.byteLength + (bad?.byteLength ?? 0);

/** `256,256,1`: rows, columns, channels. */
export function parseShape(text: string | null): [number, number, number] | null {
  const numbers = (text ?? '').split(',').map(Number);
  const [rows, columns, channels] = numbers;
  if (rows === undefined || columns === undefined || channels === undefined || numbers.length !== 3) return null;
  return numbers.every((number) => Number.isInteger(number) && number >= 0) ? [rows, columns, channels] : null;
}

type Numbers = ArrayLike<number | bigint>;

/** IEEE 754 binary16. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

function magnitudes(parts: Float32Array | Float64Array): Float64Array {
  return Float64Array.from({ length: parts.length / 2 }, (_, index) =>
    Math.hypot(parts[2 * index] ?? 0, parts[2 * index + 1] ?? 0));
}

/** Little-endian samples; every machine with a browser stores them so. */
export function numbersOf(buffer: ArrayBuffer, dtype: string): Numbers {
  switch (dtype) {
    case 'bool':
    case 'uint8': return new Uint8Array(buffer);
    case 'int8': return new Int8Array(buffer);
    case 'uint16': return new Uint16Array(buffer);
    case 'int16': return new Int16Array(buffer);
    case 'uint32': return new Uint32Array(buffer);
    case 'int32': return new Int32Array(buffer);
    case 'uint64': return new BigUint64Array(buffer);
    case 'int64': return new BigInt64Array(buffer);
    case 'float16': return Float32Array.from(new Uint16Array(buffer), halfToNumber);
    case 'float32': return new Float32Array(buffer);
    case 'float64': return new Float64Array(buffer);
    case 'complex64': return magnitudes(new Float32Array(buffer));
    case 'complex128': return magnitudes(new Float64Array(buffer));
    default: throw new Error(`samples of type ${dtype} can't be shown`);
  }
}

const WIDE = new Set(['int32', 'uint32', 'int64', 'uint64', 'float64', 'complex128']);

/**
 * What is taken off every sample, so that float32 keeps what is in the window: 0, unless the window lies far from 0 for
 * its width and the samples have more digits than float32.
 */
export function originFor(dtype: string, window: { vmin: number; vmax: number } | null): number {
  if (!window || !WIDE.has(dtype)) return 0;
  const middle = (window.vmin + window.vmax) / 2;
  return Math.abs(middle) > 64 * Math.abs(window.vmax - window.vmin) ? middle : 0;
}

export interface Meaning {
  /** What stands for no data. */
  nodata: number | null;
  origin: number;
}

export function decodeSamples(
  buffer: ArrayBuffer,
  dtype: string,
  [height, width, channels]: readonly [number, number, number],
  { nodata, origin }: Meaning,
): Samples {
  if (channels > MOST_CHANNELS) throw new Error(`${channels} channels are too many`);
  const numbers = numbersOf(buffer, dtype);
  const count = height * width * channels;
  if (numbers.length !== count) throw new Error(`a tile has ${numbers.length} samples, not ${count}`);
  const isExact = numbers instanceof Uint8Array || numbers instanceof Int8Array
    || numbers instanceof Uint16Array || numbers instanceof Int16Array;
  if (isExact && nodata === null && origin === 0) {
    return { width, height, channels, values: Float32Array.from(numbers), bad: null, origin: 0 };
  }
  const values = new Float32Array(count);
  let bad: Uint8Array | null = null;
  for (let index = 0; index < count; index += 1) {
    const number = Number(numbers[index]);
    if (Number.isNaN(number) || number === nodata) {
      bad ??= new Uint8Array(height * width);
      const pixel = Math.floor(index / channels);
      bad[pixel] = (bad[pixel] ?? 0) | (1 << (index % channels));
    } else {
      const value = number - origin;
      values[index] = value > GREATEST ? GREATEST : value < -GREATEST ? -GREATEST : value;
    }
  }
  return { width, height, channels, values, bad, origin };
}

export async function readSamples(response: Response, meaning: Meaning): Promise<Samples> {
  const dtype = response.headers.get('X-Projectile-Dtype') ?? '';
  const shape = parseShape(response.headers.get('X-Projectile-Shape'));
  if (!shape) throw new Error('a tile does not say its shape');
  return decodeSamples(await response.arrayBuffer(), dtype, shape, meaning);
}
