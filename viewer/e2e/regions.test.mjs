// Regions, points and lines: drawn by hand and by the keyboard, measured, kept in the link and in files.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import {
  base, centre, hashNow, hook, newPage, open, page, pageBase, pause, place, quiet, ready, shot, test, text,
} from './harness.mjs';
import { LiveServer } from './live-server.mjs';

const PLACE = '#image=terrain&x=8000&y=4000&zoom=0';
const regions = () => new URLSearchParams(hashNow().slice(1)).get('regions');
const has = (value) => page.waitForFunction(
  (expected) => new URLSearchParams(location.hash.slice(1)).get('regions') === expected, value, { timeout: 10_000 });

async function drag(from, to) {
  await page.mouse.move(...from);
  await page.mouse.down();
  await page.mouse.move((from[0] + to[0]) / 2, (from[1] + to[1]) / 2);
  await page.mouse.move(...to);
  await page.mouse.up();
}

/** Samples of full resolution, straight from the file that the server makes of a tile. */
async function tileOf(id, z, x, y) {
  const bytes = Buffer.from(await (await fetch(new URL(`images/${id}/${z}/${x}/${y}.npy`, base))).arrayBuffer());
  const from = 10 + bytes.readUInt16LE(8);
  const header = bytes.subarray(10, from).toString('latin1');
  assert.match(header, /'descr': '<f4'/);
  const [, height, width] = /'shape': \((\d+), (\d+)/.exec(header).map(Number);
  return { height, width, at: (column, row) => bytes.readFloatLE(from + 4 * (row * width + column)) };
}

/** As the page writes numbers: six digits. */
const six = (value) => String(Number.isInteger(value) ? value : Number(value.toPrecision(6)));

function statisticsOf(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const std = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  // The server's median is a sample that is there: of two in the middle the one with the even rank.
  const middle = (sorted.length - 1) / 2;
  const median = sorted[Number.isInteger(middle) || Math.floor(middle) % 2 === 0 ? Math.floor(middle) : Math.ceil(middle)];
  return { count: values.length, mean, std, least: sorted[0], median, greatest: sorted.at(-1) };
}

async function shownStatistics() {
  await page.waitForSelector('[data-testid=region-detail][aria-busy=false] [data-testid=region-statistics]');
  return page.locator('[data-statistic]').evaluateAll(
    (cells) => Object.fromEntries(cells.map((cell) => [cell.dataset.statistic, cell.textContent])));
}

function assertStatistics(shown, values) {
  for (const [name, value] of Object.entries(statisticsOf(values))) {
    const far = Math.abs(Number(shown[name]) - value);
    assert.ok(far <= 2e-5 * Math.max(1, Math.abs(value)), `${name}: ${shown[name]} instead of ${six(value)}`);
  }
}

test('a rectangle is drawn on whole pixels, and its statistics are those of its pixels', async () => {
  // Tile (31, 15) of 256 pixels begins at 7936, 3840.
  const tile = await tileOf('terrain', 6, 31, 15);
  await open('#image=terrain&x=8000&y=3900&zoom=2');
  const { x, y } = await centre();
  await page.locator('#tool-rectangle').click();
  await drag([x + 1, y + 1], [x + 4 * 20 - 1, y + 4 * 11 - 1]);
  await has('r1:8000,3900,8020,3911');
  assert.equal(await page.locator('#tool-rectangle').getAttribute('aria-pressed'), 'false', 'one and done');
  const values = [];
  for (let row = 3900; row < 3911; row += 1) for (let column = 8000; column < 8020; column += 1) values.push(tile.at(column - 7936, row - 3840));
  assertStatistics(await shownStatistics(), values);
  assert.equal(await hook('region-slice').inputValue(), 'array[3900:3911, 8000:8020]');
  // A corner is dragged, and then the whole; the numbers follow.
  await drag([x + 80, y + 44], [x + 41, y + 23]);
  await has('r1:8000,3900,8010,3906');
  await drag([x + 20, y + 12], [x + 20 - 40, y + 12 + 8]);
  await has('r1:7990,3902,8000,3908');
  await page.waitForFunction(() => document.querySelector('.region-summary').textContent.includes('60\u00a0pixels'));
  const moved = [];
  for (let row = 3902; row < 3908; row += 1) for (let column = 7990; column < 8000; column += 1) moved.push(tile.at(column - 7936, row - 3840));
  assertStatistics(await shownStatistics(), moved);
  await shot('5-rectangle');
  assert.equal((await place()).x, 8000, 'the image stays');
  quiet();
});

test('a polygon has the pixels whose middles are in it', async () => {
  const tile = await tileOf('terrain', 6, 31, 15);
  await open('#image=terrain&x=8000&y=3900&zoom=2');
  const { x, y } = await centre();
  await page.keyboard.press('p');
  for (const [right, down] of [[0, 0], [120, 0], [0, 80]]) await page.mouse.click(x + right, y + down, { delay: 20 });
  await pause(400);
  await page.locator('#region-finish').click();
  await has('p1:8000,3900,8030,3900,8000,3920');
  const values = [];
  for (let row = 0; row < 20; row += 1) {
    for (let column = 0; column < 30; column += 1) {
      if ((column + 0.5) / 30 + (row + 0.5) / 20 < 1) values.push(tile.at(8000 + column - 7936, 3900 + row - 3840));
    }
  }
  assertStatistics(await shownStatistics(), values);
  await shot('5-polygon');
  quiet();
});

test('points say their value, and lines their length and profile', async () => {
  const tile = await tileOf('terrain', 6, 31, 15);
  await open('#image=terrain&x=8000&y=3900&zoom=2');
  const { x, y } = await centre();
  await page.keyboard.press('o');
  await page.mouse.click(x + 2, y + 2);
  await has('o1:8000,3900');
  await page.mouse.click(x + 42, y + 2);
  await has('o1:8000,3900~o2:8010,3900');
  await page.keyboard.press('Escape');
  const value = tile.at(8010 - 7936, 3900 - 3840);
  await page.waitForFunction(
    (expected) => Math.fround(Number(document.querySelectorAll('.region-summary')[1]?.textContent.split(' · ')[1])) === expected, value);
  await page.keyboard.press('m');
  await drag([x, y + 60], [x + 120, y + 220]);
  await has('o1:8000,3900~o2:8010,3900~l1:8000,3915,8030,3955');
  await page.waitForSelector('[data-testid=profile]');
  assert.match(await page.locator('#region-2').textContent(), /^50 px/);
  const { channels: [{ values }] } = await (await fetch(new URL('images/terrain/profile?line=8000,3915,8030,3955', base))).json();
  assert.equal(values[0], tile.at(8000 - 7936, 3915 - 3840));
  const label = await hook('profile').getAttribute('aria-label');
  assert.equal(label, `Profile, 50 pixels long, from ${six(Math.min(...values))} to ${six(Math.max(...values))}`);
  const box = await hook('profile').boundingBox();
  await page.mouse.move(box.x + 1, box.y + 20);
  assert.ok((await text('profile-readout')).endsWith(six(values[0])), await text('profile-readout'));
  await shot('5-ruler');
  quiet();
});

test('a link has the regions, and they are undone and redone', async () => {
  const link = 'r1:7900,3900,8000,3960~l1:7900,4000,8100.5,4040~o:8050,3950:ff00aa:My_point~p1:8060,3980,8150,3990,8100,4050';
  await open(`${PLACE}&regions=${link}`);
  assert.deepEqual(await page.locator('.region-name').evaluateAll((all) => all.map((input) => input.value)), ['Rectangle 1', 'Line 1', 'My point', 'Polygon 1']);
  await shot('5-regions');
  await page.locator('#region-name-0').fill('Crater: a, b');
  await page.keyboard.press('Enter');
  const renamed = link.replace('r1:7900,3900,8000,3960', 'r:7900,3900,8000,3960:ff6b6b:Crater%3A_a%2C_b');
  await has(renamed);
  await page.locator('#region-delete-1').click();
  const fewer = renamed.replace(/~l1:[^~]*/, '');
  await has(fewer);
  await page.locator('#regions-undo').click();
  await has(renamed);
  await page.keyboard.press('Control+z');
  await has(link);
  await page.keyboard.press('Control+Shift+z');
  await has(renamed);
  await page.locator('#regions-redo').click();
  await has(fewer);
  await page.reload();
  await ready();
  assert.equal(regions(), fewer);
  assert.equal(await page.locator('.region-name').first().inputValue(), 'Crater: a, b');
  // Another hand in the address, and what is nonsense in it.
  await page.evaluate(() => { location.hash = '#image=terrain&x=8000&y=4000&zoom=0&regions=o1:5,6~r9:1,2~o2:99999,1'; });
  await has('o1:5,6');
  assert.equal(await page.locator('.region-name').count(), 1);
  quiet();
});

test('GeoJSON comes back as it was', async () => {
  const link = 'r1:7900,3900,8000,3960~l1:7900,4000,8100.5,4040~o:8050,3950:ff00aa:My_point~p1:8060,3980,8150,3990,8100,4050';
  await open(`${PLACE}&regions=${link}`);
  const [download] = await Promise.all([page.waitForEvent('download'), page.locator('#regions-export').click()]);
  assert.equal(download.suggestedFilename(), 'terrain.geojson');
  const json = JSON.parse(await readFile(await download.path(), 'utf8'));
  assert.deepEqual(json.features[1].geometry, { type: 'LineString', coordinates: [[7900, 4000], [8100.5, 4040]] });
  assert.deepEqual(json.features[2].geometry.coordinates, [8050.5, 3950.5]);
  assert.equal(json.features[2].properties.name, 'My point');
  await open(PLACE.replace('8000', '8001'));
  await page.evaluate((hash) => { location.hash = hash; }, PLACE);
  while (await page.locator('#region-delete-0').count() > 0) await page.locator('#region-delete-0').click();
  await has(null);
  await hook('regions-file').setInputFiles({ name: 'a.geojson', mimeType: 'application/geo+json', buffer: Buffer.from(JSON.stringify(json)) });
  await has(link);
  await hook('regions-file').setInputFiles({ name: 'a.geojson', mimeType: 'application/geo+json', buffer: Buffer.from('{"no": 1}') });
  await page.waitForFunction(() => /no GeoJSON/.test(document.querySelector('[data-testid=regions-hint]').textContent));
  assert.equal(regions(), link, 'and nothing is lost');
  quiet();
});

test('the keyboard does it all', async () => {
  await open('#image=terrain&x=8000&y=3900&zoom=2');
  const start = await place();
  await page.locator('[data-testid=map]').focus();
  await page.keyboard.press('r');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => location.hash.includes('regions=r1'));
  const [x0, y0, x1, y1] = regions().slice(3).split(',').map(Number);
  assert.equal(await page.evaluate(() => document.activeElement.dataset.testid), 'mark-handle');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Shift+ArrowLeft');
  await has(`r1:${x0 + 1},${y0 + 1},${x1},${y1 + 1}`);
  // Round to the upper left corner.
  await page.keyboard.press('Space');
  await page.keyboard.press('Space');
  await page.keyboard.press('Shift+ArrowUp');
  await has(`r1:${x0 + 1},${y0},${x1},${y1 + 1}`);
  assert.match(await hook('mark-handle').getAttribute('aria-label'), new RegExp(`^Rectangle 1, at ${x0 + 1}, ${y0}; `));
  await page.keyboard.press('p');
  await hook('map').focus();
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => location.hash.includes('~p1:'));
  const three = regions().split('p1:')[1].split(',').length;
  await page.keyboard.press('Enter');
  await page.waitForFunction((count) => location.hash.split('p1:')[1].split(',').length === count, three + 2);
  await page.keyboard.press('Delete');
  await has(`r1:${x0 + 1},${y0},${x1},${y1 + 1}`);
  assert.equal(await page.evaluate(() => document.activeElement.dataset.testid), 'map');
  await page.keyboard.press('Control+z');
  await page.waitForFunction(() => location.hash.includes('~p1:'));
  assert.equal((await place()).x, start.x, 'the image stays');
  // The list: corners are typed, go to is pressed.
  await page.keyboard.press('e');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'tool-rectangle');
  await page.locator('#region-0').focus();
  await page.keyboard.press('Enter');
  await page.locator('#region-points-0').fill('100,200 140,220');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => location.hash.includes('r1:100,200,140,220'));
  await page.locator('#region-go-0').focus();
  const before = hashNow();
  await page.keyboard.press('Enter');
  const { x, y } = await place(before);
  assert.deepEqual([x, y], [120, 210]);
  assert.equal(await page.evaluate(() => document.activeElement.dataset.testid), 'mark-handle');
  await page.keyboard.press('Escape');
  assert.equal(await hook('mark-handle').isVisible(), false);
  quiet();
});

test('a finger draws and moves', async () => {
  await newPage({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 });
  await open(PLACE);
  const client = await page.context().newCDPSession(page);
  const touch = (type, ...points) => client.send('Input.dispatchTouchEvent', { type, touchPoints: points.map(([x, y], id) => ({ x, y, id })) });
  const stroke = async (from, to) => {
    await touch('touchStart', from);
    for (let step = 1; step <= 5; step += 1) await touch('touchMove', from.map((at, axis) => at + (to[axis] - at) * step / 5));
    await touch('touchEnd');
  };
  await page.locator('#open-regions').tap();
  await page.locator('#tool-rectangle').tap();
  await pause(300);
  const { x, y } = await centre();
  await stroke([x - 60.5, y - 40.5], [x + 39.5, y + 29.5]);
  await page.waitForFunction(() => location.hash.includes('regions=r1:'));
  const drawn = regions();
  const [x0, y0, x1, y1] = drawn.slice(3).split(',').map(Number);
  assert.deepEqual([x1 - x0, y1 - y0], [101, 71]);
  await stroke([x, y], [x - 30, y + 10]);
  await has(`r1:${x0 - 30},${y0 + 10},${x1 - 30},${y1 + 10}`);
  await page.locator('#regions-undo').tap();
  await has(drawn);
  await page.locator('#tool-polygon').tap();
  for (const at of [[x - 100, y - 100], [x - 20, y - 110], [x - 60, y - 60]]) {
    await page.touchscreen.tap(...at);
    await pause(350);
  }
  await page.locator('#region-finish').tap();
  await page.waitForFunction(() => location.hash.includes('~p1:'));
  assert.equal(regions().split('p1:')[1].split(',').length, 6);
  await shot('5-phone');
  quiet();
});

test('other channels and other times are measured anew, late answers come to nothing', async () => {
  await open('#image=cells&x=1024&y=1024&zoom=0&c=1&regions=r1:1000,1000,1016,1016');
  await page.locator('#region-0').click();
  const wanted = async (query) => {
    const { channels } = await (await fetch(new URL(`images/cells/statistics?x0=1000&y0=1000&x1=1016&y1=1016&${query}`, base))).json();
    return channels.map(({ mean }) => six(mean));
  };
  const shown = () => page.locator('[data-statistic=mean]').allTextContents();
  await shownStatistics();
  assert.deepEqual(await shown(), await wanted('c=1'));
  // The answer for the first slice comes last.
  let slow = 0;
  await page.route(/\/statistics\?.*z=1/, async (route) => {
    slow += 1;
    await new Promise((resolve) => { setTimeout(resolve, 1500); });
    await route.continue().catch(() => undefined);
  });
  await page.evaluate(() => { location.hash = location.hash.replace('&c=1', '&c=0,2&z=1'); });
  await pause(400);
  await page.evaluate(() => { location.hash = location.hash.replace('z=1', 'z=3'); });
  const expected = await wanted('c=0,2&z=3');
  await page.waitForFunction((means) => [...document.querySelectorAll('[data-statistic=mean]')].map((cell) => cell.textContent).join() === means.join(), expected, { timeout: 10_000 });
  await pause(1800);
  assert.ok(slow > 0);
  assert.deepEqual(await shown(), expected);
  assert.equal(await hook('region-slice').inputValue(), 'array[0, [0, 2], 3, 1000:1016, 1000:1016]');
  quiet();
});

test('a polygon of more corners than an address has room for is measured too', async () => {
  const tile = await tileOf('terrain', 6, 31, 15);
  const [left, top, right, bottom] = [7940, 3850, 8140, 4000];
  const corners = [];
  for (let x = left; x < right; x += 1) corners.push(x, top);
  for (let y = top; y < bottom; y += 1) corners.push(right, y);
  for (let x = right; x > left; x -= 1) corners.push(x, bottom);
  for (let y = bottom; y > top; y -= 1) corners.push(left, y);
  const asked = page.waitForRequest((request) => request.method() === 'POST' && request.url().endsWith('/images/terrain/statistics'));
  await open(`${PLACE}&regions=p1:${corners.join(',')}`);
  await asked;
  await page.locator('#region-0').click();
  const values = [];
  for (let row = top; row < bottom; row += 1) for (let column = left; column < right; column += 1) values.push(tile.at(column - 7936, row - 3840));
  assertStatistics(await shownStatistics(), values);
  assert.equal(values.length, 30_000);
  quiet();
});

test('what the server refuses to measure is said where the numbers would be', async () => {
  await page.route(/\/statistics\?/, (route) => route.fulfill({ status: 400, contentType: 'application/problem+json', body: '{"detail": "not today"}' }));
  await open(`${PLACE}&regions=r1:7900,3900,8000,3960`);
  await page.waitForFunction(() => document.querySelector('.region-summary')?.textContent.includes('not today'));
  assert.equal(await hook('error').isVisible(), false);
});

test('there is a scale bar', async () => {
  await open(PLACE);
  assert.equal(await text('scale-bar'), '100 px');
  assert.equal((await page.locator('.scale-bar-line').boundingBox()).width, 100);
  await page.keyboard.press('-');
  await page.waitForFunction(() => document.querySelector('[data-testid=scale-bar]').textContent === '200 px');
  quiet();
});

test('a screenshot has regions, scale and numbers; a refresh is measured anew', async () => {
  const server = await new LiveServer().start();
  try {
    await page.goto(new URL('#image=terrain&x=8000&y=4000&zoom=6&regions=r:7998,3998,8002,4002:00ff00:Green', new URL(pageBase.search, server.url)).href);
    await ready();
    await page.waitForFunction(() => !document.querySelector('[data-testid=pixel-numbers]').hidden);
    await pause(500);
    server.send('screenshot', { client: server.clients[0], request: 'ee' });
    for (let turn = 0; turn < 100 && !server.screenshots.has('ee'); turn += 1) await page.waitForTimeout(50);
    const { body } = server.screenshots.get('ee');
    await shot('5-in-a-screenshot', body);
    const { width, height } = await hook('map').boundingBox();
    const scale = await page.locator('.scale-bar-line').boundingBox();
    const map = await hook('map').boundingBox();
    // The edge of the rectangle, the middle of the scale bar; and white letters in a pixel away from both.
    const seen = await page.evaluate(async ([png, x, y, barX, barY]) => {
      const bitmap = await createImageBitmap(new Blob([Uint8Array.from(atob(png), (c) => c.charCodeAt(0))]));
      const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d', { willReadFrequently: true });
      context.drawImage(bitmap, 0, 0);
      const colour = (left, top) => Array.from(context.getImageData(left, top, 1, 1).data).slice(0, 3);
      const letters = context.getImageData(x + 192, y, 64, 64).data;
      let white = 0;
      for (let index = 0; index < letters.length; index += 4) if (Math.min(letters[index], letters[index + 1], letters[index + 2]) > 160) white += 1;
      return { edge: colour(x - 128, y + 16), bar: colour(barX, barY), white };
    }, [body.toString('base64'), width / 2, height / 2, scale.x - map.x + scale.width / 2, scale.y - map.y + 1]);
    assert.deepEqual(seen.edge, [0, 255, 0]);
    assert.deepEqual(seen.bar, [255, 255, 255]);
    assert.ok(seen.white > 20, `${seen.white} white pixels`);
    const asked = () => server.seen.filter((url) => url.includes('/statistics?')).length;
    assert.equal(asked(), 1);
    server.send('refresh', { image: 'terrain', revision: 7, region: { y: 3990, x: 7990, height: 20, width: 20 }, indices: {} });
    await pause(1000);
    assert.equal(asked(), 2);
    quiet();
  } finally {
    await page.goto('about:blank');
    await server.stop();
  }
});
