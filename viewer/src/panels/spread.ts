// How values are spread over the colours, and which colours those have that take no part.
import { button, el } from '../dom.ts';
import { formatNumber } from '../format.ts';
import { isNorm, NORMS } from '../gpu/norm.ts';
import { type Display, isComposite } from '../state.ts';
import { type Controls, title } from './section.ts';

type Outside = 'under' | 'over' | 'bad';

const FIRST_COLOURS: Record<Outside, string> = { under: '0000ff', over: 'ff0000', bad: '808080' };
const MEANINGS: Record<Outside, string> = {
  under: 'below the window', over: 'above the window', bad: 'of pixels without a value',
};

const gammaText = (gamma: number): string => `Gamma ${formatNumber(gamma, 3)}`;
const opacityText = (opacity: number): string => `Opacity ${Math.round(100 * opacity)}%`;

function range(
  id: string, value: number, [min, max, step]: readonly [number, number, number], name: (value: number) => string,
  read: (shown: number) => number, run: (value: number) => void,
): HTMLElement {
  const output = el('span', {}, name(read(value)));
  const input = el('input', { id, type: 'range', min, max, step, value });
  input.addEventListener('input', () => {
    const chosen = read(Number(input.value));
    output.textContent = name(chosen);
    run(chosen);
  });
  return el('label', { class: 'field' }, output, input);
}

function outsideColour(name: Outside, { display, changeQuietly }: Controls): HTMLElement {
  const box = el('input', {
    id: `${name}-shown`, type: 'checkbox', checked: display[name] !== null, 'aria-label': `Own colour ${MEANINGS[name]}`,
  });
  const colour = el('input', {
    id: `${name}-colour`, type: 'color', value: `#${display[name] ?? FIRST_COLOURS[name]}`,
    'aria-label': `Colour ${MEANINGS[name]}`, title: `Colour ${MEANINGS[name]}`,
  });
  const tell = (): void => {
    const change: Partial<Display> = { [name]: box.checked ? colour.value.slice(1) : null };
    changeQuietly(change);
  };
  box.addEventListener('change', tell);
  colour.addEventListener('input', () => {
    box.checked = true;
    tell();
  });
  return el('span', { class: 'outside-colour' }, el('label', {}, box, title(name)), colour);
}

export function spreadControls(controls: Controls): HTMLElement {
  const { info, display, change, changeQuietly } = controls;
  const norm = el('select', { id: 'norm', 'aria-label': 'Scale' });
  for (const name of NORMS) norm.append(el('option', { value: name }, title(name)));
  norm.value = display.norm ?? 'linear';
  norm.addEventListener('change', () => {
    if (isNorm(norm.value)) change({ norm: norm.value });
  });
  const invert = button('Invert', 'Light for dark', () => change({ inverted: !display.inverted }), {
    id: 'invert', 'aria-pressed': String(display.inverted),
  });
  const gamma = range('gamma', Math.log2(display.gamma ?? 1), [-2, 2, 0.05], gammaText,
    (shown) => Number((2 ** shown).toFixed(3)), (value) => changeQuietly({ gamma: value }));
  const opacity = range('opacity', display.opacity ?? 1, [0, 1, 0.01], opacityText,
    (shown) => shown, (value) => changeQuietly({ opacity: value }));
  // A sum of channels has no single window to be beyond.
  const outside: Outside[] = isComposite(info, display) ? ['bad'] : ['under', 'over', 'bad'];
  return el('div', { class: 'contrast-spread' },
    el('div', { class: 'pair' }, norm, invert),
    el('div', { class: 'pair' }, gamma, opacity),
    el('div', { class: 'outside-colours' }, ...outside.map((name) => outsideColour(name, controls))));
}
