// An axis that plays: whole frames, the next one fetched while one looks at this one.
import assert from 'node:assert/strict';
import { hashNow, hook, newPage, open, page, pause, quiet, ready, requests, test, WAIT } from './harness.mjs';
import { differing } from './pixels.mjs';

const VIEW = '#image=cells&x=1024&y=1024&zoom=0&c=1';
/** The middle of the map, without what lies over it: a quarter of each of four tiles. */
const FRAME = [80, 60, 240, 200];
const TILE = /\/images\/cells\/[\d,]+\/(\d+)\/(\d+)\.(?:bin|png)/;
const at = () => Number(new URLSearchParams(hashNow().slice(1)).get('t') ?? 0);
const play = () => page.getByRole('button', { name: 'Play along t' });

/** Soon, for a busy machine draws late; half a frame would stay, as its other half is held back. */
async function looksLike(frame, told) {
  let apart = Infinity;
  for (let tries = 0; tries < 8 && apart > 0; tries += 1) {
    apart = await differing(await hook('map').screenshot(), frame, FRAME);
    if (apart > 0) await page.waitForTimeout(200);
  }
  assert.equal(apart, 0, told);
}

/** Every other tile of the second frame until it is let go, and all of the third for good. */
async function holdBack() {
  const waiting = [];
  const never = new Promise(() => undefined);
  let letGo;
  const gate = new Promise((resolve) => { letGo = resolve; });
  await page.route(TILE, async (route) => {
    const url = route.request().url();
    const [, x, y] = TILE.exec(url);
    if (/[?&]t=2(&|$)/.test(url)) await never;
    if (/[?&]t=1(&|$)/.test(url) && (Number(x) + Number(y)) % 2 === 0) {
      waiting.push(url);
      await gate;
    }
    return route.continue();
  });
  return {
    letGo,
    async isWaitedFor() {
      for (let tries = 0; tries < 300 && waiting.length === 0; tries += 1) await page.waitForTimeout(100);
      assert.ok(waiting.length > 0, 'tiles are asked for');
      await pause(700);
    },
  };
}

async function frames() {
  const shots = [];
  for (const t of [0, 1]) {
    await open(`${VIEW}&t=${t}`);
    await pause(500);
    shots.push(await hook('map').screenshot());
  }
  assert.ok(await differing(...shots, FRAME) > 1000, 'frames differ');
  await page.goto('about:blank');
  return shots;
}

test('a frame is seen when all of it is there, never half of two', async () => {
  // Small, for a machine without a GPU draws each pixel itself.
  await newPage({ viewport: { width: 760, height: 480 } });
  const [first, second] = await frames();
  const tiles = await holdBack();
  await open(VIEW);
  await page.evaluate(() => {
    const hold = document.querySelector('[data-testid=hold]');
    globalThis.held = [];
    new MutationObserver(() => globalThis.held.push([hold.hidden, document.documentElement.dataset.state]))
      .observe(hold, { attributeFilter: ['hidden'] });
  });
  await page.locator('#rate-t').selectOption('1');
  await play().click();
  await tiles.isWaitedFor();
  assert.equal(at(), 0, 'the frame waits for its tiles');
  await looksLike(first, 'before the frame');
  tiles.letGo();
  await page.waitForFunction(() => /[#&]t=1(&|$)/.test(location.hash), null, WAIT);
  await ready();
  await looksLike(second, 'after it');
  // While the one gave way to the other, a picture of the first lay over both.
  const held = await page.evaluate(() => globalThis.held);
  assert.deepEqual(held.map(([hidden]) => hidden), [false, true]);
  await play().click();
});

test('the tiles of the next frame are there before it is shown', async () => {
  await open(VIEW);
  await page.locator('#rate-t').selectOption('1');
  const before = requests.length;
  await play().click();
  await page.waitForFunction(() => /[#&]t=1(&|$)/.test(location.hash), null, WAIT);
  await play().click();
  const asked = () => requests.slice(before).filter((url) => TILE.test(url) && /[?&]t=1(&|$)/.test(url));
  const ahead = asked().length;
  assert.ok(ahead > 0);
  await ready();
  assert.equal(new Set(asked()).size, asked().length, 'none is asked for twice');
  quiet();
});
