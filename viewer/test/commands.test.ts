import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { numbersIn, splitQuery } from '../src/commands/argument.ts';
import { type Command, SECTIONS } from '../src/commands/command.ts';
import { Commands } from '../src/commands/commands.ts';
import { fuzzy } from '../src/commands/fuzzy.ts';
import { keyOf, keyText } from '../src/commands/key-text.ts';
import type { Page } from '../src/commands/page.ts';
import { withRecent } from '../src/commands/recent.ts';
import { search } from '../src/commands/search.ts';
import { helpRows, keyTextOf, labelOf, TABLE } from '../src/commands/table.ts';
import { gpuFailed } from '../src/gpu/support.ts';
import { defaultDisplay } from '../src/state.ts';

const info = {
  id: 'cells', width: 100, height: 80, dtype: 'uint16', kind: 'labels', channels: [], extra_axes: [{ name: 't', size: 4 }, { name: 'one', size: 1 }],
  resamplings: ['average', 'max'],
};
const went: unknown[] = [];
const names = ['viridis', 'magma', 'gnuplot', 'gist_heat', 'plasma_r', 'log'];

/** A page as far as commands ask it. */
const page = {
  session: {
    image: 'cells', shown: () => ({ info, display: defaultDisplay() }), selection: { box: null }, regions: { marks: [], hasSelected: false },
    comparison: { isOn: false }, undo: { canUndo: false, canRedo: true }, viewer: { navigation: { goTo: (place: unknown) => went.push(place) } }, change: (change: unknown) => went.push(change),
  },
  panel: { maps: names.map((name) => ({ name, category: '' })), contrast: { hasHistogram: false } },
  chrome: { mayRetry: false },
  images: () => [{ id: 'cells', name: 'cells' }, { id: 'slice 12', name: 'slice 12' }, { id: 'terrain', name: 'terrain' }],
} as unknown as Page;

const press = (key: string, held: Partial<KeyboardEvent> = {}) => keyOf({ key, ctrlKey: false, metaKey: false, shiftKey: false, ...held });
const plain = (title: string, id = title): Command => ({ id, title, section: 'Page', run: () => went.push(id) });
const found = (query: string, commands: readonly Command[] = TABLE, recent: readonly string[] = []) => search(query, commands, recent, page);
const ids = (query: string, commands?: readonly Command[], recent?: readonly string[]) => found(query, commands, recent).map(({ command }) => command.id);

// There is no screen here.
beforeAll(() => {
  gpuFailed();
  vi.stubGlobal('document', { fullscreenEnabled: false });
});
afterAll(() => vi.unstubAllGlobals());

describe('the table', () => {
  it('has no key twice, and no id', () => {
    const keys = TABLE.flatMap((command) => command.keys ?? []);
    expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
    expect(new Set(TABLE.map(({ id }) => id)).size).toBe(TABLE.length);
  });

  it('has a title and a section for every command', () => {
    for (const { title, section } of TABLE) {
      expect(title).toMatch(/^[A-Z].*[^ ….]$/);
      expect(SECTIONS).toContain(section);
    }
    expect(new Set(TABLE.map(({ title }) => title)).size).toBe(TABLE.length);
  });

  it('has the keys that people know', () => {
    const known = {
      ArrowLeft: 'pan.left', '+': 'zoom.in', '=': 'zoom.in', '-': 'zoom.out', _: 'zoom.out', 0: 'fit', 1: 'one', '[': 'image.previous', ']': 'image.next',
      g: 'gallery', c: 'colormap', l: 'colorbar', b: 'box', u: 'files', r: 'regions.rectangle', p: 'regions.polygon', o: 'regions.point',
      m: 'regions.line', e: 'regions', Delete: 'regions.delete', Escape: 'escape', f: 'fullscreen', d: 'theme', '?': 'help',
      'Mod+z': 'undo', 'Mod+Shift+z': 'redo', 'Mod+y': 'redo', 'Mod+k': 'commands', 'Mod+Shift+p': 'commands',
    };
    for (const [key, id] of Object.entries(known)) expect(TABLE.find(({ keys }) => keys?.includes(key))?.id, key).toBe(id);
  });

  it('is what the help sheet and the buttons say', () => {
    const said = helpRows().flatMap(({ keys }) => keys);
    expect(said).toEqual(expect.arrayContaining(TABLE.map(keyTextOf).filter((key) => key !== '')));
    expect(said).toHaveLength(TABLE.filter(({ keys }) => keys).length);
    expect(helpRows().every(({ meaning }) => meaning !== '')).toBe(true);
    expect(helpRows()).toContainEqual({ keys: ['←', '↑', '→', '↓'], meaning: 'Pan' });
    expect(labelOf('zoom.out')).toBe('Zoom out (−)');
    expect(labelOf('panel')).toBe('Display controls');
    expect(() => labelOf('zoom.inn')).toThrow('no command');
  });

  it('has keys as they are pressed and as they are read', () => {
    expect(press('?', { shiftKey: true })).toBe('?');
    expect(press('Z', { ctrlKey: true, shiftKey: true })).toBe('Mod+Shift+z');
    expect(press('k', { metaKey: true })).toBe('Mod+k');
    expect(keyText('Mod+Shift+z', false)).toBe('Ctrl+Shift+Z');
    expect(keyText('Mod+k', true)).toBe('⌘K');
    expect(keyText('Escape')).toBe('Esc');
  });

  it('offers what can be done, and what there is one of for each', () => {
    const offered = new Commands(page).all();
    const titles = offered.map(({ title }) => title);
    expect(titles).toEqual(expect.arrayContaining(['Redo', 'Open image: terrain', 'Next along t', 'Reduce by: Max', 'Go along t to']));
    for (const absent of ['Undo', 'Commands', 'Open image: cells', 'Previous along t', 'Next along one', 'Try again', 'Colormap: viridis', 'Delete all regions']) {
      expect(titles).not.toContain(absent);
    }
    expect(new Set(offered.map(({ id }) => id)).size).toBe(offered.length);
  });
});

describe('what is typed', () => {
  const maps = names.map((name) => plain(`Colormap: ${name}`, name));

  it('is found in order, at the beginnings of words, and not by chance', () => {
    expect(fuzzy('virdis', 'Colormap: viridis')).not.toBeNull();
    expect(fuzzy('cmvir', 'Colormap: viridis')?.at.slice(-3)).toEqual([10, 11, 12]);
    expect(fuzzy('viridis colormap', 'Colormap: viridis')).not.toBeNull();
    expect(fuzzy('heat', 'Colormap: gist_heat')?.at).toEqual([15, 16, 17, 18]);
    expect(fuzzy('divir', 'viridis')).toBeNull();
    expect(fuzzy('win', 'Keep the window for other images, or not')?.at).toEqual([9, 10, 11]);
    expect(fuzzy('pan', 'Open image: salmon')).toBeNull();
    expect(fuzzy('x', 'Next')).toBeNull();
    expect(fuzzy('theme', 'Dark or light', 'theme mode')?.at).toEqual([]);
  });

  it('is ranked: the likeliest first', () => {
    expect(ids('log', [...maps, plain('Scale: Log'), plain('Log')])[0]).toBe('Log');
    expect(ids('zoom')[0]).toBe('zoom.in');
    expect(ids('undo')[0]).toBe('undo');
    expect(ids('copy link')[0]).toBe('save.link');
    expect(ids('rect')[0]).toBe('regions.rectangle');
    expect(ids('full')[0]).toBe('fullscreen');
    expect(ids('goto')[0]).toBe('go');
    expect(ids('screenshot')[0]).toBe('save.view');
    expect(ids('viri', maps)).toEqual(['viridis']);
    expect(ids('qqq', maps)).toEqual([]);
  });

  it('puts first what was used lately, where nothing better tells', () => {
    const same = [plain('Sum'), plain('Sun'), plain('Sup')];
    expect(ids('su', same)).toEqual(['Sum', 'Sun', 'Sup']);
    expect(ids('su', same, ['Sup'])).toEqual(['Sup', 'Sum', 'Sun']);
    expect(ids('', same, ['Sup', 'gone', 'Sun'])).toEqual(['Sup', 'Sun', 'Sum']);
    expect(withRecent(['a', 'b', 'c', 'd', 'e', 'f'], 'c')).toEqual(['c', 'a', 'b', 'd', 'e', 'f']);
    expect(withRecent(['a', 'b', 'c', 'd', 'e', 'f'], 'g')).toEqual(['g', 'a', 'b', 'c', 'd', 'e']);
  });

  it('may have numbers after the name', () => {
    expect(splitQuery('go to pixel 3, -4')).toEqual({ name: 'go to pixel', typed: '3, -4' });
    expect(splitQuery(' .5 ')).toEqual({ name: '', typed: '.5' });
    expect(splitQuery('zoom')).toEqual({ name: 'zoom', typed: '' });
    expect(numbersIn('3,4', 2)).toEqual([3, 4]);
    expect(numbersIn('-3 \u22124.5', 2)).toEqual([-3, -4.5]);
    expect(numbersIn('3,,4', 2)).toBeNull();
    expect(numbersIn('3, x', 2)).toBeNull();
    went.length = 0;
    const [first] = found('go to pix 3, 4');
    expect(first?.command.id).toBe('go');
    first?.run?.();
    expect(went).toEqual([{ x: 3.5, y: 4.5 }]);
    expect(found('go to pixel')[0]?.run).toBeNull();
    expect(found('go to pixel 100, 4')[0]).toMatchObject({ command: { id: 'go' }, typed: '100, 4', run: null });
    expect(ids('zoom to 200%')[0]).toBe('zoom.to');
    // A name that has numbers itself.
    expect(ids('slice 12', new Commands(page).all())[0]).toBe('image.slice 12');
    // Numbers alone are for whatever takes so many.
    expect(ids('7, 8')).toContain('go');
    expect(ids('7, 8')).not.toContain('zoom.to');
  });
});
