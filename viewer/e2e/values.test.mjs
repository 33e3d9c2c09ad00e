// Far in, each pixel shows its own value.
import assert from 'node:assert/strict';
import { base, centre, hook, open, page, pause, quiet, shot, test } from './harness.mjs';

/** Every text that is drawn on the canvas, with where it is on the screen. */
async function watchTexts() {
  await page.addInitScript(() => {
    window.texts = [];
    const { clearRect, fillText } = CanvasRenderingContext2D.prototype;
    const isOurs = (context) => context.canvas.dataset.testid === 'pixel-numbers';
    CanvasRenderingContext2D.prototype.clearRect = function (...box) {
      if (isOurs(this)) window.texts = [];
      return clearRect.apply(this, box);
    };
    CanvasRenderingContext2D.prototype.fillText = function (line, x, y, ...rest) {
      if (isOurs(this)) window.texts.push({ line, x, y });
      return fillText.call(this, line, x, y, ...rest);
    };
  });
}

const drawn = () => page.waitForFunction(() => window.texts.length > 0, null, { timeout: 20_000 });

/** The lines in the pixel at a place on the screen, `cell` screen pixels large. */
const linesAt = (x, y, cell) => page.evaluate(([left, top, size]) => {
  const canvas = document.querySelector('[data-testid=pixel-numbers]').getBoundingClientRect();
  return window.texts
    .filter((text) => Math.abs(text.x + canvas.left - left) < size / 2 && Math.abs(text.y + canvas.top - top) < size / 2)
    .toSorted((a, b) => a.y - b.y).map(({ line }) => line);
}, [x, y, cell]);

const valueAt = async (id, query) => (await (await fetch(new URL(`images/${id}/value?${query}`, base))).json()).values;

test('a number is in each pixel, that of the server', async () => {
  await watchTexts();
  await open('#image=terrain&x=8000&y=4000&zoom=6');
  await drawn();
  const { x, y } = await centre();
  for (const [right, down] of [[0, 0], [3, 2], [-4, -3]]) {
    const [value] = await valueAt('terrain', `x=${8000 + right}&y=${4000 + down}`);
    const lines = await linesAt(x + 64 * right + 32, y + 64 * down + 32, 64);
    assert.equal(Math.fround(Number(lines.join(''))), Math.fround(value));
  }
  await shot('3-values');
  // They move along with the image at once, and are those of the new place.
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x - 128, y - 64, { steps: 4 });
  await page.mouse.up();
  await pause(800);
  const { x: nowX, y: nowY } = Object.fromEntries(new URLSearchParams(new URL(page.url()).hash.slice(1)));
  const [column, row] = [Math.floor(Number(nowX)), Math.floor(Number(nowY))];
  const [value] = await valueAt('terrain', `x=${column}&y=${row}`);
  const lines = await linesAt(x + 64 * (column + 0.5 - nowX), y + 64 * (row + 0.5 - nowY), 64);
  assert.equal(Math.fround(Number(lines.join(''))), Math.fround(value));
  quiet();
});

test('each channel that is shown has its line', async () => {
  await watchTexts();
  await open('#image=cells&x=1000&y=1000&zoom=6&c=0,3&z=2');
  await drawn();
  const { x, y } = await centre();
  const values = await valueAt('cells', 'x=1001&y=1000&z=2');
  assert.deepEqual(await linesAt(x + 96, y + 32, 64), [values[0], values[3]].map(String));
  await shot('3-values-of-channels');
  quiet();
});

test('there are none further out, and nothing is asked for', async () => {
  await watchTexts();
  await open('#image=terrain&x=8000&y=4000&zoom=4.9&renderer=server');
  await pause(500);
  assert.equal(await hook('pixel-numbers').isVisible(), false);
  assert.equal(await page.evaluate(() => window.texts.length), 0);
  await page.keyboard.press('+');
  await drawn();
  assert.equal(await hook('pixel-numbers').isVisible(), true);
  await page.keyboard.press('-');
  await page.waitForFunction(() => document.querySelector('[data-testid=pixel-numbers]').hidden);
  quiet();
});

test('64-bit integers keep every digit', async () => {
  await watchTexts();
  const big = 2n ** 63n - 1n;
  // An image of such numbers in place of the other: the tile's bytes are made here.
  await page.route(/\/images\/labels$/, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...await response.json(), dtype: 'int64' } });
  });
  await page.route(/\/images\/labels\/4\/\d+\/\d+\.bin/, (route) => route.fulfill({
    body: Buffer.from(BigInt64Array.from({ length: 256 * 256 }, (_, index) => big - BigInt(index % 256)).buffer),
    headers: { 'X-Projectile-Dtype': 'int64', 'X-Projectile-Shape': '256,256,1', 'Cache-Control': 'no-store' },
  }));
  await open('#image=labels&x=2051&y=2050&zoom=6');
  await drawn();
  const { x, y } = await centre();
  assert.equal((await linesAt(x + 32, y + 32, 64)).join(''), String(big - 3n));
  await shot('3-wide-integers');
  quiet();
});

test('dragging stays smooth with numbers in sight', async () => {
  await open('#image=cells&x=1000&y=1000&zoom=5');
  await page.waitForFunction(() => !document.querySelector('[data-testid=pixel-numbers]').hidden);
  const { x, y } = await centre();
  await page.evaluate(() => {
    window.longest = 0;
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) window.longest = Math.max(window.longest, duration);
    }).observe({ entryTypes: ['longtask'] });
  });
  await page.mouse.move(x, y);
  await page.mouse.down();
  for (let step = 1; step <= 30; step += 1) await page.mouse.move(x - 4 * step, y - 2 * step);
  await page.mouse.up();
  const longest = await page.evaluate(() => window.longest);
  // Generous for a machine that draws everything on one of two busy cores.
  assert.ok(longest < 400, `${longest} ms without an answer`);
  quiet();
});
