// A slider for each extra axis, and a way to let it run by itself.
import type { ExtraAxis } from '../api.ts';
import { button, el } from '../dom.ts';
import type { Controls } from './section.ts';

const STEP_MILLISECONDS = 350;

/** Steps along one axis at a time, never faster than the tiles come. */
export class AxisPlayer {
  playing: string | null = null;
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly step: (axis: string) => void,
    private readonly isReady: () => boolean,
  ) {}

  toggle(axis: string): void {
    const again = this.playing === axis;
    this.stop();
    if (again) return;
    this.playing = axis;
    this.timer = setInterval(() => {
      if (this.isReady()) this.step(axis);
    }, STEP_MILLISECONDS);
  }

  stop(): void {
    clearInterval(this.timer);
    this.playing = null;
  }
}

export function axisSection(axis: ExtraAxis, controls: Controls, player: AxisPlayer): HTMLElement {
  const id = `axis-${axis.name}`;
  const index = controls.display.axes.get(axis.name) ?? 0;
  const last = axis.size - 1;
  const slider = el('input', { id, type: 'range', min: 0, max: last, step: 1, value: index });
  const output = el('output', { for: id }, `${index} / ${last}`);
  const play = button('play', `Play along ${axis.name}`, () => {
    player.toggle(axis.name);
    controls.change({});
  }, { id: `play-${axis.name}`, class: 'icon-button play', 'aria-pressed': String(player.playing === axis.name) });
  slider.addEventListener('input', () => {
    if (player.playing !== null) {
      player.stop();
      play.setAttribute('aria-pressed', 'false');
    }
    output.value = `${slider.value} / ${last}`;
    const axes = new Map(controls.display.axes).set(axis.name, Number(slider.value));
    controls.changeQuietly({ axes });
  });
  return el(
    'section', { class: 'section' },
    el('div', { class: 'section-label' }, el('label', { for: id }, `Axis ${axis.name}`), output),
    el('div', { class: 'axis' }, play, slider),
  );
}

/** Moves a slider that is there already. */
export function showIndex(root: ParentNode, axis: ExtraAxis, index: number): void {
  const slider = root.querySelector<HTMLInputElement>(`#axis-${CSS.escape(axis.name)}`);
  const output = slider?.closest('section')?.querySelector('output');
  if (!slider || !output) return;
  slider.value = String(index);
  output.value = `${index} / ${axis.size - 1}`;
}
