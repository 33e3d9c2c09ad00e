// Each axis at a zoom of its own, and coordinates along the edges.
import assert from 'node:assert/strict';
import { centre, hashNow, hook, open, page, place, quiet, ready, requests, shot, test, text } from './harness.mjs';
import { differing } from './pixels.mjs';

const stretchNow = () => Number(new URLSearchParams(hashNow().slice(1)).get('stretch') ?? 1);
const anisotropic = () => requests.filter((url) => /\/images\/[^/]+\/\d+,\d+\/\d+\/\d+\./.test(url));
const withHash = (pattern) => page.waitForFunction((source) => new RegExp(source).test(location.hash), pattern.source, { timeout: 10_000 });

test('a stretched view shows the tiles that the server makes for it', async () => {
  // 64 pixels down and 4 across for a pixel of the screen: zooms 10 and 6 of an image of 2^14 pixels.
  await open('#image=terrain&x=8192&y=8192&zoom=-6&stretch=16&colormap=viridis');
  assert.equal(await text('zoom'), '25% × 1.6%');
  const asked = anisotropic().map((url) => /(\d+),(\d+)\/(\d+)\/(\d+)\./.exec(new URL(url).pathname).slice(1, 3).join());
  // Every tile of the middle of the window beside the server's own picture of it.
  const info = await page.evaluate(() => fetch('images/terrain').then((answer) => answer.json()));
  const [zx, zy] = [info.native_zoom - 2, info.native_zoom - 6];
  assert.ok(asked.includes(`${zx},${zy}`), `${zx},${zy} among ${asked.join(' ')}`);
  const side = 2 ** (info.max_zoom - zx);
  const column = Math.floor(8192 / side);
  const tile = await page.request.get(new URL(`images/terrain/${zx},${zy}/${column}/0.png?colormap=viridis`, page.url()).href);
  const middle = await centre();
  const map = await hook('map').boundingBox();
  // Where the tile's corner is in the window: the map's middle is pixel (8192, 8192).
  const [left, top] = [(column * side - 8192) / 4 + middle.x - map.x, -8192 / 64 + middle.y - map.y];
  const shown = await hook('map').screenshot();
  const seen = await page.evaluate(async ([base64, x, y, size]) => {
    const bitmap = await createImageBitmap(new Blob([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))]));
    const canvas = new OffscreenCanvas(size, size);
    canvas.getContext('2d').drawImage(bitmap, -x, -y);
    const bytes = new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer());
    return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
  }, [shown.toString('base64'), left, top, 256]);
  assert.equal(await differing(Buffer.from(seen, 'base64'), await tile.body(), [40, 40, 150, 150], 3), 0);
  quiet();
});

test('what is under the pointer, selected and marked lies where it is drawn', async () => {
  // A pixel is 16 wide and 2 high.
  await open('#image=terrain&x=8000&y=4000&zoom=1&stretch=8');
  const { x, y } = await centre();
  await page.mouse.move(x + 16 * 3 + 5, y + 2 * 10 + 1);
  await page.waitForFunction(() => document.querySelector('[data-testid=position]').textContent.replaceAll(/\s/g, '') === '8003,4010');
  await page.keyboard.down('Shift');
  await page.mouse.move(x + 4, y + 1);
  await page.mouse.down();
  await page.mouse.move(x + 16 * 4 + 4, y + 2 * 9 + 1, { steps: 4 });
  await page.mouse.up();
  await page.keyboard.up('Shift');
  await withHash(/box=4000,8000,10,5(&|$)/);
  const { width, height } = await hook('selection').boundingBox();
  assert.deepEqual([width, height].map(Math.round), [80, 20]);
  await page.keyboard.press('Escape');
  await hook('map').focus();
  await page.keyboard.press('r');
  await page.mouse.move(x - 160, y - 40);
  await page.mouse.down();
  await page.mouse.move(x - 16 - 1, y - 4 - 1, { steps: 4 });
  await page.mouse.up();
  await withHash(/regions=/);
  assert.match(decodeURIComponent(hashNow()), /7990,3980,7999,3998/);
  quiet();
});

test('fill uses the window both ways, and square goes back', async () => {
  await open('#image=terrain');
  assert.equal(stretchNow(), 1);
  assert.equal(await hook('ruler-x').isVisible(), false);
  await page.getByRole('button', { name: 'Fill the window both ways' }).click();
  await withHash(/stretch=/);
  await ready();
  const { width, height } = await hook('map').boundingBox();
  const { zoom } = await place();
  const stretch = stretchNow();
  assert.ok(Math.abs(16384 * 2 ** zoom - (height - 60)) < 2, `${zoom}`);
  assert.ok(Math.abs(16384 * 2 ** zoom * stretch - (width - 120)) < 2, `${stretch}`);
  assert.equal(await hook('ruler-x').isVisible(), true);
  await shot('7-both-axes-filled');
  await page.getByRole('button', { name: 'Pixels as wide as they are high' }).click();
  await page.waitForFunction(() => !/stretch=/.test(location.hash), null, { timeout: 10_000 });
  await ready();
  assert.equal(await hook('ruler-x').isVisible(), false);
  quiet();
});

test('an axis zooms alone about what is under the pointer, by wheel and by keys', async () => {
  await open('#image=terrain&x=8000&y=4000&zoom=-2');
  await page.getByLabel('Axes with coordinates').check();
  const down = await hook('ruler-y').boundingBox();
  const before = await place();
  await page.mouse.move(down.x + 20, down.y + 100);
  const under = before.y + (100 - down.height / 2) * 4;
  await page.mouse.wheel(0, -240);
  await withHash(/zoom=-1(&|$)/);
  const after = await place();
  assert.ok(Math.abs(after.y + (100 - down.height / 2) * 2 - under) < 2, `${after.y}`);
  assert.equal(after.x, 8000);
  assert.equal(stretchNow(), 0.5, 'across nothing changes');
  await hook('ruler-x').focus();
  assert.match(await hook('ruler-x').getAttribute('aria-label'), /^Axis x, pixels \d/);
  await page.keyboard.press('+');
  await page.waitForFunction(() => !/stretch=/.test(location.hash), null, { timeout: 10_000 });
  const hash = hashNow();
  await page.keyboard.press('ArrowRight');
  const moved = await place(hash);
  assert.deepEqual([moved.x, Math.round(moved.y)], [8000 + 40 * 2, Math.round(after.y)]);
  // With Alt the wheel zooms across alone, with Shift too down alone.
  const { x, y } = await centre();
  await page.mouse.move(x, y);
  await page.keyboard.down('Alt');
  await page.mouse.wheel(0, -240);
  await page.keyboard.up('Alt');
  await withHash(/stretch=2(&|$)/);
  assert.equal((await place()).zoom, -1);
  await page.getByLabel('Axes with coordinates').uncheck();
  assert.equal(await hook('ruler-x').isVisible(), false);
  quiet();
});
