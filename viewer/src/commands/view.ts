// Where the view is.
import { boxInside } from '../box.ts';
import { numbersIn, percentIn } from './argument.ts';
import { asking, type Command } from './command.ts';
import { hasImage, type Page, shown } from './page.ts';

const STEP = 0.25;
const section = 'View';
const available = hasImage;

const pan = (way: string, key: string, right: number, down: number): Command => ({
  id: `pan.${way}`, title: `Pan ${way}`, section, keys: [key], help: 'Pan', also: 'move scroll', available,
  run: (page) => page.session.viewer.navigation.panBy(right * STEP, down * STEP),
});

const along = (axis: 'x' | 'y', factor: number, title: string, key: string): Command => ({
  id: `zoom.${axis}.${factor > 1 ? 'in' : 'out'}`, title, section, keys: [key], help: `Zoom ${axis === 'x' ? 'across' : 'down'} alone`,
  also: 'stretch wider narrower independent', available,
  run: (page) => page.session.viewer.navigation.zoomAlong(axis, factor),
});

/** The middle of a whole pixel. */
const middle = (value: number): number => (Number.isInteger(value) ? value + 0.5 : value);

function goToPixel(page: Page, typed: string): (() => void) | null {
  const [x, y] = numbersIn(typed, 2) ?? [];
  const info = shown(page)?.info;
  if (!info || x === undefined || y === undefined || x < 0 || y < 0 || x >= info.width || y >= info.height) return null;
  return () => page.session.viewer.navigation.goTo({ x: middle(x), y: middle(y) });
}

function zoomTo(page: Page, typed: string): (() => void) | null {
  const percent = percentIn(typed);
  return percent === null || percent <= 0 ? null : () => page.session.viewer.navigation.goTo({ zoom: Math.log2(percent / 100) });
}

function selectBox(page: Page, typed: string): (() => void) | null {
  const [x, y, width, height] = numbersIn(typed, 4) ?? [];
  const info = shown(page)?.info;
  if (!info || x === undefined || y === undefined || width === undefined || height === undefined) return null;
  const box = boxInside(info, { x, y, width, height });
  return box && (() => page.session.selection.set(box));
}

export const VIEW: readonly Command[] = [
  {
    id: 'zoom.in', title: 'Zoom in', section, keys: ['+', '='], help: 'Zoom in, out', also: 'closer larger', available,
    run: (page) => page.session.viewer.navigation.zoomBy(2),
  },
  {
    id: 'zoom.out', title: 'Zoom out', section, keys: ['-', '_'], help: 'Zoom in, out', also: 'farther smaller', available,
    run: (page) => page.session.viewer.navigation.zoomBy(0.5),
  },
  {
    id: 'fit', title: 'Fit the whole image', section, keys: ['0'], also: 'zoom home reset all', available,
    run: (page) => page.session.viewer.navigation.fit(),
  },
  {
    id: 'one', title: 'One image pixel per screen pixel', section, keys: ['1'], also: '1:1 zoom 100% actual size', available,
    run: (page) => page.session.viewer.navigation.oneToOne(),
  },
  {
    id: 'fill', title: 'Fill the window both ways', section, keys: ['w'], also: 'stretch matrix independent zoom aspect', available,
    run: (page) => page.session.viewer.navigation.fill(),
  },
  {
    id: 'square', title: 'Pixels as wide as they are high', section, keys: ['q'], also: 'square stretch aspect', available,
    run: (page) => page.session.viewer.navigation.square(),
  },
  along('x', 2, 'Zoom in across alone', '>'),
  along('x', 0.5, 'Zoom out across alone', '<'),
  along('y', 2, 'Zoom in down alone', ')'),
  along('y', 0.5, 'Zoom out down alone', '('),
  {
    id: 'axes', title: 'Show or hide the axes', section, keys: ['a'], also: 'rulers coordinates ticks', available,
    run: (page) => page.session.rulers.toggle(),
  },
  asking({
    id: 'go', title: 'Go to pixel', section, also: 'coordinates position goto centre center', available,
    argument: { hint: 'x, y', read: (typed, page) => goToPixel(page, typed) },
  }),
  asking({
    id: 'zoom.to', title: 'Zoom to', section, also: 'percent scale', available,
    argument: { hint: 'percent', read: (typed, page) => zoomTo(page, typed) },
  }),
  {
    id: 'box', title: 'Select a box', section, keys: ['b'], help: 'Select a box; Enter draws one', also: 'selection', available,
    run: (page) => page.session.selection.toggleTool(),
  },
  asking({
    id: 'box.at', title: 'Select the box', section, also: 'selection', available,
    argument: { hint: 'x, y, width, height', read: (typed, page) => selectBox(page, typed) },
  }),
  {
    id: 'box.clear', title: 'Clear the box', section, also: 'selection remove delete', available: (page) => page.session.selection.box !== null,
    run: (page) => page.session.selection.set(null),
  },
  pan('left', 'ArrowLeft', -1, 0),
  pan('up', 'ArrowUp', 0, -1),
  pan('right', 'ArrowRight', 1, 0),
  pan('down', 'ArrowDown', 0, 1),
];
