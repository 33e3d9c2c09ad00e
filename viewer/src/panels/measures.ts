// Measures as tables and plots.
import type { ImageInfo } from '../api.ts';
import { el } from '../dom.ts';
import { formatNumber, formatSample, formatValues } from '../format.ts';
import type { ChannelStatistics, Measured, Statistics } from '../regions/measure.ts';
import type { Display } from '../state.ts';
import { profilePlot } from './profile.ts';

const number = (value: number | null): string => (value === null ? '–' : formatNumber(value, 6));

/** In a few words, for a list. */
export function briefly(measured: Measured): string {
  if (measured.of === 'problem') return measured.message;
  if (measured.of === 'value') return formatValues(measured.value);
  if (measured.of === 'profile') return '';
  const { pixels, channels } = measured.statistics;
  const mean = channels.length === 1 ? [`mean\u00a0${number(channels[0]?.mean ?? null)}`] : [];
  return [`${pixels}\u00a0pixels`, ...mean].join(' · ');
}

const ROWS: [label: string, of: (channel: ChannelStatistics) => number | null][] = [
  ['Count', ({ valid }) => valid],
  ['Mean', ({ mean }) => mean],
  ['Std', ({ std }) => std],
  ['Least', ({ min }) => min],
  ['Median', ({ median }) => median],
  ['Greatest', ({ max }) => max],
];

/** The name of a channel that has none but its number is left out. */
function headOf(names: readonly string[], info: ImageInfo): HTMLElement[] {
  if (names.length === 1 && info.channels.length === 1) return [];
  return [el('tr', {}, el('td', {}), ...names.map((name) => el('th', { scope: 'col' }, name)))];
}

function statisticsTable(info: ImageInfo, { channels, sampled }: Statistics): HTMLElement[] {
  const rows = ROWS.map(([label, of]) => el(
    'tr', {}, el('th', { scope: 'row' }, label),
    ...channels.map((channel) => el('td', { 'data-statistic': label.toLowerCase() }, `${sampled && label !== 'Count' ? '≈ ' : ''}${number(of(channel))}`)),
  ));
  const table = el('table', { class: 'measures', 'data-testid': 'region-statistics' }, el('tbody', {}, ...headOf(channels.map(({ name }) => name), info), ...rows));
  return [table, ...(sampled ? [el('p', { class: 'hint' }, 'Of a sample: there are too many pixels to look at each.')] : [])];
}

export function detailOf(info: ImageInfo, display: Display, measured: Measured): HTMLElement[] {
  if (measured.of === 'problem') return [el('p', { class: 'hint problem' }, measured.message)];
  if (measured.of === 'statistics') return statisticsTable(info, measured.statistics);
  if (measured.of === 'profile') return [profilePlot(info, display, measured.profile)];
  const { values, dtype, channels } = measured.value;
  const rows = values.map((value, index) => el(
    'tr', {}, el('th', { scope: 'row' }, values.length === 1 ? 'Value' : channels[index] ?? ''), el('td', {}, formatSample(value, dtype)),
  ));
  return [el('table', { class: 'measures' }, el('tbody', {}, ...rows))];
}
