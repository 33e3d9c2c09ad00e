// Along the axes beyond the picture: time, depth, and whatever else there is.
import type { ExtraAxis, ImageInfo } from '../api.ts';
import { dimensionOf } from '../dimensions.ts';
import { numbersIn } from './argument.ts';
import { asking, type Command, type Provider } from './command.ts';
import { type Page, shown } from './page.ts';

const section = 'Axes';

function goAlong(page: Page, { name, size }: ExtraAxis, index: number): void {
  const display = shown(page)?.display;
  if (!display) return;
  const projections = new Map(display.projections);
  projections.delete(name);
  page.session.change({ axes: new Map(display.axes).set(name, Math.min(size - 1, Math.max(0, index))), projections });
}

function project(page: Page, { name }: ExtraAxis, kind: string): void {
  const projections = shown(page)?.display.projections;
  if (projections) page.session.change({ projections: new Map(projections).set(name, kind) });
}

const at = (page: Page, axis: ExtraAxis): number => shown(page)?.display.axes.get(axis.name) ?? 0;

function commandsOf(page: Page, info: ImageInfo, axis: ExtraAxis): Command[] {
  const { name, size } = axis;
  const label = dimensionOf(info, name)?.label ?? name;
  const also = name === label ? 'axis index slice' : `axis index slice ${name}`;
  return [
    {
      id: `axis.next.${name}`, title: `Next along ${label}`, section, also: `${also} forward`, available: () => at(page, axis) < size - 1,
      run: () => goAlong(page, axis, at(page, axis) + 1),
    },
    {
      id: `axis.previous.${name}`, title: `Previous along ${label}`, section, also: `${also} back`, available: () => at(page, axis) > 0,
      run: () => goAlong(page, axis, at(page, axis) - 1),
    },
    asking({
      id: `axis.go.${name}`, title: `Go along ${label} to`, section, also,
      argument: {
        hint: `0 to ${size - 1}`,
        read: (typed) => {
          const [index] = numbersIn(typed, 1) ?? [];
          return index === undefined || !Number.isInteger(index) || index < 0 || index >= size ? null : () => goAlong(page, axis, index);
        },
      },
    }),
    ...['max', 'mean', 'min'].map((kind): Command => ({
      id: `axis.${kind}.${name}`, title: `Planes along ${label} as one: ${kind}`, section, also: `${also} projection intensity`,
      run: () => project(page, axis, kind),
    })),
    { id: `axis.play.${name}`, title: `Play along ${label}, or stop`, section, also: `${also} animate movie`, run: () => page.panel.play(name) },
  ];
}

export const axes: Provider = (page) => {
  const info = shown(page)?.info;
  return info ? info.extra_axes.filter(({ size }) => size > 1).flatMap((axis) => commandsOf(page, info, axis)) : [];
};
