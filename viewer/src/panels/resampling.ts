// How many pixels become one when the image is seen from afar.
import { el } from '../dom.ts';
import { type Controls, section, title } from './section.ts';

export function resamplingSection({ info, display, change }: Controls): HTMLElement {
  const select = el('select', { id: 'resampling', 'data-testid': 'resampling' });
  // The average of two labels is a third one.
  const mixes = (name: string): boolean => info.kind === 'labels' && (name === 'average' || name === 'sum');
  for (const name of info.resamplings) {
    if (mixes(name) && name !== display.resampling) continue;
    select.append(el('option', { value: name }, name === info.resampling ? `${title(name)} (default)` : title(name)));
  }
  select.value = display.resampling ?? info.resampling;
  select.addEventListener('change', () => change({ resampling: select.value }));
  return section('resampling', 'Reduce by', select);
}
