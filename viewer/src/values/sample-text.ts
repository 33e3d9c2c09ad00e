// Samples of a tile in their true type, as text with every digit they have.
import { halfToNumber } from '../gpu/samples.ts';
import { formatSample } from '../format.ts';

/** The text of the sample at an index. */
export type SampleText = (index: number) => string;

const plain = (value: number): string =>
  (Number.isNaN(value) ? 'nan' : Number.isFinite(value) ? String(value === 0 ? 0 : value) : value > 0 ? 'inf' : '-inf');
const float = (value: number, dtype: string): string => (Number.isFinite(value) ? formatSample(value, dtype) : plain(value));

function complex(parts: Float32Array | Float64Array, dtype: string): SampleText {
  return (index) => {
    const [real, imaginary] = [parts[2 * index] ?? 0, parts[2 * index + 1] ?? 0];
    const text = float(imaginary, dtype);
    return `${float(real, dtype)}${text.startsWith('-') ? '' : '+'}${text}j`;
  };
}

interface Texts {
  text: SampleText;
  count: number;
}

function of<T>(values: ArrayLike<T>, format: (value: T) => string): Texts {
  const text = (index: number): string => {
    const value = values[index];
    return value === undefined ? '' : format(value);
  };
  return { text, count: values.length };
}

/** Little-endian samples; every machine with a browser stores them so. */
export function sampleText(buffer: ArrayBuffer, dtype: string): Texts {
  switch (dtype) {
    case 'bool': return of(new Uint8Array(buffer), (value) => (value ? '1' : '0'));
    case 'uint8': return of(new Uint8Array(buffer), String);
    case 'int8': return of(new Int8Array(buffer), String);
    case 'uint16': return of(new Uint16Array(buffer), String);
    case 'int16': return of(new Int16Array(buffer), String);
    case 'uint32': return of(new Uint32Array(buffer), String);
    case 'int32': return of(new Int32Array(buffer), String);
    case 'uint64': return of(new BigUint64Array(buffer), String);
    case 'int64': return of(new BigInt64Array(buffer), String);
    case 'float16': return of(new Uint16Array(buffer), (bits) => float(halfToNumber(bits), 'float16'));
    case 'float32': return of(new Float32Array(buffer), (value) => float(value, 'float32'));
    case 'float64': return of(new Float64Array(buffer), (value) => float(value, 'float64'));
    case 'complex64': return { count: buffer.byteLength / 8, text: complex(new Float32Array(buffer), 'float32') };
    case 'complex128': return { count: buffer.byteLength / 16, text: complex(new Float64Array(buffer), 'float64') };
    default: throw new Error(`samples of type ${dtype} can't be read`);
  }
}
