// Which channels are shown: several are composited in their colours, one alone takes a colormap.
import { button, el } from '../dom.ts';
import { chosenChannels, defaultChannels, type Display, sameChannels } from '../state.ts';
import { type Controls, group } from './section.ts';

export function channelSection({ info, display, change }: Controls): HTMLElement {
  const shown = chosenChannels(info, display);
  const own = defaultChannels(info);
  const every = info.channels.map((_, index) => index);
  // A window in one channel's units means nothing to the others.
  const show = (channels: number[] | null): void => {
    const reset: Partial<Display> = { channels, vmin: null, vmax: null };
    change(reset);
  };
  const list = el('div', { class: 'channels' });
  info.channels.forEach((channel, index) => {
    const box = el('input', { type: 'checkbox', id: `channel-${index}`, checked: shown.includes(index) });
    // An image of no channel is nothing to look at: the last one stays.
    box.disabled = shown.length === 1 && shown.includes(index);
    box.addEventListener('change', () => {
      const next = shown.filter((other) => other !== index);
      show(box.checked ? [...next, index].sort((a, b) => a - b) : next);
    });
    const swatch = el('span', { class: 'swatch' });
    if (channel.color) swatch.style.background = channel.color;
    list.append(el(
      'div', { class: 'channel' },
      el('label', {}, box, swatch, el('span', { class: 'ellipsis' }, channel.name)),
      button('Only', `Only ${channel.name}`, () => show([index]), {
        id: `channel-only-${index}`, class: 'text-button only', disabled: shown.length === 1 && shown.includes(index),
      }),
    ));
  });
  const buttons = [button('Auto', "The image's own choice", () => show(null), {
    id: 'channels-auto', 'aria-pressed': String(sameChannels(shown, own)),
  })];
  if (!sameChannels(own, every)) {
    buttons.push(button('All', 'Every channel', () => show(every), {
      id: 'channels-all', 'aria-pressed': String(sameChannels(shown, every)),
    }));
  }
  return group('Channels', buttons, list);
}
