// Images compared: the ways to compare them, and what belongs to each.
import { MODES } from '../compare/state.ts';
import type { Command } from './command.ts';
import { hasImage, type Page } from './page.ts';

const section = 'Compare';
const also = 'comparison versus two images';
const available = (page: Page): boolean => page.session.comparison.isOn;
const TITLES: Record<(typeof MODES)[number], string> = {
  side: 'Side by side', swipe: 'Swipe', blink: 'Blink', overlay: 'Overlay', difference: 'Difference A − B',
};

export const COMPARE: readonly Command[] = [
  {
    id: 'compare', title: 'Compare, or the next way of comparing', section, keys: ['v'], help: 'Compare: side by side, swipe, blink, overlay, difference', also,
    available: hasImage,
    run: ({ session, chrome }) => {
      if (session.comparison.cycle()) return;
      chrome.setPanelOpen(true);
      session.comparison.section.focus();
    },
  },
  ...MODES.map((mode): Command => ({
    id: `compare.${mode}`, title: TITLES[mode], section, also, available, run: (page) => page.session.comparison.change({ mode }),
  })),
  {
    id: 'compare.active', title: 'Controls of the next compared image', section, keys: ['n'], also, available,
    run: (page) => page.session.comparison.activateNext(),
  },
  { id: 'compare.swap', title: 'Swap A and B', section, keys: ['x'], also, available, run: (page) => page.session.comparison.swap() },
  {
    id: 'compare.next', title: 'Show the next of images that blink', section, keys: ['k'], also, available,
    run: (page) => page.session.comparison.step(),
  },
  { id: 'compare.close', title: 'Close the comparison', section, also, available, run: (page) => page.session.comparison.end() },
];
