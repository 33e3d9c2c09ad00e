// A slider for each extra axis, and a way to let it run by itself.
import type { ExtraAxis, ImageInfo } from '../api.ts';
import { describePlace, dimensionOf } from '../dimensions.ts';
import { button, el } from '../dom.ts';
import type { Controls } from './section.ts';

/** Frames a second that can be chosen. */
const RATES = [1, 3, 10, 25];
const FIRST_RATE = 3;
const LOOK_MILLISECONDS = 15;
/** What is shown of an axis: one plane, or what is made of all. */
const PROJECTIONS = [['', 'one'], ['max', 'max'], ['mean', 'mean'], ['min', 'min']] as const;

export interface Film {
  /** Shows the next frame. */
  step(axis: string): void;
  /** Has the tiles of the next frame there. */
  prepare(axis: string): Promise<void>;
  /** Whether what is shown is all there. */
  isReady(): boolean;
}

/** Steps along one axis at a time, never faster than the tiles come: those of the next frame are fetched meanwhile. */
export class AxisPlayer {
  playing: string | null = null;
  rate = FIRST_RATE;
  private run = 0;

  constructor(private readonly film: Film) {}

  toggle(axis: string): void {
    const again = this.playing === axis;
    this.stop();
    if (again) return;
    this.playing = axis;
    void this.play(axis);
  }

  stop(): void {
    this.run += 1;
    this.playing = null;
  }

  private async play(axis: string): Promise<void> {
    const { run, film } = this;
    const goesOn = (): boolean => run === this.run;
    while (goesOn()) {
      const next = performance.now() + 1000 / this.rate;
      await film.prepare(axis);
      await pause(next - performance.now());
      while (goesOn() && !film.isReady()) await pause(LOOK_MILLISECONDS);
      if (goesOn()) film.step(axis);
    }
  }
}

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, milliseconds); });

export function axisSection(axis: ExtraAxis, controls: Controls, player: AxisPlayer): HTMLElement {
  const id = `axis-${axis.name}`;
  const index = controls.display.axes.get(axis.name) ?? 0;
  const last = axis.size - 1;
  const slider = el('input', { id, type: 'range', min: 0, max: last, step: 1, value: index });
  const output = el('output', { for: id }, describePlace(controls.info, axis, index));
  const label = dimensionOf(controls.info, axis.name)?.label ?? axis.name;
  const play = button('play', `Play along ${label}`, () => {
    player.toggle(axis.name);
    controls.change({});
  }, { id: `play-${axis.name}`, class: 'icon-button play', 'aria-pressed': String(player.playing === axis.name) });
  const rate = el('select', { id: `rate-${axis.name}`, class: 'rate', 'aria-label': `Frames a second along ${label}`, title: 'Frames a second' });
  for (const frames of RATES) rate.append(el('option', { value: frames }, `${frames}/s`));
  rate.value = String(player.rate);
  rate.addEventListener('change', () => { player.rate = Number(rate.value); });
  slider.addEventListener('input', () => {
    if (player.playing !== null) {
      player.stop();
      play.setAttribute('aria-pressed', 'false');
    }
    output.value = describePlace(controls.info, axis, Number(slider.value));
    const axes = new Map(controls.display.axes).set(axis.name, Number(slider.value));
    controls.changeQuietly({ axes });
  });
  const projected = controls.display.projections.get(axis.name) ?? '';
  const kind = el('select', { id: `projection-${axis.name}`, class: 'rate', 'aria-label': `Planes along ${label}`, title: 'One plane, or all of them as one' });
  for (const [value, text] of PROJECTIONS) kind.append(el('option', { value }, text));
  if (!PROJECTIONS.some(([value]) => value === projected)) kind.append(el('option', { value: projected }, projected));
  kind.value = projected;
  kind.addEventListener('change', () => {
    player.stop();
    const projections = new Map(controls.display.projections);
    if (kind.value === '') projections.delete(axis.name);
    else projections.set(axis.name, kind.value);
    controls.change({ projections });
  });
  if (projected !== '') {
    return el(
      'section', { class: 'section' },
      el('div', { class: 'section-label' }, el('label', { for: kind.id }, label === axis.name ? `Axis ${label}` : label)),
      el('div', { class: 'axis' }, kind),
    );
  }
  return el(
    'section', { class: 'section' },
    el('div', { class: 'section-label' }, el('label', { for: id }, label === axis.name ? `Axis ${label}` : label), output),
    el('div', { class: 'axis' }, play, slider, rate, kind),
  );
}

/** Moves a slider that is there already. */
export function showIndex(root: ParentNode, info: ImageInfo, axis: ExtraAxis, index: number): void {
  const slider = root.querySelector<HTMLInputElement>(`#axis-${CSS.escape(axis.name)}`);
  const output = slider?.closest('section')?.querySelector('output');
  if (!slider || !output) return;
  slider.value = String(index);
  output.value = describePlace(info, axis, index);
}
