// Servers that are busy, away, or not done yet.
import assert from 'node:assert/strict';
import { base, hook, open, openOnServer, page, pause, quiet, ready, shot, test, text, tiles, WAIT } from './harness.mjs';

test("a problem is told in the server's words", async () => {
  await page.goto(new URL('#image=nowhere', base).href);
  await hook('error').waitFor({ state: 'visible', ...WAIT });
  assert.match(await text('error'), /nowhere/);
  assert.equal(await page.evaluate(() => document.documentElement.dataset.state), 'error');
});

/** No tile of the terrain can be had until what this answers is called. */
async function goAway() {
  // The route stays: one that is taken away may leave what it holds without an answer.
  let away = true;
  await page.route(/\/images\/terrain\/\d+\//, (route) => away ? route.abort('connectionrefused') : route.continue());
  return () => void (away = false);
}

test('a lost connection is told, and found again', async () => {
  await open('#image=terrain&x=8192&y=8192&zoom=-3');
  const comeBack = await goAway();
  await page.keyboard.press('1');
  await hook('error').waitFor({ state: 'visible', ...WAIT });
  assert.match(await text('error'), /connection lost, retrying/);
  await shot('11-connection-lost');
  comeBack();
  await hook('error').waitFor({ state: 'hidden', ...WAIT });
  await ready();
});

test('a connection is found again when nothing is missing any more', async () => {
  await open('#image=terrain');
  const comeBack = await goAway();
  await page.keyboard.press('1');
  await hook('error').waitFor({ state: 'visible', ...WAIT });
  // All of these tiles are there already, so nothing that is shown is asked for.
  await page.keyboard.press('0');
  await pause(500);
  assert.match(await text('error'), /connection lost, retrying/);
  comeBack();
  await hook('error').waitFor({ state: 'hidden', ...WAIT });
  await ready();
});

test('a busy server is asked again', async () => {
  let refused = 0;
  await page.route(/\/images\/terrain\/\d+\//, (route) => {
    refused += 1;
    return refused <= 2
      ? route.fulfill({ status: 503, headers: { 'Retry-After': '1' }, body: '' })
      : route.continue();
  });
  await open('#image=terrain');
  assert.ok(refused > 2);
  assert.equal(await hook('error').isVisible(), false);
});

test('a provisional image sharpens', async () => {
  let asked = 0;
  let built = false;
  await page.route(/\/images\/terrain$/, async (route) => {
    const response = await route.fetch();
    const info = await response.json();
    asked += 1;
    await route.fulfill({ response, json: { ...info, provisional: !built } });
  });
  // Tile 0/0/0 is exact from the beginning.
  await page.route(/\/images\/terrain\/[1-9]\d*\/\d+\//, async (route) => {
    const response = await route.fetch();
    const headers = { ...response.headers(), 'cache-control': 'no-store' };
    if (!built) headers['x-projectile-provisional'] = '1';
    await route.fulfill({ response, headers });
  });
  await page.goto(new URL('#image=terrain', base).href);
  await page.waitForFunction(
    () => document.querySelector('[data-testid=status]').textContent === 'sharpening…', null, WAIT);
  const seen = tiles().length;
  built = true;
  await ready();
  const last = asked;
  assert.ok(last > 1, 'the image is asked about again');
  assert.ok(tiles().length > seen, 'the tiles are asked for again');
  const isFinal = (url) => /\/0\/0\/0\.(png|bin)/.test(url);
  assert.ok(tiles().filter(isFinal).length <= 1, 'but not those that are exact');
  await pause(1500);
  assert.equal(asked, last, 'and then no more');
  quiet();
});

test('a refused tile is told, and tried again when asked to', async () => {
  let burning = true;
  await page.route(/\/images\/terrain\/\d+\//, (route) => burning ? route.fulfill({
    status: 500, contentType: 'application/problem+json', body: '{"status":500,"detail":"the disk is on fire"}',
  }) : route.continue());
  await page.goto(new URL('#image=terrain', base).href);
  await hook('error').waitFor({ state: 'visible', ...WAIT });
  assert.match(await text('error'), /the disk is on fire/);
  await shot('11-problem');
  assert.equal(await text('status'), 'error');
  burning = false;
  const seen = tiles().length;
  await page.getByRole('button', { name: 'Try again' }).click();
  await ready();
  assert.ok(tiles().length > seen);
  assert.equal(await hook('error').isVisible(), false);
});

const isMax = (url) => url.includes('resampling=max');

test('a tile made from a sample is asked for until it is exact', async () => {
  let samples = 0;
  await page.route(/\/images\/terrain\/\d+\/.*resampling=max/, async (route) => {
    const response = await route.fetch();
    const headers = { ...response.headers(), 'cache-control': 'no-store' };
    delete headers['x-projectile-provisional'];
    if (samples < 12) headers['x-projectile-provisional'] = '1';
    samples += 1;
    await route.fulfill({ response, headers });
  });
  await open('#image=terrain');
  await hook('resampling').selectOption('max');
  await page.waitForFunction(
    () => document.querySelector('[data-testid=status]').textContent === 'sharpening…', null, WAIT);
  await ready();
  const done = tiles().filter(isMax);
  assert.ok(done.filter((url) => url === done.at(-1)).length >= 2, 'the same tile is asked for again');
  await pause(2500);
  assert.equal(tiles().filter(isMax).length, done.length, 'and then no more');
  quiet();
});

test('old tiles stay until the new ones are there', async () => {
  await openOnServer('#image=terrain&colormap=gray');
  await pause(400);
  const { x, y, width, height } = await hook('map').boundingBox();
  const clip = { x: x + width / 4, y: y + height / 4, width: width / 2, height: height / 2 };
  const gray = await page.screenshot({ clip });
  let release;
  const held = new Promise((resolve) => { release = resolve; });
  await page.route(/\/images\/terrain\/\d+\/.*colormap=magma/, async (route) => {
    await held;
    await route.continue();
  });
  await hook('colormap').selectOption('magma');
  await pause(800);
  assert.equal(await text('status'), 'loading');
  assert.deepEqual(await page.screenshot({ clip }), gray, 'no flash');
  release();
  await ready();
  await pause(400);
  assert.notDeepEqual(await page.screenshot({ clip }), gray);
  quiet();
});

test('a busy server gets another chance for a thumbnail', async () => {
  let asked = 0;
  await page.route(/\/images\/labels\/0\//, (route) => {
    asked += 1;
    return asked <= 2 ? route.fulfill({ status: 503, body: '' }) : route.continue();
  });
  await open();
  await page.waitForFunction(() => document.querySelector('[data-id=labels] img')?.naturalWidth > 0, null, WAIT);
  assert.equal(asked, 3);
});
