// A line's profile as a plot.
import type { ImageInfo } from '../api.ts';
import { el } from '../dom.ts';
import { formatNumber } from '../format.ts';
import { measuredChannels, type Profile } from '../regions/measure.ts';
import { type Display, isComposite } from '../state.ts';
import { niceSteps } from '../ticks.ts';

const WIDTH = 240;
const HEIGHT = 110;
const RGB = ['#ff5c5c', '#3fbf6f', '#5a9bff', '#9aa7b5'];

function svg(tag: string, attributes: Record<string, string | number>, ...children: (Node | string)[]): SVGElement {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/** `M0 3L1 4…`, with a gap where there is no value. */
export function profilePath(values: readonly (number | null)[], x: (index: number) => number, y: (value: number) => number): string {
  let pen = 'M';
  return values.map((value, index) => {
    if (value === null || !Number.isFinite(value)) {
      pen = 'M';
      return '';
    }
    const part = `${pen}${Number(x(index).toFixed(2))} ${Number(y(value).toFixed(2))}`;
    // A value between two gaps is a dot.
    const alone = pen === 'M' && values[index + 1] == null ? 'h0' : '';
    pen = 'L';
    return part + alone;
  }).join('');
}

function colourOf(info: ImageInfo, display: Display, index: number): string {
  const channel = measuredChannels(info, display)?.[index] ?? index;
  const own = isComposite(info, display) ? info.channels[channel]?.color : null;
  if (own) return own;
  return info.kind === 'rgb' || info.kind === 'rgba' ? RGB[channel] ?? 'var(--accent)' : 'var(--accent)';
}

export function profilePlot(info: ImageInfo, display: Display, { distances, channels }: Profile): HTMLElement {
  const all = channels.flatMap(({ values }) => values.filter((value) => value !== null && Number.isFinite(value)));
  const readout = el('p', { class: 'hint profile-readout', 'data-testid': 'profile-readout' });
  if (all.length === 0) return el('div', { class: 'profile' }, el('p', { class: 'hint' }, 'No values along the line.'));
  let [lo, hi] = [Infinity, -Infinity];
  for (const value of all) [lo, hi] = [Math.min(lo, value ?? lo), Math.max(hi, value ?? hi)];
  const length = distances.at(-1) ?? 0;
  const spread = hi - lo || 1;
  const x = (distance: number): number => (length > 0 ? distance / length * WIDTH : 0);
  const y = (value: number): number => HEIGHT - (hi === lo ? 0.5 : (value - lo) / spread) * HEIGHT;
  const ticks = niceSteps(0, length, 5).map((at) => svg('path', { class: 'profile-tick', d: `M${x(at)} 0V${HEIGHT}` }));
  const lines = channels.map(({ values }, index) => {
    const line = svg('path', { class: 'profile-line', d: profilePath(values, (at) => x(distances[at] ?? 0), y) });
    line.style.stroke = colourOf(info, display, index);
    return line;
  });
  const cursor = svg('path', { class: 'profile-cursor', d: '' });
  const label = `Profile, ${formatNumber(length, 4)} pixels long, from ${formatNumber(lo)} to ${formatNumber(hi)}`;
  const plot = svg('svg', {
    viewBox: `-1 -2 ${WIDTH + 2} ${HEIGHT + 4}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': label, 'data-testid': 'profile',
  }, ...ticks, ...lines, cursor);
  const still = `0 to ${formatNumber(length, 4)} px`;
  readout.textContent = still;
  plot.addEventListener('pointermove', (event) => {
    const bounds = plot.getBoundingClientRect();
    const distance = (event.clientX - bounds.left) / bounds.width * length;
    const index = distances.reduce((best, other, at) => (Math.abs(other - distance) < Math.abs((distances[best] ?? 0) - distance) ? at : best), 0);
    cursor.setAttribute('d', `M${x(distances[index] ?? 0)} 0V${HEIGHT}`);
    const values = channels.map(({ values: own }) => (own[index] == null ? '–' : formatNumber(own[index])));
    readout.textContent = `${formatNumber(distances[index] ?? 0, 4)} px: ${values.join(', ')}`;
  });
  plot.addEventListener('pointerleave', () => {
    cursor.setAttribute('d', '');
    readout.textContent = still;
  });
  return el(
    'div', { class: 'profile' },
    el('div', { class: 'profile-ends' }, el('span', {}, formatNumber(hi)), el('span', {}, formatNumber(lo))), plot, readout,
  );
}
