// The image and what is done with it.
import assert from 'node:assert/strict';
import {
  base, centre, hashNow, hook, open, openOnServer, page, pause, place, quiet, ready, requests, shot, test, text, tiles,
  WAIT,
} from './harness.mjs';

test('the gallery shows every image and leads to one', async () => {
  await open();
  await hook('gallery').waitFor(WAIT);
  const cards = hook('gallery-card');
  assert.equal(await cards.count(), 5);
  for (const image of await cards.locator('img').all()) {
    await image.evaluate((element) => element.decode());
  }
  const ids = await cards.evaluateAll((all) => all.map((card) => card.dataset.id));
  assert.deepEqual(ids.sort(), ['cells', 'contacts', 'labels', 'mandelbrot', 'terrain']);
  await shot('11-gallery');
  await page.locator('[data-testid=gallery-card][data-id=terrain]').click();
  await page.waitForFunction(() => location.hash.includes('zoom='), null, WAIT);
  await ready();
  assert.equal(await text('image-name'), 'terrain');
  assert.equal(await text('dimensions'), '16384 × 16384');
  assert.equal(await hook('gallery').isVisible(), false);
  assert.equal(await text('status'), 'ready');
  await page.goBack();
  await hook('gallery').waitFor({ state: 'visible' });
  quiet();
});

test('dragging pans; the wheel and the keyboard zoom', async () => {
  await open('#image=terrain&x=8192&y=8192&zoom=-3');
  const middle = await centre();
  const start = await place();
  let hash = hashNow();
  await page.mouse.move(middle.x, middle.y);
  await page.mouse.down();
  // A drag is one from its third pixel on.
  await page.mouse.move(middle.x - 2, middle.y - 2);
  await page.mouse.move(middle.x - 60, middle.y - 40, { steps: 4 });
  await page.mouse.move(middle.x - 120, middle.y - 80, { steps: 4 });
  await pause(300);
  await page.mouse.up();
  const panned = await place(hash);
  // 120 and 80 screen pixels of 8 image pixels each.
  assert.ok(Math.abs(panned.x - start.x - 960) < 40, `x went from ${start.x} to ${panned.x}`);
  assert.ok(Math.abs(panned.y - start.y - 640) < 40, `y went from ${start.y} to ${panned.y}`);

  hash = hashNow();
  await page.mouse.wheel(0, -400);
  const wheeled = await place(hash);
  assert.ok(wheeled.zoom > panned.zoom, 'the wheel zooms in');

  hash = hashNow();
  await page.keyboard.press('+');
  await page.keyboard.press('+');
  const closer = await place(hash);
  assert.ok(Math.abs(closer.zoom - wheeled.zoom - 2) < 0.01, 'two presses are four times as large');

  hash = hashNow();
  await page.keyboard.press('ArrowRight');
  const right = await place(hash);
  assert.ok(right.x > closer.x && right.y === closer.y, 'the right arrow pans right');

  await page.keyboard.press('1');
  await page.waitForFunction(() => document.querySelector('[data-testid=zoom]').textContent === '100%');
  await page.keyboard.press('0');
  await page.waitForFunction(() => /^\d\.\d+%$/.test(document.querySelector('[data-testid=zoom]').textContent));
  await ready();
  for (let press = 0; press < 15; press += 1) await page.keyboard.press('+');
  await page.waitForFunction(() => document.querySelector('[data-testid=zoom]').textContent === '12800%');
  quiet();
});

test('a colormap changes the tiles and what is on the screen', async () => {
  await openOnServer('#image=terrain');
  const map = hook('map');
  const old = await map.screenshot();
  const seen = requests.length;
  await hook('colormap').selectOption('magma');
  await page.waitForFunction(() => location.hash.includes('colormap=magma'));
  await ready();
  const fresh = requests.slice(seen).filter((url) => tiles().includes(url));
  assert.ok(fresh.length > 0, 'new tiles are asked for');
  for (const url of fresh) assert.equal(new URL(url).searchParams.get('colormap'), 'magma');
  await pause(400);
  assert.notDeepEqual(await map.screenshot(), old);
  await shot('11-coloured-by-the-server');
  quiet();
});

test('a window reaches the tiles; nonsense does not', async () => {
  await openOnServer('#image=terrain');
  await hook('vmin').fill('-0.25');
  await hook('vmin').press('Enter');
  await page.waitForFunction(() => location.hash.includes('vmin=-0.25'));
  await ready();
  assert.equal(new URL(tiles().at(-1)).searchParams.get('vmin'), '-0.25');
  await hook('vmax').fill('much');
  await hook('vmax').press('Enter');
  assert.equal(await hook('vmax').getAttribute('aria-invalid'), 'true');
  await page.getByRole('button', { name: "The image's own window" }).click();
  await page.waitForFunction(() => !location.hash.includes('vmin'));
  quiet();
});

test('the value under the pointer is the sample there', async () => {
  await open('#image=terrain&x=8000.5&y=4000.5&zoom=4');
  const middle = await centre();
  await page.mouse.move(middle.x + 3, middle.y + 3);
  await page.waitForFunction(() => document.querySelector('[data-testid=value]').textContent !== '', null, WAIT);
  const [x, y] = (await text('position')).split(',').map(Number);
  assert.deepEqual([x, y], [8000, 4000]);
  const truth = await (await fetch(new URL(`images/terrain/value?x=${x}&y=${y}`, base))).json();
  assert.equal(Math.fround(Number(await text('value'))), Math.fround(truth.values[0]));
  // Beyond the image there is none.
  await page.keyboard.press('0');
  await pause(600);
  const box = await hook('map').boundingBox();
  await page.mouse.move(box.x + 4, box.y + 4);
  await page.waitForFunction(() => document.querySelector('[data-testid=value]').textContent === '');
  assert.equal(await text('position'), '');
  quiet();
});

test('a link keeps its place, and never asks beyond the native zoom', async () => {
  await open('#image=terrain&x=5000.25&y=12000.5&zoom=3.25&resampling=max');
  await page.reload();
  await ready();
  const { x, y, zoom, fields } = await place();
  assert.ok(Math.abs(x - 5000.25) < 0.1 && Math.abs(y - 12000.5) < 0.1, `${x}, ${y}`);
  assert.equal(zoom, 3.25);
  assert.equal(fields.get('resampling'), 'max');
  const { native_zoom } = await (await fetch(new URL('images/terrain', base))).json();
  const zooms = tiles().map((url) => Number(/\/(\d+)\/\d+\/\d+\.(png|bin)/.exec(url)[1]));
  assert.equal(Math.max(...zooms), native_zoom);
  quiet();
});

test('the far corner of the greatest image is in reach', async () => {
  const { width, height } = await (await fetch(new URL('images/mandelbrot', base))).json();
  await open(`#image=mandelbrot&x=${width - 2.5}&y=${height - 1.5}&zoom=7`);
  assert.equal(await text('zoom'), '12800%');
  const middle = await centre();
  await page.mouse.move(middle.x, middle.y);
  await page.waitForFunction(() => document.querySelector('[data-testid=value]').textContent !== '', null, WAIT);
  assert.equal(await text('position'), `${width - 3}, ${height - 2}`);
  quiet();
});

test('channels and axes of a stack', async () => {
  await open('#image=cells');
  assert.equal(await hook('colormap').count(), 0);
  for (const box of (await page.locator('.channels input[type=checkbox]').all()).slice(1)) await box.uncheck();
  await page.waitForFunction(() => /[#&]c=0(&|$)/.test(location.hash));
  assert.equal(await hook('colormap').count(), 1);
  await page.locator('#axis-t').fill('1');
  await page.waitForFunction(() => /[#&]t=1(&|$)/.test(location.hash));
  await ready();
  const { searchParams } = new URL(tiles().at(-1));
  assert.equal(searchParams.get('c'), '0');
  assert.equal(searchParams.get('t'), '1');
  quiet();
});

test('the keyboard steps through the images and opens the help', async () => {
  await open('#image=terrain');
  await page.keyboard.press(']');
  // The address changes before the image does: the title says which one is shown.
  await page.waitForFunction(() => !document.title.startsWith('terrain'), null, WAIT);
  await ready();
  await page.keyboard.press('[');
  await page.waitForFunction(() => document.title.startsWith('terrain'), null, WAIT);
  await ready();
  await page.keyboard.press('c');
  assert.equal(await page.evaluate(() => document.activeElement.dataset.testid), 'colormap');
  await hook('map').focus();
  await page.keyboard.press('?');
  assert.equal(await page.locator('dialog.help').isVisible(), true);
  await page.keyboard.press('Escape');
  const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
  const first = await theme();
  await page.keyboard.press('d');
  assert.notEqual(await theme(), first);
  await page.keyboard.press('g');
  await hook('gallery').waitFor({ state: 'visible' });
  quiet();
});
