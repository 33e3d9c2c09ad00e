// The page itself: undo and redo, what lies beside the image, light and dark.
import { toggleFullScreen } from '../full-screen.ts';
import { toggleTheme } from '../theme.ts';
import type { Command } from './command.ts';
import { hasImage } from './page.ts';

const section = 'Page';

/** What is asked for most. */
export const FIRST: readonly Command[] = [
  {
    id: 'commands', title: 'Commands', section, keys: ['Mod+k', 'Mod+Shift+p'], help: 'Find any command', also: 'palette search', anywhere: true, unlisted: true,
    run: (page) => page.togglePalette(),
  },
  {
    id: 'undo', title: 'Undo', section, keys: ['Mod+z'], help: 'Undo, redo', also: 'back revert', available: (page) => page.session.undo.canUndo,
    run: (page) => {
      const what = page.session.undo.undo();
      if (what !== null) page.say(`Undone: ${what}`);
    },
  },
  {
    id: 'redo', title: 'Redo', section, keys: ['Mod+Shift+z', 'Mod+y', 'Mod+Shift+y'], help: 'Undo, redo', also: 'again repeat', available: (page) => page.session.undo.canRedo,
    run: (page) => {
      const what = page.session.undo.redo();
      if (what !== null) page.say(`Redone: ${what}`);
    },
  },
];

export const DESK: readonly Command[] = [
  {
    id: 'escape', title: 'Put down the tool', section, keys: ['Escape'], help: 'Put down the tool, let go of the region, clear the box', also: 'cancel stop let go clear', available: hasImage,
    run: ({ session }) => {
      if (!session.regions.escape() && !session.labels.escape()) session.selection.escape();
    },
  },
  {
    id: 'labels', title: 'Show or hide the labels', section, keys: ['L'], also: 'segmentation overlay', available: hasImage,
    run: (page) => page.session.labels.toggle(),
  },
  {
    id: 'colorbar', title: 'Show or hide the scale of colours', section, keys: ['l'], also: 'colorbar legend', available: hasImage,
    run: (page) => page.chrome.colorbar.toggle(),
  },
  { id: 'panel', title: 'Display controls', section, also: 'panel sidebar show hide', available: hasImage, run: (page) => page.chrome.togglePanel() },
  { id: 'fullscreen', title: 'Full screen', section, keys: ['f'], available: () => document.fullscreenEnabled, run: toggleFullScreen },
  { id: 'theme', title: 'Dark or light', section, keys: ['d'], also: 'theme mode', run: toggleTheme },
  { id: 'help', title: 'Help', section, keys: ['?'], help: 'This help', also: 'keyboard keys shortcuts', run: (page) => page.chrome.toggleHelp() },
  { id: 'retry', title: 'Try again', section, also: 'reload error', available: (page) => page.chrome.mayRetry, run: (page) => page.retry() },
];
