// How far the image is zoomed along each axis, for what is far longer one way than the other.
import { labelOf } from '../commands/table.ts';
import { button, el } from '../dom.ts';
import { formatZoom } from '../format.ts';
import type { Axis } from '../rulers/ruler.ts';
import type { Place } from '../navigation.ts';
import { group } from './section.ts';

export interface ScaleActions {
  zoomAlong(axis: Axis, factor: number): void;
  fill(): void;
  square(): void;
  toggleAxes(): void;
}

export class ScalesSection {
  readonly element: HTMLElement;
  private readonly axes = el('input', { type: 'checkbox', id: 'axes-shown' });
  private readonly zooms: Record<Axis, HTMLElement> = {
    x: el('span', { class: 'scale-zoom', 'data-testid': 'zoom-x' }), y: el('span', { class: 'scale-zoom', 'data-testid': 'zoom-y' }),
  };
  private readonly square: HTMLButtonElement;

  constructor(actions: ScaleActions) {
    const row = (axis: Axis, longer: string, shorter: string): HTMLElement => el(
      'div', { class: 'scale-row' }, el('span', {}, axis === 'x' ? 'Across' : 'Down'), this.zooms[axis],
      el('span', { class: 'segmented' },
        button('minus', shorter, () => actions.zoomAlong(axis, 0.5)), button('plus', longer, () => actions.zoomAlong(axis, 2))),
    );
    this.square = button('Square', labelOf('square'), actions.square);
    this.axes.addEventListener('change', actions.toggleAxes);
    this.element = group(
      'Scales', [button('Fill', labelOf('fill'), actions.fill), this.square],
      row('x', 'Wider pixels', 'Narrower pixels'), row('y', 'Higher pixels', 'Lower pixels'),
      el('label', { class: 'field' }, el('span', {}, this.axes, ' Axes with coordinates')),
    );
  }

  show({ zoom, stretch }: Place): void {
    this.zooms.x.textContent = formatZoom(2 ** zoom * stretch);
    this.zooms.y.textContent = formatZoom(2 ** zoom);
    this.square.disabled = stretch === 1;
  }

  showAxes(shown: boolean): void {
    this.axes.checked = shown;
  }
}
