// Contrast on the GPU: what is shown is what the server would show, and changing it asks nothing of the server.
import assert from 'node:assert/strict';
import {
  base, hook, newPage, onServer, open, page, pause, quiet, ready, requests, shot, test, tiles, WAIT,
} from './harness.mjs';

const isData = (url) => /\/\d+\/\d+\/\d+\.bin/.test(url);

/** A part of the map in the middle of the page as it is on the screen, and the same pixels of the server's own tile. */
async function greatestDifference(id, z, x, y, query) {
  const info = await (await fetch(new URL(`images/${id}`, base))).json();
  const side = 2 ** (info.max_zoom - z);
  assert.equal(side, 256, 'at the native zoom');
  const centre = { x: x * 256 + 128, y: y * 256 + 128 };
  await open(`#image=${id}&x=${centre.x}&y=${centre.y}&zoom=0&${query}`);
  await pause(300);
  assert.ok(tiles().every(isData), 'no tile is coloured by the server');
  const box = await hook('map').boundingBox();
  const [width, height] = [128, 128];
  const clip = { x: box.x + box.width / 2 - 64, y: box.y + box.height / 2 - 64, width, height };
  const picture = await page.screenshot({ clip });
  const tile = Buffer.from(await (await fetch(new URL(`images/${id}/${z}/${x}/${y}.png?${query}`, base))).arrayBuffer());
  return page.evaluate(async ([shown, truth, columns, rows]) => {
    const read = async (base64, left, top) => {
      const bitmap = await createImageBitmap(new Blob([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))]));
      const canvas = new OffscreenCanvas(columns, rows);
      const context = canvas.getContext('2d');
      context.drawImage(bitmap, -left, -top);
      return context.getImageData(0, 0, columns, rows).data;
    };
    const [one, other] = [await read(shown, 0, 0), await read(truth, 64, 64)];
    let most = 0;
    const values = new Set();
    one.forEach((value, index) => {
      most = Math.max(most, Math.abs(value - other[index]));
      values.add(value);
    });
    return { most, variety: values.size };
  }, [picture.toString('base64'), tile.toString('base64'), width, height]);
}

/** Its samples as other samples: the server of the demo has no image of bytes. */
async function asBytes() {
  const rows = Array.from({ length: 256 }, (_, y) => Array.from({ length: 256 }, (__, x) => (x * 7 + y * 13) % 256)).flat();
  await page.route(/\/images\/terrain\/\d+\/\d+\/\d+\.bin/, (route) => route.fulfill({
    headers: { 'x-projectile-dtype': 'uint8', 'x-projectile-shape': '256,256,1' }, body: Buffer.from(rows),
  }));
  return rows;
}

test('float samples look as the server shows them', { skip: onServer }, async () => {
  const { most, variety } = await greatestDifference('terrain', 6, 20, 30, 'vmin=-500&vmax=2000&colormap=viridis');
  assert.ok(variety > 8, `${variety} levels`);
  assert.ok(most <= 1, `${most} levels apart`);
  await shot('1-floats');
  quiet();
});

test('bytes look as the server shows them', { skip: onServer }, async () => {
  const rows = await asBytes();
  await open('#image=terrain&x=5248&y=7808&zoom=0&vmin=10&vmax=200&colormap=viridis');
  await pause(300);
  const box = await hook('map').boundingBox();
  const clip = { x: box.x + box.width / 2 - 64, y: box.y + box.height / 2 - 64, width: 128, height: 128 };
  const shown = await page.screenshot({ clip });
  const strip = Buffer.from(await (await fetch(new URL('colormaps/viridis.png', base))).arrayBuffer());
  const most = await page.evaluate(async ([picture, colours, samples]) => {
    const read = async (base64, width, height) => {
      const bitmap = await createImageBitmap(new Blob([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))]));
      const canvas = new OffscreenCanvas(width, height);
      const context = canvas.getContext('2d');
      context.drawImage(bitmap, 0, 0);
      return context.getImageData(0, 0, width, height).data;
    };
    const [one, lut] = [await read(picture, 128, 128), await read(colours, 256, 1)];
    let worst = 0;
    for (let y = 0; y < 128; y += 1) {
      for (let x = 0; x < 128; x += 1) {
        const value = samples[(y + 64) * 256 + x + 64];
        const entry = Math.max(0, Math.min(255, Math.floor(((value - 10) / 190) * 256)));
        for (let c = 0; c < 3; c += 1) {
          worst = Math.max(worst, Math.abs(one[4 * (128 * y + x) + c] - lut[4 * entry + c]));
        }
      }
    }
    return worst;
  }, [shown.toString('base64'), strip.toString('base64'), rows]);
  assert.ok(most <= 1, `${most} levels apart`);
  quiet();
});

test('a composite looks as the server shows it', { skip: onServer }, async () => {
  const { most, variety } = await greatestDifference('cells', 3, 3, 4, 'c=0,1,2');
  assert.ok(variety > 8, `${variety} levels`);
  assert.ok(most <= 1, `${most} levels apart`);
  await shot('1-composite');
  quiet();
});

test('contrast asks nothing of the server', { skip: onServer }, async () => {
  await open('#image=terrain');
  await pause(600);
  let picture = await hook('map').screenshot();
  const seen = requests.length;
  const changes = [
    async () => { await hook('vmin').fill('0'); await hook('vmin').press('Enter'); },
    async () => { await hook('vmax').fill('900'); await hook('vmax').press('Enter'); },
    async () => { await page.locator('#colormap-reverse').click(); },
  ];
  for (const change of changes) {
    await change();
    await pause(300);
    const next = await hook('map').screenshot();
    assert.notDeepEqual(next, picture);
    picture = next;
  }
  // Not counted: the icon, which the browser asks for when it likes, and the strip for the eye in the panel.
  assert.deepEqual(requests.slice(seen).filter((url) => !/\.svg$|colormaps\/terrain(_r)?\.png/.test(url)), []);
  quiet();
});

test('channels are shown and hidden at once', { skip: onServer }, async () => {
  await open('#image=cells&x=1024&y=1024&zoom=0');
  await pause(500);
  const whole = await hook('map').screenshot();
  const seen = tiles().length;
  const { channels, visible } = await (await fetch(new URL('images/cells', base))).json();
  assert.equal(new URL(tiles().at(-1)).searchParams.get('c'), channels.map((_, index) => index).join(','));
  const hidden = channels.findIndex((_, index) => !visible.includes(index));
  await page.locator('#channel-1').uncheck();
  await pause(300);
  assert.notDeepEqual(await hook('map').screenshot(), whole);
  await page.locator('#channel-1').check();
  await pause(300);
  assert.deepEqual(await hook('map').screenshot(), whole);
  await page.locator(`#channel-${hidden}`).check();
  await pause(300);
  assert.notDeepEqual(await hook('map').screenshot(), whole, 'one that never was shown');
  assert.equal(tiles().length, seen);
  quiet();
});

test('old samples stay until the new ones are there', { skip: onServer }, async () => {
  await open('#image=cells&x=1024&y=1024&zoom=0');
  await pause(500);
  const old = await hook('map').screenshot();
  let release;
  const held = new Promise((resolve) => { release = resolve; });
  await page.route(/\/images\/cells\/\d+\/.*t=1/, async (route) => {
    await held;
    await route.continue();
  });
  await page.locator('#axis-t').fill('1');
  await pause(700);
  assert.deepEqual(await hook('map').screenshot(), old, 'no flash');
  release();
  await ready();
  await pause(400);
  assert.notDeepEqual(await hook('map').screenshot(), old);
  quiet();
});

test('a dense screen shows as many samples as it has pixels', { skip: onServer }, async () => {
  await newPage({ deviceScaleFactor: 2 });
  await open('#image=terrain&x=8192&y=8192&zoom=-3');
  await pause(300);
  const zooms = tiles().map((url) => Number(/\/(\d+)\/\d+\/\d+\.bin/.exec(url)[1]));
  assert.equal(Math.max(...zooms), 4);
  quiet();
});

test('without the GPU the server colours the tiles', async () => {
  await page.addInitScript(() => { HTMLCanvasElement.prototype.getContext = new Proxy(
    HTMLCanvasElement.prototype.getContext,
    { apply: (get, canvas, args) => (String(args[0]).includes('webgl') ? null : Reflect.apply(get, canvas, args)) },
  ); });
  await page.goto(new URL('#image=terrain', base).href);
  await page.waitForFunction(() => document.documentElement.dataset.state === 'ready', null, WAIT);
  assert.ok(tiles().length > 0 && !tiles().some(isData));
  await shot('1-without-the-gpu');
  quiet();
});
