// What is known about the image.
import type { ImageInfo } from '../api.ts';
import { describeDimension } from '../dimensions.ts';
import { el, grouped } from '../dom.ts';
import { formatNumber } from '../format.ts';
import { group } from './section.ts';

const number = (value: number | null | undefined): string => (value == null ? '' : formatNumber(value));

/** All in one line, or one by one where more than the size of any is known. */
function axes(info: ImageInfo): [string, string][] {
  const { dimensions = [] } = info;
  if (dimensions.every(({ name, label, unit, coordinates }) => label === name && unit === null && coordinates === null)) {
    return [['Axes', info.axes.map((axis, index) => `${axis}\u00a0${number(info.shape[index])}`).join(', ')]];
  }
  return dimensions.map((dimension) => {
    const { name, label } = dimension;
    return [label === name ? `Axis ${name}` : `${label} (${name})`, describeDimension(dimension)];
  });
}

export function factsSection(info: ImageInfo): HTMLElement {
  const { statistics } = info;
  const about = (value: number | null | undefined): string =>
    (value == null ? '' : `${statistics?.sampled ? '≈ ' : ''}${formatNumber(value)}`);
  const facts: [string, string][] = [
    ...axes(info),
    ['Type', info.dtype],
    ['Kind', info.kind],
    ['Format', info.format],
    ['Least', about(statistics?.min)],
    ['Greatest', about(statistics?.max)],
    ['Mean', about(statistics?.mean)],
    ['No data', info.nodata === null ? '' : String(info.nodata)],
  ];
  const list = el('dl', { class: 'facts-list' });
  for (const [name, value] of facts) {
    if (value !== '') list.append(el('dt', {}, name), el('dd', {}, ...grouped(value)));
  }
  return group('Image', [], list);
}
