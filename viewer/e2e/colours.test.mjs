// Colours that the GPU gives: of what is no value or beyond the window, through a lost context, in a screenshot.
import assert from 'node:assert/strict';
import {
  hashNow, hook, newPage, onServer, open, page, pause, quiet, requests, shot, test, tiles, WAIT,
} from './harness.mjs';
import { LiveServer } from './live-server.mjs';
import { differing, lit, mapPixels } from './pixels.mjs';

const fields = () => new URLSearchParams(hashNow().slice(1));
const CENTRE = '#image=terrain&x=5248&y=7808&zoom=0&colormap=gray&vmin=0&vmax=200';

/** Left in the middle of the map is no value, right of it 300 above and -100 below. */
async function withHoles() {
  const samples = new Float32Array(256 * 256);
  samples.forEach((_, index) => {
    const [x, y] = [index % 256, Math.floor(index / 256)];
    samples[index] = x < 128 ? Number.NaN : y < 128 ? 300 : -100;
  });
  await page.route(/\/images\/terrain\/\d+\/\d+\/\d+\.bin/, (route) => route.fulfill({
    headers: { 'x-projectile-dtype': 'float32', 'x-projectile-shape': '256,256,1' }, body: Buffer.from(samples.buffer),
  }));
}

/** The canvas of the samples, and the means to take its context away. */
const lose = (again) => page.evaluate((restores) => {
  const canvas = document.querySelector('.map .ol-layers canvas');
  const extension = canvas.getContext('webgl').getExtension('WEBGL_lose_context');
  extension.loseContext();
  if (restores) setTimeout(() => extension.restoreContext(), 300);
}, again);

const HOLE = [-40, -40];
const ABOVE = [40, -40];
const BELOW = [40, 40];
const seenAt = async (...places) => {
  await pause(400);
  return mapPixels(...places);
};

test('what is no value is clear, or has its own colour', { skip: onServer }, async () => {
  await withHoles();
  await open(CENTRE);
  const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const clear = `${ground.match(/\d+/g).join()},255`;
  assert.deepEqual(await seenAt(HOLE, ABOVE, BELOW), [clear, '255,255,255,255', '0,0,0,255']);
  const seen = requests.length;
  await page.locator('#bad-colour').fill('#ff00ff');
  assert.equal(await page.locator('#bad-shown').isChecked(), true);
  assert.deepEqual(await seenAt(HOLE, ABOVE), ['255,0,255,255', '255,255,255,255']);
  await page.locator('#under-shown').check();
  await page.locator('#over-colour').fill('#00ff00');
  assert.deepEqual(await seenAt(HOLE, ABOVE, BELOW), ['255,0,255,255', '0,255,0,255', '0,0,255,255']);
  await shot('2-colours-beyond-the-window');
  assert.deepEqual(['bad', 'under', 'over'].map((name) => fields().get(name)), ['ff00ff', '0000ff', '00ff00']);
  await page.locator('#opacity').fill('0.5');
  const half = ground.match(/\d+/g).map(Number).map((value, index) => (value + [255, 0, 255][index]) / 2);
  const [mixed] = await seenAt(HOLE);
  mixed.split(',').slice(0, 3).forEach((value, index) => assert.ok(Math.abs(value - half[index]) <= 1, `${mixed}, not ${half}`));
  assert.equal(fields().get('opacity'), '0.5');
  assert.deepEqual(requests.slice(seen).filter((url) => !url.endsWith('.svg')), []);
  await page.reload();
  await page.locator('#bad-shown').waitFor(WAIT);
  assert.deepEqual(await page.locator('.outside-colour input[type=checkbox]').evaluateAll((all) => all.map((box) => box.checked)),
    [true, true, true]);
  assert.equal(await page.locator('#opacity').inputValue(), '0.5');
  await page.locator('#opacity').fill('1');
  await page.locator('#bad-shown').uncheck();
  assert.deepEqual(await seenAt(HOLE), [clear]);
  assert.equal(fields().get('bad'), null);
  assert.equal(fields().get('opacity'), null);
  quiet();
});

test('colours and visibility of channels ask nothing of the server', { skip: onServer }, async () => {
  await open('#image=cells&x=1024&y=1024&zoom=0');
  await pause(700);
  let picture = await hook('map').screenshot();
  const whole = picture;
  const seen = requests.length;
  const steps = [
    () => page.locator('#channel-colour-0').fill('#ff8000'),
    () => page.locator('#channel-colour-1').fill('#00ffff'),
    () => page.locator('#channel-0').uncheck(),
    () => page.locator('#channel-0').check(),
    () => page.locator('#opacity').fill('0.4'),
    () => page.locator('#gamma').fill('1'),
    () => page.locator('#invert').click(),
    () => page.locator('#norm').selectOption('sqrt'),
  ];
  for (const [index, step] of steps.entries()) {
    await step();
    await pause(350);
    const next = await hook('map').screenshot();
    assert.notDeepEqual(next, picture, `step ${index}`);
    picture = next;
  }
  assert.equal(fields().get('colours'), '0:ff8000,1:00ffff');
  await shot('2-colours-of-channels');
  assert.deepEqual(requests.slice(seen).filter((url) => !/\.svg$|\/histogram\?/.test(url)), []);
  await page.locator('#channels-auto').click();
  await page.locator('#opacity').fill('1');
  await page.locator('#gamma').fill('0');
  await page.locator('#invert').click();
  await page.locator('#norm').selectOption('linear');
  await pause(350);
  assert.equal(fields().get('colours'), null);
  const { width, height } = await hook('map').boundingBox();
  assert.equal(await differing(await hook('map').screenshot(), whole, [0, 0, width, height]), 0, 'as it was');
  quiet();
});

test('a context that is lost and given back shows the same picture', { skip: onServer }, async () => {
  await open('#image=terrain&x=5248&y=7808&zoom=0&colormap=viridis');
  await pause(500);
  const whole = await hook('map').screenshot();
  const seen = requests.length;
  await lose(true);
  await pause(2800);
  const { width, height } = await hook('map').boundingBox();
  assert.equal(await differing(await hook('map').screenshot(), whole, [0, 0, width, height]), 0);
  // Not by means of the server's tiles.
  assert.deepEqual(requests.slice(seen).filter((url) => /\.png|\.bin/.test(url)), []);
  assert.equal(await hook('error').isVisible(), false);
  await page.locator('#invert').click();
  await pause(300);
  assert.notDeepEqual(await hook('map').screenshot(), whole, 'still drawn anew');
});

test('a context that stays lost leaves the colours to the server', { skip: onServer }, async () => {
  await open('#image=terrain&x=5248&y=7808&zoom=0&colormap=viridis&vmin=-500&vmax=2000');
  await pause(500);
  const whole = await hook('map').screenshot();
  await lose(false);
  await page.waitForFunction(() => !document.querySelector('#norm'), null, WAIT);
  await pause(1500);
  assert.ok(tiles().some((url) => /\.png\?/.test(url)));
  const { width, height } = await hook('map').boundingBox();
  const apart = await differing(await hook('map').screenshot(), whole, [0, 0, width, height]);
  assert.ok(apart < (width * height * 4) / 1000, `${apart} samples differ`);
  assert.equal(await page.locator('#opacity').count(), 0, 'the server has no such thing');
});

test('a dense screenshot has the scale of colours where the screen has it', async () => {
  await newPage({ deviceScaleFactor: 2 });
  const server = await new LiveServer().start();
  try {
    await page.goto(`${server.url}${onServer ? '?renderer=server' : ''}#image=terrain&x=8192&y=8192&zoom=-3`);
    await page.waitForFunction(() => document.documentElement.dataset.state === 'ready', null, WAIT);
    const shoot = async (name) => {
      server.send('screenshot', { client: server.clients[0], request: name });
      for (let wait = 0; wait < 100 && !server.screenshots.has(name); wait += 1) await page.waitForTimeout(100);
      return server.screenshots.get(name).body;
    };
    await pause(800);
    const sent = await shoot('aa');
    await shot('10-dense-screenshot', sent);
    const map = await hook('map').boundingBox();
    assert.deepEqual([sent.readUInt32BE(16), sent.readUInt32BE(20)], [map.width * 2, map.height * 2]);
    const own = await hook('map').screenshot();
    // The middle, and the scale of colours without its rounded corners.
    const bar = await hook('colorbar').boundingBox();
    const strip = await page.locator('.colorbar-strip').boundingBox();
    const at = ({ x, y, width, height }, by = 0) =>
      [x - map.x + by, y - map.y + by, width - 2 * by, height - 2 * by].map((length) => Math.round(2 * length));
    assert.equal(await differing(sent, own, [800, 400, 400, 400], 4), 0, 'the image');
    assert.equal(await differing(sent, own, at(strip, 2), 8), 0, 'the strip of colours');
    // Letters are not smoothed alike, but as many pixels are lit.
    const [drawn, seen] = [await lit(sent, at(bar, 2)), await lit(own, at(bar, 2))];
    assert.ok(Math.abs(drawn - seen) < 0.03 * seen, `${drawn} samples of the scale are lit, not ${seen}`);
    const numbers = await page.locator('.colorbar-ticks').boundingBox();
    const row = at({ ...numbers, y: numbers.y + 5, height: 14 });
    const [letters, truth] = [await lit(sent, row), await lit(own, row)];
    assert.ok(truth > 500 && Math.abs(letters - truth) < 0.2 * truth, `${letters} samples of numbers are lit, not ${truth}`);
    await hook('map').focus();
    await page.keyboard.press('l');
    const without = await shoot('bb');
    assert.ok(await differing(sent, without, at(strip, 2), 8) > 1000, 'none when it is hidden');
  } finally {
    await server.stop();
  }
  quiet();
});
