// A box of pixels, drawn by hand.
import assert from 'node:assert/strict';
import { centre, hashNow, hook, newPage, open, page, place, quiet, shot, test, text } from './harness.mjs';

const box = () => new URLSearchParams(hashNow().slice(1)).get('box');
const has = (value) => page.waitForFunction(
  (expected) => new URLSearchParams(location.hash.slice(1)).get('box') === expected, value, { timeout: 10_000 });

async function drag(from, to) {
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move(to.x, to.y, { steps: 4 });
  await page.mouse.up();
}

test('the tool draws a box on whole pixels, which stays where it is in the image', async () => {
  // 16 screen pixels for each of the image.
  await open('#image=terrain&x=8000&y=4000&zoom=4');
  const { x, y } = await centre();
  await page.getByRole('button', { name: 'Select a box' }).click();
  assert.equal(await page.locator('#select').getAttribute('aria-pressed'), 'true');
  const start = await place();
  await drag({ x: x + 8, y: y + 8 }, { x: x + 16 * 7 + 3, y: y + 16 * 3 + 5 });
  await has('4000,8000,4,8');
  assert.equal(await text('selection-size'), '8 × 4');
  const after = await place();
  assert.deepEqual([after.x, after.y, after.zoom], [start.x, start.y, start.zoom], 'the image stays');
  const frame = async () => {
    const { x: left, y: top, width, height } = await hook('selection').boundingBox();
    return [left - x, top - y, width, height].map(Math.round);
  };
  assert.deepEqual(await frame(), [0, 0, 128, 64]);
  await shot('5-box');
  const drawn = hashNow();
  await page.keyboard.press('-');
  await place(drawn);
  // The zoom takes its time where the processor draws.
  for (let tries = 0; tries < 40 && (await frame())[2] !== 64; tries += 1) await page.waitForTimeout(100);
  assert.deepEqual(await frame(), [0, 0, 64, 32]);
  // A click in it does nothing, one beside it clears it.
  await page.mouse.click(x + 20, y + 20);
  assert.equal(await text('selection-size'), '8 × 4');
  await page.mouse.click(x - 60, y - 60);
  await has(null);
  assert.equal(await hook('selection').isVisible(), false);
  // Without the tool the mouse pans, but not with shift.
  await page.keyboard.press('b');
  assert.equal(await page.locator('#select').getAttribute('aria-pressed'), 'false');
  await page.keyboard.down('Shift');
  await drag({ x: x - 4, y: y - 4 }, { x: x + 4, y: y + 4 });
  await page.keyboard.up('Shift');
  await has('3999,7999,2,2');
  await page.keyboard.press('Escape');
  await has(null);
  quiet();
});

test('a link shows its box', async () => {
  await open('#image=terrain&x=8000&y=4000&zoom=4&box=4000,8000,4,8');
  assert.equal(await text('selection-size'), '8 × 4');
  // Its size is in sight also where its lower left corner is not.
  await page.evaluate(() => { location.hash = '#image=terrain&x=8000&y=4000&zoom=4&box=3990,7000,200,1010'; });
  await has('3990,7000,200,1010');
  const [map, label] = await Promise.all(['map', 'selection-size'].map((name) => hook(name).boundingBox()));
  assert.ok(label.x >= map.x && label.y + label.height <= map.y + map.height, JSON.stringify(label));
  await page.evaluate(() => { location.hash = '#image=terrain&x=8000&y=4000&zoom=4&box=16380,16380,100,100'; });
  await has('16380,16380,4,4');
  quiet();
});

test('the keyboard draws a box, moves it and resizes it', async () => {
  await open('#image=terrain&x=8000&y=4000&zoom=4');
  await hook('map').focus();
  await page.keyboard.press('b');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => location.hash.includes('box='));
  const [y, x, height, width] = box().split(',').map(Number);
  const start = await place();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Shift+ArrowLeft');
  await has([y - 1, x + 1, height, width - 1].join());
  assert.match(await hook('selection').getAttribute('aria-label'), new RegExp(`^Selected box, ${width - 1} × ${height} at`));
  assert.equal((await place()).x, start.x, 'the image stays');
  await page.keyboard.press('Escape');
  await has(null);
  assert.equal(await page.evaluate(() => document.activeElement.dataset.testid), 'map');
  await page.keyboard.press('ArrowRight');
  assert.ok((await place(hashNow())).x > start.x, 'and then pans again');
  quiet();
});

test('a finger draws a box when the tool is on', async () => {
  await newPage({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 });
  await open('#image=terrain&x=8000&y=4000&zoom=4');
  const client = await page.context().newCDPSession(page);
  const touch = (type, ...points) => client.send('Input.dispatchTouchEvent', {
    type, touchPoints: points.map(([x, y], id) => ({ x, y, id })),
  });
  const { x, y } = await centre();
  await page.locator('#select').tap();
  await touch('touchStart', [x + 8, y + 8]);
  for (let step = 1; step <= 5; step += 1) await touch('touchMove', [x + 8 + 16 * step, y + 8 + 16 * step]);
  await touch('touchEnd');
  await has('4000,8000,6,6');
  assert.equal((await place()).x, 8000);
  await touch('touchStart', [x - 60, y - 60]);
  await touch('touchEnd');
  await has(null);
  quiet();
});
