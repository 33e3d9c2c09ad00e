// What the GPU knows of each label: its colour, and whether it is hidden or selected.
import { labelColour, type Rgb } from './colours.ts';
import type { Choice } from './state.ts';
import { type LabelTable, MOST_LABELS, parseLabel } from './table.ts';

/** Entries of a row of the texture. */
export const ROW = 1024;

export const HIDDEN = 0;
export const SHOWN = 128;
export const SELECTED = 255;

/** Of labels for which there was no room. */
const OTHERS: Rgb = [160, 160, 160];

export class Palette {
  /** Red, green, blue and what is done with it, row by row. */
  bytes = new Uint8Array(4 * ROW);
  private filled = 0;
  private seed = 0;
  private choice: Choice | null = null;

  constructor(private readonly table: LabelTable) {}

  get rows(): number {
    return this.bytes.length / (4 * ROW);
  }

  /** What is known now. True if that is something else than before. */
  update(choice: Choice): boolean {
    const { length } = this.table.labels;
    if (choice === this.choice && length === this.filled) return false;
    this.makeRoom(length);
    if (choice.seed !== this.seed) this.filled = 0;
    this.seed = choice.seed;
    for (let index = this.filled; index < length; index += 1) {
      const label = this.table.labels[index] ?? 0;
      this.bytes.set(index === MOST_LABELS - 1 ? OTHERS : labelColour(label, choice.seed), 4 * index);
    }
    this.filled = length;
    this.choice = choice;
    this.mark(choice, length);
    return true;
  }

  isShown(index: number): boolean {
    return this.bytes[4 * index + 3] !== HIDDEN;
  }

  private mark({ hidden, only, selected }: Choice, length: number): void {
    const { bytes } = this;
    const usual = only.length > 0 ? HIDDEN : SHOWN;
    for (let index = 1; index < length; index += 1) bytes[4 * index + 3] = usual;
    this.each(only, (at) => { bytes[at] = SHOWN; });
    this.each(hidden, (at) => { bytes[at] = HIDDEN; });
    this.each(selected, (at) => { if (bytes[at] === SHOWN) bytes[at] = SELECTED; });
    bytes[3] = HIDDEN;
  }

  /** Of those that were seen; others may be yet. */
  private each(labels: readonly string[], mark: (at: number) => void): void {
    for (const text of labels) {
      const index = this.table.find(parseLabel(text) ?? 0);
      if (index) mark(4 * index + 3);
    }
  }

  private makeRoom(length: number): void {
    const rows = 2 ** Math.ceil(Math.log2(Math.ceil(length / ROW)));
    if (rows <= this.rows) return;
    const bytes = new Uint8Array(4 * ROW * rows);
    bytes.set(this.bytes);
    this.bytes = bytes;
  }
}
