// Which labels are shown and how, as it stands in a link:
// `labels=seg,opacity:0.4,outline,off,seed:3,hidden:1:2,only:7:9,selected:5`.
import { MOST_TEXT } from '../regions/text.ts';
import { parseLabel } from './table.ts';

/** What is done with single labels. They are written out, since a number may not hold them. */
export interface Choice {
  /** 0 gives the server's colours. */
  seed: number;
  hidden: readonly string[];
  /** Only these are shown; none here are all. */
  only: readonly string[];
  selected: readonly string[];
}

export interface LabelsState extends Choice {
  /** Of which image; null is the image that is shown if it is one of labels, and else none. */
  image: string | null;
  visible: boolean;
  outline: boolean;
  /** 0 to 1; null is half where filled labels lie over another image, and else 1. */
  opacity: number | null;
}

export const plainLabels = (): LabelsState => ({
  image: null, visible: true, outline: false, opacity: null, seed: 0, hidden: [], only: [], selected: [],
});

export const MOST_SEED = 2 ** 31 - 1;

const list = (name: string, labels: readonly string[]): string[] => (labels.length > 0 ? [[name, ...labels].join(':')] : []);

/** Without the labels where they are too many for a link. */
export function formatLabels(state: LabelsState): string {
  const { image, visible, outline, opacity, seed } = state;
  const plain = [
    ...(opacity === null ? [] : [`opacity:${opacity}`]),
    ...(outline ? ['outline'] : []),
    ...(visible ? [] : ['off']),
    ...(seed === 0 ? [] : [`seed:${seed}`]),
  ];
  const lists = [...list('hidden', state.hidden), ...list('only', state.only), ...list('selected', state.selected)];
  const parts = isTooLong(state) ? plain : [...plain, ...lists];
  if (image === null && parts.length === 0) return '';
  return [image === null ? '' : encodeURIComponent(image), ...parts].join(',');
}

export const isTooLong = ({ hidden, only, selected }: LabelsState): boolean =>
  [...hidden, ...only, ...selected].reduce((length, label) => length + label.length + 1, 0) > MOST_TEXT;

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text) || null;
  } catch {
    return null;
  }
}

/** Passes over what it doesn't know. */
export function parseLabels(text: string): LabelsState {
  const state = plainLabels();
  const [image = '', ...parts] = text.split(',');
  state.image = decoded(image);
  for (const part of parts) {
    const [name, ...values] = part.split(':');
    const labels = [...new Set(values.map(parseLabel).filter((label) => label !== null && label !== 0).map(String))];
    const number = /^\d+(\.\d+)?$/.test(values[0] ?? '') ? Number(values[0]) : null;
    if (name === 'outline') state.outline = true;
    else if (name === 'off') state.visible = false;
    else if (name === 'opacity' && number !== null && number <= 1) state.opacity = number;
    else if (name === 'seed' && number !== null && Number.isInteger(number) && number <= MOST_SEED) state.seed = number;
    else if (name === 'hidden') state.hidden = labels;
    else if (name === 'only') state.only = labels;
    else if (name === 'selected') state.selected = labels;
  }
  return state;
}
