// The controls beside the image.
import assert from 'node:assert/strict';
import { base, hashNow, hook, open, openOnServer, page, pause, quiet, ready, shot, test, tiles, WAIT } from './harness.mjs';

test('colormaps are browsed as strips, and turned round', async () => {
  const { colormaps } = await (await fetch(new URL('colormaps', base))).json();
  await openOnServer('#image=terrain');
  assert.equal(await page.locator('.browser-row').count(), 0, 'strips wait until somebody looks');
  await page.locator('#colormap-browse').click();
  const straight = colormaps.map(({ name }) => name).filter((name) => !name.endsWith('_r'));
  const rows = await page.locator('.browser-row').evaluateAll((all) => all.map((row) => row.dataset.name));
  assert.deepEqual(rows.sort(), straight.sort());
  await page.locator('#colormap-plasma').click();
  await page.waitForFunction(() => location.hash.includes('colormap=plasma'));
  assert.equal(await hook('colormap').inputValue(), 'plasma');
  assert.equal(await page.locator('.browser-row[aria-pressed=true]').getAttribute('data-name'), 'plasma');
  await page.waitForFunction(() => document.querySelector('#colormap-plasma img').naturalWidth === 256, null, WAIT);
  await page.getByRole('button', { name: 'The same colours the other way round' }).click();
  await page.waitForFunction(() => location.hash.includes('colormap=plasma_r'));
  // The next one is the other way round, too.
  await page.locator('#colormap-cividis').click();
  await page.waitForFunction(() => location.hash.includes('colormap=cividis_r'));
  await ready();
  assert.equal(new URL(tiles().at(-1)).searchParams.get('colormap'), 'cividis_r');
  await shot('2-colormaps');
  quiet();
});

test('the channels that are ticked are those that are shown', async () => {
  const { visible, channels } = await (await fetch(new URL('images/cells', base))).json();
  await openOnServer('#image=cells');
  const ticked = () => page.locator('.channel input').evaluateAll(
    (all) => all.flatMap((box, index) => (box.checked ? [index] : [])));
  assert.deepEqual(await ticked(), visible);
  assert.equal(new URL(tiles().at(-1)).searchParams.get('c'), null);
  await page.getByRole('button', { name: `Only ${channels[1].name}` }).click();
  await page.waitForFunction(() => /[#&]c=1(&|$)/.test(location.hash));
  assert.deepEqual(await ticked(), [1]);
  assert.equal(Number(await hook('vmax').inputValue()), channels[1].vmax);
  await page.locator('#window-type').click();
  await page.waitForFunction(() => location.hash.includes('vmax=65535'));
  await ready();
  const { searchParams } = new URL(tiles().at(-1));
  assert.deepEqual(['c', 'vmin', 'vmax'].map((name) => searchParams.get(name)), ['1', '0', '65535']);
  await page.locator('#channels-auto').click();
  await page.waitForFunction(() => !/[#&](c|vmax)=/.test(location.hash));
  quiet();
});

test('an axis plays until it is stopped', async () => {
  const { extra_axes: axes } = await (await fetch(new URL('images/cells', base))).json();
  const z = axes.find(({ name }) => name === 'z');
  await open('#image=cells&x=1024&y=1024&zoom=0');
  const at = () => Number(new URLSearchParams(hashNow().slice(1)).get('z') ?? 0);
  const play = page.getByRole('button', { name: 'Play along z' });
  await play.click();
  await page.waitForFunction(() => /[#&]z=2(&|$)/.test(location.hash), null, WAIT);
  await play.click();
  await pause(500);
  const rest = at();
  await pause(1200);
  assert.equal(at(), rest);
  assert.ok(rest >= 2 && rest < z.size);
  assert.equal(await page.locator('#axis-z').inputValue(), String(rest));
  await ready();
  assert.ok(tiles().some((url) => new URL(url).searchParams.get('z') === '1'));
  await shot('4-axes');
  quiet();
});

test('what is being typed survives news from the server', async () => {
  let asked = 0;
  await page.route(/\/images\/terrain$/, async (route) => {
    const response = await route.fetch();
    asked += 1;
    await route.fulfill({ response, json: { ...await response.json(), provisional: asked < 3 } });
  });
  await page.goto(new URL('#image=terrain', base).href);
  await hook('vmin').fill('-12');
  const field = await hook('vmin').elementHandle();
  await ready();
  assert.equal(asked, 3);
  assert.equal(await field.evaluate((element) => element.isConnected), false, 'the controls are new');
  assert.equal(await hook('vmin').inputValue(), '-12');
  await page.keyboard.press('End');
  await page.keyboard.type('5');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => location.hash.includes('vmin=-125'));
  quiet();
});
