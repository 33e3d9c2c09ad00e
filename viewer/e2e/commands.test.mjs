// Commands by name, and undo of what is shown.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import {
  hashNow, hook, newPage, onServer, open, page, pageBase, pause, place, quiet, ready, shot, test, text, told, WAIT,
} from './harness.mjs';
import { LiveServer } from './live-server.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const PLACE = '#image=terrain&x=8000&y=4000&zoom=0';
const field = (name) => new URLSearchParams(hashNow().slice(1)).get(name);
const has = (name, value) => page.waitForFunction(
  ([key, expected]) => new URLSearchParams(location.hash.slice(1)).get(key) === expected, [name, value], { timeout: 10_000 });
const focused = () => page.evaluate(() => document.activeElement.dataset.testid ?? document.activeElement.id);
const isOpen = () => hook('palette').isVisible();
const chosen = () => page.locator('.palette-row[aria-selected=true]');
const keep = (name) => shot(`11-commands-${name}`);

/** By the keyboard alone. */
async function command(words) {
  await page.keyboard.press('Control+k');
  await page.keyboard.type(words);
  await page.keyboard.press('Enter');
}

async function drag(from, to) {
  await page.mouse.move(...from);
  await page.mouse.down();
  await page.mouse.move(...to, { steps: 8 });
  await page.mouse.up();
}

test('commands are found by name and run, by the keyboard alone', async () => {
  await open(PLACE);
  await hook('map').focus();
  await page.keyboard.press('Control+k');
  assert.equal(await focused(), 'palette-input');
  await page.keyboard.type('colormap mag');
  assert.match(await chosen().textContent(), /^Colormap: magma/);
  assert.equal(await hook('palette-input').getAttribute('aria-activedescendant'), await chosen().getAttribute('id'));
  await keep('filter');
  await page.keyboard.press('Enter');
  await has('colormap', 'magma');
  assert.equal(await isOpen(), false);
  assert.equal(await focused(), 'map');
  assert.equal(await hook('colormap').inputValue(), 'magma', 'the panel shows it');
  // The numbers after a name, at once or when they are asked for.
  await command('go to pixel 1200, 340');
  await has('x', '1200.5');
  assert.equal(field('y'), '340.5');
  await command('window');
  assert.equal(await isOpen(), true);
  assert.equal(await hook('palette-input').inputValue(), 'Window ');
  await page.keyboard.type('5 much');
  await page.keyboard.press('Enter');
  assert.equal(await isOpen(), true, 'that is no window');
  assert.equal(await chosen().getAttribute('aria-disabled'), 'true');
  for (let letter = 0; letter < 4; letter += 1) await page.keyboard.press('Backspace');
  await page.keyboard.type('250');
  await page.keyboard.press('Enter');
  await has('vmin', '5');
  await has('vmax', '250');
  await command('zoom to 99999%');
  await has('zoom', '7');
  // What was used lately comes first; the arrows go on from there, and round.
  await page.keyboard.press('Control+Shift+p');
  const titles = (await page.locator('.palette-title').allTextContents()).slice(0, 4);
  assert.deepEqual(titles, ['Zoom to… percent', 'Window… from to', 'Go to pixel… x, y', 'Colormap: magma']);
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowDown');
  for (let row = 0; row < 3; row += 1) await page.keyboard.press('ArrowDown');
  assert.match(await chosen().textContent(), /^Colormap: magma/);
  await page.keyboard.press('Control+k');
  assert.equal(await isOpen(), false);
  await command('open image cells');
  await page.waitForFunction(() => document.title.startsWith('cells'), null, WAIT);
  await ready();
  await command('next along z');
  await has('z', '1');
  await command('gallery');
  await hook('gallery').waitFor({ state: 'visible' });
  await command('terrain');
  await page.waitForFunction(() => document.title.startsWith('terrain'), null, WAIT);
  await ready();
  quiet();
});

test('the palette says what there is not, and gives the focus back to where it was', async () => {
  await open(`${PLACE}&regions=r1:7900,3900,8000,3960`);
  await hook('vmin').focus();
  await page.keyboard.press('Control+k');
  await page.keyboard.type('qqxz');
  assert.equal(await text('palette-count'), 'Nothing is called that');
  await page.keyboard.press('Enter');
  assert.equal(await isOpen(), true);
  await page.keyboard.press('Escape');
  assert.equal(await isOpen(), false);
  assert.equal(await focused(), 'vmin');
  // The field is drawn anew by what the command does.
  await command('colormap: plasma');
  await has('colormap', 'plasma');
  assert.equal(await focused(), 'vmin');
  await command('window 5 250');
  await has('vmax', '250');
  assert.deepEqual([await focused(), await hook('vmin').inputValue()], ['vmin', '5']);
  await command('undo');
  await has('vmax', null);
  assert.notEqual(await hook('vmin').inputValue(), '5');
  // A command that has a place of its own for the focus.
  await command('regions and measures');
  assert.equal(await focused(), 'tool-rectangle');
  await page.locator('#open-commands').click();
  await page.mouse.click(5, 400);
  assert.equal(await isOpen(), false);
  assert.equal(await focused(), 'open-commands');
  await page.keyboard.press('Enter');
  await page.locator('.palette-row', { hasText: 'Delete all regions' }).click();
  await has('regions', null);
  quiet();
});

test('a window and a region are undone and redone in the order of doing', async () => {
  await open(PLACE);
  assert.equal(await page.locator('#undo').isDisabled(), true);
  await command('window 5 250');
  await has('vmax', '250');
  await hook('map').focus();
  await page.keyboard.press('r');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => location.hash.includes('regions=r1'));
  const drawn = field('regions');
  await page.locator('#invert, #colormap-reverse').last().click();
  await page.waitForFunction(() => /inverted|colormap/.test(location.hash));
  const [look, turned] = onServer ? ['colormap', field('colormap')] : ['inverted', '1'];
  await page.keyboard.press('Control+z');
  await has(look, null);
  assert.deepEqual([field('regions'), field('vmax')], [drawn, '250']);
  await Promise.all([told('Undone: regions'), page.keyboard.press('Control+z')]);
  await has('regions', null);
  assert.equal(field('vmax'), '250');
  await keep('undone');
  await page.locator('#undo').click();
  await has('vmax', null);
  assert.equal(await hook('vmax').inputValue() === '250', false, 'the panel shows it');
  assert.equal(await page.locator('#undo').isDisabled(), true);
  assert.equal((await place()).x, 8000, 'the view stays where it is');
  await hook('map').focus();
  await page.keyboard.press('Control+Shift+z');
  await has('vmax', '250');
  await page.keyboard.press('Control+y');
  await has('regions', drawn);
  await command('redo');
  await has(look, turned);
  assert.equal(await page.locator('#redo').isDisabled(), true);
  // In a field, the keys are the field's own.
  await hook('vmin').fill('77');
  await page.keyboard.press('Control+z');
  assert.equal(await hook('vmin').inputValue(), '5');
  assert.equal(field('regions'), drawn);
  // In a list there is nothing to type.
  await hook('colormap').selectOption('magma');
  await has('colormap', 'magma');
  await hook('colormap').focus();
  await page.keyboard.press('Control+z');
  await page.waitForFunction(() => !location.hash.includes('magma'));
  quiet();
});

test('a drag is one step: of an end of the window, of a slider, of a box, of a region', async () => {
  await open('#image=cells&x=1024&y=1024&zoom=0&regions=r1:1000,1000,1100,1080');
  await hook('histogram').waitFor({ state: 'visible', ...WAIT });
  const window = () => field('windows') ?? field('vmax');
  const end = await page.locator('#window-hi').boundingBox();
  await drag([end.x + end.width / 2, end.y + 20], [end.x - 60, end.y + 20]);
  await page.waitForFunction(() => /[#&](windows|vmax)=/.test(location.hash));
  await pause(400);
  const narrow = window();
  await page.locator('#axis-z').scrollIntoViewIfNeeded();
  const slider = await page.locator('#axis-z').boundingBox();
  await drag([slider.x + 8, slider.y + slider.height / 2], [slider.x + slider.width - 8, slider.y + slider.height / 2]);
  await page.waitForFunction(() => /[#&]z=[1-9]/.test(location.hash));
  const z = field('z');
  const map = await hook('map').boundingBox();
  const [x, y] = [map.x + map.width / 2, map.y + map.height / 2];
  await page.keyboard.down('Shift');
  await drag([x - 200, y - 120], [x - 60, y - 40]);
  await page.keyboard.up('Shift');
  await page.waitForFunction(() => location.hash.includes('box='));
  await page.mouse.click(x + 30, y + 10);
  await drag([x + 30, y + 10], [x + 70, y + 30]);
  await has('regions', 'r1:1040,1020,1140,1100');
  await page.keyboard.press('Control+z');
  await has('regions', 'r1:1000,1000,1100,1080');
  assert.ok(field('box'));
  await page.keyboard.press('Control+z');
  await has('box', null);
  assert.equal(field('z'), z);
  await page.keyboard.press('Control+z');
  await has('z', null);
  assert.equal(await page.locator('#axis-z').inputValue(), '0');
  assert.equal(window(), narrow);
  await page.keyboard.press('Control+z');
  await page.waitForFunction(() => !/[#&](windows|vmax)=/.test(location.hash));
  assert.equal(await page.locator('#undo').isDisabled(), true, 'there were no others');
  quiet();
});

test('a play-back is no step', async () => {
  await open('#image=cells&x=1024&y=1024&zoom=0');
  await command('channel: only');
  await page.waitForFunction(() => /[#&]c=/.test(location.hash));
  await command('play along z');
  await page.waitForFunction(() => /[#&]z=2(&|$)/.test(location.hash), null, WAIT);
  await command('play along z');
  await pause(500);
  const z = field('z');
  assert.ok(Number(z) >= 2);
  await page.keyboard.press('Control+z');
  await page.waitForFunction(() => !/[#&]c=/.test(location.hash));
  assert.equal(field('z'), z);
  assert.equal(await page.locator('#undo').isDisabled(), true);
  quiet();
});

test('each image has its own history, and the server a step in it', async () => {
  const server = await new LiveServer().start();
  try {
    await page.goto(`${server.url}${pageBase.search}${PLACE}`);
    await ready();
    await command('colormap: magma');
    await has('colormap', 'magma');
    for (const vmax of [10, 20, 30]) server.send('set', { image: 'terrain', window: [0, vmax] });
    await has('vmax', '30');
    await page.keyboard.press('Control+z');
    await has('vmax', null);
    assert.equal(field('colormap'), 'magma');
    await page.keyboard.press(']');
    await page.waitForFunction(() => !document.title.startsWith('terrain'), null, WAIT);
    await ready();
    assert.equal(await page.locator('#undo').isDisabled(), true);
    await page.goBack();
    await page.waitForFunction(() => document.title.startsWith('terrain'), null, WAIT);
    await ready();
    // The link says nothing of a window, so that the server's holds again: a step of its own, before the older ones.
    await has('vmax', '30');
    await page.keyboard.press('Control+z');
    await has('vmax', null);
    assert.equal(field('colormap'), 'magma');
    await page.keyboard.press('Control+z');
    await has('colormap', null);
    quiet();
  } finally {
    await page.goto('about:blank');
    await server.stop();
  }
});

for (const colorScheme of ['dark', 'light']) {
  for (const width of [1280, 320]) {
    test(`the palette keeps nobody out, and is not cut: ${colorScheme}, ${width} pixels wide`, async () => {
      await newPage({ viewport: { width, height: 640 }, colorScheme, ...(width === 320 ? { hasTouch: true, isMobile: true } : {}) });
      await open('#image=cells');
      await page.locator('#open-commands').click();
      await hook('palette').waitFor(WAIT);
      await keep(`${colorScheme}-${width}`);
      for (const words of ['', 'save', 'go to pixel 99999 1', 'qqxz']) {
        await hook('palette-input').fill(words);
        // The policy of the page lets no script in; the browser itself may bring one.
        await page.evaluate(axe);
        const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
        assert.deepEqual(violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id, nodes }) => `${id} ${nodes[0]?.html}`), []);
        const cut = await page.locator('.palette, .palette *').evaluateAll((all) => all.flatMap((element) => {
          const { left, right } = element.getBoundingClientRect();
          return element.checkVisibility() && (left < 0 || right > innerWidth || element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).display !== 'inline')
            ? [`${element.className} ${element.textContent.slice(0, 40)}`] : [];
        }));
        assert.deepEqual(cut, []);
      }
      await keep(`${colorScheme}-${width}-nothing`);
      await hook('palette-input').fill('go to pixel');
      await keep(`${colorScheme}-${width}-hint`);
      const beyond = await page.locator('.topbar > *, .topbar button').evaluateAll(
        (all) => all.filter((element) => element.checkVisibility() && element.getBoundingClientRect().right > innerWidth).length);
      assert.equal(beyond, 0, 'the bar on top has room for its buttons');
      quiet();
    });
  }
}
