// The histogram, the scale of colours, and the picker of colormaps.
import assert from 'node:assert/strict';
import {
  base, hashNow, hook, onServer, open, page, pageBase, pause, quiet, requests, shot, test, WAIT,
} from './harness.mjs';
import { LiveServer } from './live-server.mjs';

const fields = () => new URLSearchParams(hashNow().slice(1));
const counts = Array.from({ length: 256 }, (_, index) => Math.round(1e4 * Math.exp(-(((index - 100) / 30) ** 2))));
let asked;

/** A server that counts. */
async function counting(change = {}) {
  asked = [];
  await page.route(/\/images\/[^/]+\/histogram/, (route) => {
    asked.push(new URL(route.request().url()).searchParams);
    return route.fulfill({ json: {
      start: -1000, stop: 3000, counts, below: 0, above: 0, invalid: 0, count: 1, min: -900, max: 2900,
      percentiles: { 0.1: -800, 1: -700, 2: -600, 25: 0, 50: 100, 75: 200, 98: 2000, 99: 2100, 99.9: 2200 }, sampled: true,
      ...change,
    } });
  });
}

/** However slow the machine is, but not for ever. */
async function until(isSo) {
  for (let tries = 0; tries < 100 && !isSo(); tries += 1) await page.waitForTimeout(100);
}

test('the window is dragged upon the histogram', async () => {
  await counting();
  await open('#image=terrain');
  await hook('histogram').waitFor({ state: 'visible', ...WAIT });
  assert.equal(asked[0].get('bins'), '256');
  const box = await hook('histogram').boundingBox();
  const before = await hook('map').screenshot();
  const handle = await page.locator('#window-hi').boundingBox();
  await page.mouse.move(handle.x + handle.width / 2, handle.y + 20);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.75, handle.y + 20, { steps: 5 });
  await page.mouse.move(box.x + box.width * 0.5, handle.y + 20, { steps: 5 });
  await page.mouse.up();
  await page.waitForFunction(() => location.hash.includes('vmax='));
  await pause(400);
  assert.ok(Math.abs(Number(fields().get('vmax')) - 1000) < 60, fields().get('vmax'));
  assert.equal(Number(await hook('vmax').inputValue()), Number(fields().get('vmax')));
  assert.notDeepEqual(await hook('map').screenshot(), before);
  await shot('2-histogram');
  const seen = Number(fields().get('vmax'));
  await page.locator('#window-hi').focus();
  await page.keyboard.press('ArrowRight');
  await pause(400);
  assert.ok(Math.abs(Number(fields().get('vmax')) - seen - 20) < 1);
  await page.locator('#window-p1').click();
  await page.waitForFunction(() => location.hash.includes('vmin=-700') && location.hash.includes('vmax=2100'));
  await page.locator('#window-p0').click();
  await page.waitForFunction(() => location.hash.includes('vmin=-900') && location.hash.includes('vmax=2900'));
  quiet();
});

test('what is in view is counted', async () => {
  await counting();
  await open('#image=terrain&x=8192&y=8192&zoom=0');
  await page.locator('#histogram-view').click();
  await until(() => asked.at(-1)?.has('x0'));
  const last = asked.at(-1);
  assert.ok(Number(last.get('x0')) < 8192 && Number(last.get('x1')) > 8192);
  const seen = asked.length;
  await page.keyboard.press('Escape');
  await hook('map').focus();
  await page.keyboard.press('ArrowRight');
  await until(() => asked.length > seen);
  assert.ok(asked.length > seen);
  assert.ok(Number(asked.at(-1).get('x0')) > Number(last.get('x0')));
  quiet();
});

test('a server without histograms is not missed', async () => {
  await page.route(/\/histogram/, (route) => route.fulfill({ status: 404, json: { status: 404, detail: 'none' } }));
  await open('#image=terrain');
  await pause(600);
  assert.equal(await hook('histogram').isVisible(), false);
  assert.equal(await page.locator('#window-p1').count(), 0);
  assert.equal(await hook('error').isVisible(), false);
});

test('a locked window stays for other images', async () => {
  await counting();
  await open('#image=terrain&vmin=-5&vmax=25');
  await page.locator('#window-lock').click();
  await hook('map').focus();
  await page.evaluate(() => { location.hash = '#image=contacts'; });
  await page.waitForFunction(() => /image=contacts.*vmin=-5&vmax=25/.test(location.hash), null, WAIT);
  quiet();
});

test('locked windows of channels stay for other images', { skip: onServer }, async () => {
  await counting({ start: 0, stop: 4000, min: 0, max: 4000 });
  await page.route(/\/images\/contacts$/, async (route) => {
    const info = await (await fetch(new URL('images/cells', base))).json();
    await route.fulfill({ json: { ...info, id: 'contacts', name: 'contacts' } });
  });
  await page.route(/\/images\/contacts\/\d+\//, (route) =>
    route.continue({ url: route.request().url().replace('/contacts/', '/cells/') }));
  await open('#image=cells&x=1024&y=1024&zoom=0&windows=1:5:333');
  await page.locator('#window-lock').click();
  await page.evaluate(() => { location.hash = '#image=contacts'; });
  await page.waitForFunction(() => /image=contacts.*windows=/.test(location.hash), null, WAIT);
  assert.match(fields().get('windows'), /(^|,)1:5:333(,|$)/);
  assert.equal(fields().get('vmin'), null, 'no window for all');
  await page.locator('#window-lock').click();
  await page.evaluate(() => { location.hash = '#image=cells'; });
  await page.waitForFunction(() => /image=cells&x=/.test(location.hash), null, WAIT);
  assert.equal(fields().get('windows'), null, 'not when it is not locked');
  quiet();
});

test('another slice is counted anew', async () => {
  await counting();
  await open('#image=cells');
  await pause(600);
  assert.equal(asked.at(-1).get('t'), null);
  await page.locator('#axis-t').fill('2');
  await until(() => asked.at(-1)?.get('t') === '2');
  assert.equal(asked.at(-1).get('t'), '2');
  quiet();
});

test('pixels that change are counted anew, and only where they are seen', async () => {
  await counting();
  const server = await new LiveServer().start();
  try {
    await page.goto(`${server.url}${pageBase.search}#image=cells&x=1024&y=1024&zoom=0`);
    await hook('histogram').waitFor({ state: 'visible', ...WAIT });
    await pause(600);
    let seen = asked.length;
    const region = { y: 1000, x: 1000, height: 90, width: 90 };
    for (let revision = 5; revision < 25; revision += 1) {
      server.send('refresh', { image: 'cells', revision, region, indices: {} });
      await page.waitForTimeout(60);
    }
    assert.ok(asked.length > seen, 'although the changes do not stop');
    // A busy machine takes its time for the last one.
    for (let before = -1; before !== asked.length;) {
      before = asked.length;
      await pause(900);
    }
    assert.ok(asked.length - seen < 10, `${asked.length - seen} requests`);
    seen = asked.length;
    server.send('refresh', { image: 'cells', revision: 30, region, indices: {} });
    await until(() => asked.length > seen);
    await pause(900);
    assert.equal(asked.length, seen + 1);
    server.send('refresh', { image: 'cells', revision: 31, region, indices: { t: [3, 4] } });
    await pause(900);
    assert.equal(asked.length, seen + 1, 'another slice');
  } finally {
    await server.stop();
  }
});

test('scale, gamma and inversion are drawn here and kept in the link', { skip: onServer }, async () => {
  await counting();
  await open('#image=terrain');
  await pause(800);
  let picture = await hook('map').screenshot();
  const seen = requests.length;
  const changed = async () => {
    await pause(400);
    const next = await hook('map').screenshot();
    assert.notDeepEqual(next, picture);
    picture = next;
  };
  for (const norm of ['sqrt', 'log', 'symlog', 'asinh']) {
    await page.locator('#norm').selectOption(norm);
    await changed();
    assert.equal(fields().get('norm'), norm);
  }
  await page.locator('#gamma').fill('1');
  await changed();
  assert.equal(fields().get('gamma'), '2');
  await page.locator('#invert').click();
  await changed();
  assert.equal(fields().get('inverted'), '1');
  await shot('2-scale-and-gamma');
  await page.evaluate(() => { location.hash += '&over=ff00ff&vmax=0'; });
  await changed();
  assert.equal(fields().get('over'), 'ff00ff');
  assert.deepEqual(requests.slice(seen).filter((url) => !url.endsWith('.svg')), []);
  await page.reload();
  await page.waitForFunction(() => document.querySelector('#norm')?.value === 'asinh', null, WAIT);
  quiet();
});

test('each channel of a composite has its own window', { skip: onServer }, async () => {
  await counting({ start: 0, stop: 4000, min: 0, max: 4000 });
  await open('#image=cells');
  await page.locator('#contrast-channel').selectOption('1');
  await pause(500);
  assert.equal(asked.at(-1).get('c'), '1');
  const picture = await hook('map').screenshot();
  await page.locator('#window-p0').click();
  await page.waitForFunction(() => location.hash.includes('windows=1:0:4000'), null, WAIT);
  await pause(300);
  assert.notDeepEqual(await hook('map').screenshot(), picture);
  await shot('2-window-of-a-channel');
  quiet();
});

test('the scale of colours says which value is which colour', async () => {
  await open('#image=terrain');
  const ticks = async () => page.locator('.colorbar-tick').allTextContents();
  assert.deepEqual(await ticks(), ['-1000', '0', '1000', '2000', '3000']);
  assert.match(await hook('colorbar').textContent(), /^metres/);
  await hook('vmax').fill('1000');
  await hook('vmax').press('Enter');
  assert.deepEqual(await ticks(), ['-1000', '-500', '0', '500', '1000']);
  await hook('map').focus();
  await page.keyboard.press('l');
  assert.equal(await hook('colorbar').isVisible(), false);
  await page.reload();
  await pause(800);
  assert.equal(await hook('colorbar').isVisible(), false);
  await hook('map').focus();
  await page.keyboard.press('l');
  assert.equal(await hook('colorbar').isVisible(), true);
  quiet();
});

test('colormaps are found by name, and favourites come first', async () => {
  await open('#image=terrain');
  await page.locator('#colormap-browse').click();
  await page.locator('#colormap-search').fill('vir');
  assert.deepEqual(await page.locator('.browser-row:visible').evaluateAll((all) => all.map((row) => row.dataset.name)), ['viridis']);
  await page.locator('#favourite-viridis').click();
  await page.locator('#colormap-search').fill('');
  assert.equal(await page.locator('.browser-row').first().getAttribute('data-name'), 'viridis');
  await page.reload();
  await page.locator('#colormap-browse').click();
  assert.equal(await page.locator('.browser-row').first().getAttribute('data-name'), 'viridis');
  quiet();
});
