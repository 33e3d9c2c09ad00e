// Which channels are shown: several are composited in their colours, one alone takes a colormap.
import { button, el } from '../dom.ts';
import { gpuIsThere } from '../gpu/support.ts';
import { MOST_CHANNELS } from '../gpu/samples.ts';
import { chosenChannels, defaultChannels, type Display, isComposite, sameChannels } from '../state.ts';
import { type Controls, group } from './section.ts';

/** A window in one channel's units means nothing to the others. */
export const showing = (channels: number[] | null): Partial<Display> => ({ channels, vmin: null, vmax: null });

/** The channels that are shown, with one more or without one; null for the last, as an image of none is nothing to look at. */
export function withSwitched(shown: readonly number[], index: number): number[] | null {
  const others = shown.filter((other) => other !== index);
  const next = others.length < shown.length ? others : [...shown, index].sort((a, b) => a - b);
  return next.length > 0 ? next : null;
}

export function channelSection(controls: Controls): HTMLElement {
  const { info, display, change, changeQuietly } = controls;
  const shown = chosenChannels(info, display);
  const own = defaultChannels(info);
  const every = info.channels.map((_, index) => index);
  const show = (channels: number[] | null): void => change(showing(channels));
  const auto = button('Auto', "The image's own choice", () => {
    change({ ...showing(null), colours: new Map() });
  }, { id: 'channels-auto', 'aria-pressed': String(sameChannels(shown, own) && display.colours.size === 0) });
  // One channel alone takes a colormap, and the server has colours of its own.
  const picks = isComposite(info, display) && gpuIsThere() && shown.length <= MOST_CHANNELS;
  const list = el('div', { class: 'channels' });
  info.channels.forEach((channel, index) => {
    const box = el('input', { type: 'checkbox', id: `channel-${index}`, checked: shown.includes(index) });
    // An image of no channel is nothing to look at: the last one stays.
    box.disabled = shown.length === 1 && shown.includes(index);
    box.addEventListener('change', () => {
      const next = withSwitched(shown, index);
      if (next) show(next);
    });
    const swatch = el('span', { class: 'swatch' });
    if (channel.color) swatch.style.background = channel.color;
    const chosen = display.colours.get(index);
    const colour = el('input', {
      type: 'color', id: `channel-colour-${index}`, class: 'channel-colour', value: chosen === undefined ? channel.color ?? '#ffffff' : `#${chosen}`,
      title: `Colour of ${channel.name}`, 'aria-label': `Colour of ${channel.name}`,
    });
    colour.addEventListener('input', () => {
      auto.setAttribute('aria-pressed', 'false');
      changeQuietly({ colours: new Map(controls.display.colours).set(index, colour.value.slice(1)) });
    });
    list.append(el(
      'div', { class: 'channel' },
      ...(picks && shown.includes(index) ? [colour] : [swatch]),
      el('label', {}, box, el('span', { class: 'ellipsis' }, channel.name)),
      button('Only', `Only ${channel.name}`, () => show([index]), {
        id: `channel-only-${index}`, class: 'text-button only', disabled: shown.length === 1 && shown.includes(index),
      }),
    ));
  });
  const buttons = [auto];
  if (!sameChannels(own, every)) {
    buttons.push(button('All', 'Every channel', () => show(every), {
      id: 'channels-all', 'aria-pressed': String(sameChannels(shown, every)),
    }));
  }
  return group('Channels', buttons, list);
}
