// The display window: which values become the first and the last colour.
import { button, el } from '../dom.ts';
import { dtypeRange, formatNumber, parseNumber } from '../format.ts';
import { defaultWindow, type Display, isComposite } from '../state.ts';
import { type Controls, group } from './section.ts';

type End = 'vmin' | 'vmax';

export function windowSection({ info, display, change }: Controls): HTMLElement {
  const usual = defaultWindow(info, display);
  const preset = (name: string, label: string, range: { min?: number | null; max?: number | null } | null): Node => {
    const ends: Pick<Display, End> = { vmin: range?.min ?? null, vmax: range?.max ?? null };
    const pressed = ends.vmin !== null && display.vmin === ends.vmin && display.vmax === ends.vmax;
    return button(name, label, () => change({ ...ends, windows: new Map() }), {
      id: `window-${name.toLowerCase()}`, disabled: ends.vmin === null || ends.vmax === null,
      'aria-pressed': String(pressed),
    });
  };
  const auto = button('Auto', "The image's own window", () => change({ vmin: null, vmax: null, windows: new Map() }), {
    id: 'window-auto',
    'aria-pressed': String(display.vmin === null && display.vmax === null && display.windows.size === 0),
  });
  const range = dtypeRange(info.dtype);
  const presets = [
    auto,
    preset('Data', 'From the least to the greatest value', info.statistics),
    ...(range ? [preset('Type', `All that ${info.dtype} can hold`, range)] : []),
  ];
  const field = (name: End, label: string): HTMLElement => {
    const own = usual?.[name];
    const chosen = display[name];
    const ownText = own === undefined ? '' : formatNumber(own);
    const input = el('input', {
      id: name, 'data-testid': name, type: 'text', inputmode: 'text', autocomplete: 'off', spellcheck: 'false',
      placeholder: ownText || 'auto', value: chosen === null ? ownText : formatNumber(chosen, 12),
    });
    input.addEventListener('change', () => {
      const value = parseNumber(input.value);
      const unchanged = own !== undefined && input.value === ownText;
      if (value === null && input.value.trim() !== '') input.setAttribute('aria-invalid', 'true');
      else change({ [name]: unchanged ? null : value, windows: new Map() });
    });
    return el('label', { class: 'field' }, el('span', {}, label), input);
  };
  const fields = el('div', { class: 'pair' }, field('vmin', 'From'), field('vmax', 'To'));
  const hint = isComposite(info, display) ? [el('p', { class: 'hint' }, 'Auto: each channel has its own.')] : [];
  return group('Window', presets, fields, ...hint);
}
