// Labels by numbers of their own: the GPU tells few numbers apart, labels may have 64 bits.
import { numbersOf, parseShape, type Samples } from '../gpu/samples.ts';
import type { Label } from './colours.ts';

/** As many as a texture of colours has room for everywhere. */
export const MOST_LABELS = 2 ** 21;

const isSafe = (value: bigint): boolean => value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER);

/** A label that is written down; null where it is no whole number. */
export function parseLabel(text: string): Label | null {
  const digits = text.trim().replace('\u2212', '-');
  if (!/^-?\d{1,20}$/.test(digits)) return null;
  const label = BigInt(digits);
  return isSafe(label) ? Number(label) : label;
}

export class LabelTable {
  /** By index. 0 is no label; those for which there is no room share the last index. */
  readonly labels: Label[] = [0];
  private readonly indices = new Map<Label, number>([[0, 0]]);

  constructor(private readonly most = MOST_LABELS) {}

  /** The index of a label that was seen. */
  find(label: Label): number | undefined {
    return this.indices.get(label);
  }

  /** Null where it is not known which of several it is. */
  at(index: number): Label | null {
    return index > 0 && index < this.most - 1 ? this.labels[index] ?? null : null;
  }

  indexOf(label: Label): number {
    const known = this.indices.get(label);
    if (known !== undefined) return known;
    if (this.labels.length >= this.most) return this.most - 1;
    const index = this.labels.length;
    this.labels.push(label);
    this.indices.set(label, index);
    return index;
  }

  /** The indices of the labels of a tile, in place of its samples. */
  decode(buffer: ArrayBuffer, dtype: string, [height, width, channels]: readonly [number, number, number], nodata: Label | null): Samples {
    const numbers = numbersOf(buffer, dtype);
    const count = height * width;
    if (channels !== 1 || numbers.length !== count) throw new Error(`a tile has ${numbers.length} labels, not ${count}`);
    const values = new Float32Array(count);
    // Neighbours mostly carry the same label.
    let last: number | bigint = 0;
    let index = 0;
    for (let at = 0; at < count; at += 1) {
      const number = numbers[at] ?? 0;
      if (number !== last) {
        last = number;
        const label = typeof number === 'bigint' && isSafe(number) ? Number(number) : number;
        index = label === nodata ? 0 : this.indexOf(label);
      }
      values[at] = index;
    }
    return { width, height, channels, values, bad: null, origin: 0 };
  }

  async read(response: Response, nodata: Label | null): Promise<Samples> {
    const shape = parseShape(response.headers.get('X-Projectile-Shape'));
    if (!shape) throw new Error('a tile does not say its shape');
    return this.decode(await response.arrayBuffer(), response.headers.get('X-Projectile-Dtype') ?? '', shape, nodata);
  }
}
