// The values of all compared images under the pointer.
import type { ImageInfo, PixelValue } from '../api.ts';
import { formatValues } from '../format.ts';
import { pixelAt } from '../grid.ts';
import { Readout } from '../readout.ts';
import { type Display, planesOf } from '../state.ts';
import type { Compared } from './compared.ts';
import { channelOf } from './pair-source.ts';
import { sampleDifference, sampleText } from './sample-difference.ts';
import { letterOf, type Mode, shownOthers } from './state.ts';

interface Reading {
  readout: Readout;
  value: PixelValue | null;
}

export class Values {
  private readings: Reading[] = [];
  private others: readonly Compared[] = [];

  constructor(private readonly onChange: () => void) {}

  /** Which others there are, and how they are shown. */
  show(others: readonly Compared[]): void {
    this.others = others;
    while (this.readings.length > others.length) this.readings.pop()?.readout.setTarget(null);
    while (this.readings.length < others.length) this.readings.push(this.reading());
    others.forEach(({ info, display }, index) =>
      this.readings[index]?.readout.setTarget(info && { id: info.id, axes: planesOf(display) }));
  }

  /** Where in the images (with y up) the pointer is, or null when it left. */
  point(coordinate: readonly number[] | null): void {
    this.readings.forEach(({ readout }, index) => {
      const info = this.others[index]?.info;
      readout.setPixel(coordinate && info ? pixelAt(info, coordinate) : null);
    });
  }

  refresh(): void {
    for (const { readout } of this.readings) readout.refresh();
  }

  /** `value` is that of the first image. */
  text(mode: Mode, first: { info: ImageInfo; display: Display }, value: PixelValue | null): string {
    if (mode === 'difference') return this.difference(first, value);
    const all = [value, ...this.readings.slice(0, shownOthers(mode, this.others.length)).map((each) => each.value)];
    return all.flatMap((each, index) => (each ? [`${letterOf(index)} ${formatValues(each)}`] : [])).join(' · ');
  }

  private difference({ info, display }: { info: ImageInfo; display: Display }, value: PixelValue | null): string {
    const [other, theirs] = [this.others[0], this.readings[0]?.value];
    const a = value && { value, channel: channelOf(info, display) };
    const b = other?.info && theirs ? { value: theirs, channel: channelOf(other.info, other.display) } : null;
    const parts = [a && `A ${sampleText(a)}`, b && `B ${sampleText(b)}`];
    const difference = a && b ? sampleDifference(a, b) : '';
    if (difference !== '') parts.push(`A − B ${difference}`);
    return parts.filter((part) => part !== null).join(' · ');
  }

  private reading(): Reading {
    const reading: Reading = {
      value: null,
      readout: new Readout(() => undefined, (value) => {
        reading.value = value;
        this.onChange();
      }),
    };
    return reading;
  }
}
