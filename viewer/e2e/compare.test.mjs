// Images compared: side by side, swiped, blinking, one over the other, and as a difference.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import {
  base, centre, hashNow, hook, newPage, onServer, open, openOnServer, page, pageBase, pause, place, quiet, ready,
  requests, shot, test, text, tiles, told, WAIT,
} from './harness.mjs';
import { LiveServer } from './live-server.mjs';
import { differing, pixelsOf } from './pixels.mjs';

const A = '#image=cells&x=1024&y=1024&zoom=0&c=1';
const B = `${A}&t=3`;
const compared = (mode, more = '') => `${A}&compare=${mode}&b.image=cells&b.c=1&b.t=3${more}`;
const fields = () => new URLSearchParams(hashNow().slice(1));

/** The map, once what is drawn has been painted. */
async function picture() {
  await pause(400);
  return page.screenshot({ clip: await hook('map').boundingBox() });
}

async function pictureOf(hash, opening = open) {
  await opening(hash);
  return picture();
}

/** A part of the map without anything upon it: from one share of the width to another, in the upper half. */
async function part(from, to) {
  const { width, height } = await hook('map').boundingBox();
  const left = Math.round(from * width) + 24;
  return [left, 60, Math.round(to * width) - 24 - left, Math.round(height / 2) - 100];
}

const samePart = async (one, other, from, to) => assert.equal(await differing(one, other, await part(from, to)), 0);
const otherPart = async (one, other, from, to) => assert.ok(await differing(one, other, await part(from, to)) > 100);

for (const [name, opening, skip] of [['samples', open, onServer], ['pictures', openOnServer, false]]) {
  test(`A is left of the border, B right of it: ${name}`, { skip }, async () => {
    const [a, b] = [await pictureOf(A, opening), await pictureOf(B, opening)];
    await otherPart(a, b, 0, 0.5);
    const both = await pictureOf(compared('swipe'), opening);
    await samePart(both, a, 0, 0.5);
    await samePart(both, b, 0.5, 0.9);
    const [left, right] = await page.locator('.chip').evaluateAll((chips) => chips.map((chip) => chip.getBoundingClientRect().left));
    assert.ok(left < 100 && right > 600, 'each name is on its own side');
    await page.locator('#compare-share').fill('0.3');
    const moved = await picture();
    await samePart(moved, a, 0, 0.3);
    await samePart(moved, b, 0.3, 0.9);
    assert.equal(fields().get('compare.share'), '0.3');
    quiet();
  });
}

test('the border is moved by keys and by hand', async () => {
  const [a, b] = [await pictureOf(A), await pictureOf(B)];
  await open(compared('swipe'));
  const handle = page.getByRole('slider', { name: 'Border between A and B' });
  await handle.focus();
  const before = await place();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('PageUp');
  assert.equal(await handle.getAttribute('aria-valuenow'), '61');
  await page.keyboard.press('Home');
  assert.equal(await handle.getAttribute('aria-valuenow'), '0');
  await samePart(await picture(), b, 0, 0.9);
  await page.keyboard.press('End');
  await samePart(await picture(), a, 0, 0.9);
  const { x: left, width } = await hook('map').boundingBox();
  const { x, y, width: wide, height } = await handle.boundingBox();
  await page.mouse.move(x + wide / 2 - 4, y + height / 3);
  await page.mouse.down();
  await page.mouse.move(left + width * 0.25, y + height / 3, { steps: 4 });
  await page.mouse.up();
  assert.equal(await handle.getAttribute('aria-valuenow'), '25');
  await pause(400);
  const now = await place();
  assert.deepEqual([now.x, now.y, now.zoom], [before.x, before.y, before.zoom], 'the map stays');
  assert.ok(Math.abs(Number(now.fields.get('compare.share')) - 0.25) < 0.01);
  quiet();
});

test('B lies over A, more or less opaque', async () => {
  const [a, b] = [await pictureOf(A), await pictureOf(B)];
  const half = await pictureOf(compared('overlay'));
  const [left, top, width, height] = await part(0, 0.9);
  const places = Array.from({ length: 200 }, (_, index) => [left + (index * 37) % width, top + (index * 53) % height]);
  const [one, other, mixed] = await Promise.all([a, b, half].map((png) => pixelsOf(png, places)));
  const numbers = (pixel) => pixel.split(',').map(Number);
  mixed.forEach((pixel, index) => numbers(pixel).forEach((value, at) => {
    const mean = (numbers(one[index])[at] + numbers(other[index])[at]) / 2;
    assert.ok(Math.abs(value - mean) <= 2, `${pixel} of ${one[index]} and ${other[index]}`);
  }));
  await page.locator('#compare-share').fill('1');
  await samePart(await picture(), b, 0, 0.9);
  await page.locator('#compare-share').fill('0');
  await samePart(await picture(), a, 0, 0.9);
  quiet();
});

test('images blink by hand, and only when all is there', async () => {
  const [a, b] = [await pictureOf(A), await pictureOf(B)];
  await open(compared('blink'));
  await samePart(await picture(), a, 0, 0.9);
  await page.keyboard.press('k');
  await samePart(await picture(), b, 0, 0.9);
  assert.match(await page.locator('.chip.front').textContent(), /^Bcells · t 3/);
  await page.keyboard.press('k');
  await samePart(await picture(), a, 0, 0.9);
  let release;
  const held = new Promise((resolve) => { release = resolve; });
  await page.route(/\/images\/cells\/\d+\/.*t=2/, async (route) => {
    await held;
    await route.continue();
  });
  await page.locator('#compare-pick-1').click();
  await page.locator('#axis-t').fill('2');
  await page.keyboard.press('Escape');
  await hook('map').focus();
  await page.keyboard.press('k');
  await pause(600);
  await samePart(await picture(), a, 0, 0.9);
  release();
  await page.locator('.chip.front', { hasText: 't 2' }).waitFor(WAIT);
  await otherPart(await picture(), a, 0, 0.9);
  quiet();
});

test('images blink by themselves, but not for who wants little motion', async () => {
  const seen = async () => {
    const fronts = new Set();
    for (let look = 0; look < 12; look += 1) {
      fronts.add(await page.locator('.chip.front .compare-letter').textContent());
      await pause(150);
    }
    return [...fronts].sort().join('');
  };
  await open(compared('blink', '&compare.rate=4&c.image=terrain'));
  assert.equal(await seen(), 'ABC');
  await page.locator('#compare-run').click();
  assert.equal((await seen()).length, 1);
  await newPage({ reducedMotion: 'reduce' });
  await open(compared('blink', '&compare.rate=4'));
  assert.equal(await seen(), 'A');
  await page.locator('#compare-run').click();
  assert.equal(await seen(), 'AB');
});

/** Samples of a tile, and what they are of. */
async function samplesOf(path) {
  const answer = await fetch(new URL(path, base));
  const types = { uint16: Uint16Array, float32: Float32Array, int32: Int32Array };
  const [height, width] = answer.headers.get('x-projectile-shape').split(',').map(Number);
  return { width, height, values: new types[answer.headers.get('x-projectile-dtype')](await answer.arrayBuffer()) };
}

/** The colours of a strip, as `r,g,b`. */
async function coloursOf(colormap) {
  const strip = Buffer.from(await (await fetch(new URL(`colormaps/${colormap}.png`, base))).arrayBuffer());
  return (await pixelsOf(strip, Array.from({ length: 256 }, (_, index) => [index, 0]))).map((pixel) => pixel.split(',').slice(0, 3).map(Number));
}

/** How far the colours of a part of the map are from those of differences, where (0, 0) of both is the middle of the map. */
async function worst(differenceAt, limit, colours) {
  const { width, height } = await hook('map').boundingBox();
  const offsets = Array.from({ length: 400 }, (_, index) => [(index * 7) % 100 - 50, (index * 13) % 100 - 50]);
  const pixels = await pixelsOf(await picture(), offsets.map(([x, y]) => [Math.floor(width / 2) + x, Math.floor(height / 2) + y]));
  let most = 0;
  const variety = new Set();
  pixels.forEach((pixel, index) => {
    const difference = differenceAt(...offsets[index]);
    const entry = Math.max(0, Math.min(255, Math.floor((difference + limit) / (2 * limit) * 256)));
    variety.add(entry);
    // Where a sum lies on the edge of two colours, either will do.
    const near = [entry - 1, entry, entry + 1].map((each) => colours[Math.max(0, Math.min(255, each))]);
    const apart = (colour) => Math.max(...pixel.split(',').slice(0, 3).map((value, at) => Math.abs(Number(value) - colour[at])));
    most = Math.max(most, Math.min(...near.map(apart)));
  });
  return { most, variety: variety.size };
}

test('the difference is that of the samples', { skip: onServer }, async () => {
  await newPage({ viewport: { width: 1281, height: 801 } });
  const info = await (await fetch(new URL('images/cells', base))).json();
  const z = info.native_zoom;
  await open(`#image=cells&x=896&y=1152&zoom=0&c=1&compare=difference&compare.limit=400&b.image=cells&b.c=1&b.t=3`);
  const [a, b] = await Promise.all(['t=0', 't=3'].map((t) => samplesOf(`images/cells/${z}/3/4.bin?c=1&${t}`)));
  const box = await hook('map').boundingBox();
  // The middle of the map is a corner of pixels where the map has an even number of them.
  const [dx, dy] = [box.width % 2 / 2, box.height % 2 / 2];
  const at = (x, y) => 256 * Math.floor(128 + y + dy) + Math.floor(128 + x + dx);
  const colours = await coloursOf('RdBu_r');
  const { most, variety } = await worst((x, y) => a.values[at(x, y)] - b.values[at(x, y)], 400, colours);
  assert.ok(variety > 16, `${variety} colours`);
  assert.ok(most <= 1, `${most} levels apart`);
  const seen = requests.length;
  await hook('compare-limit').fill('100');
  await hook('compare-limit').press('Enter');
  assert.ok((await worst((x, y) => a.values[at(x, y)] - b.values[at(x, y)], 100, colours)).most <= 1);
  assert.equal(fields().get('compare.limit'), '100');
  await page.locator('#compare-colormap').selectOption('coolwarm');
  assert.ok((await worst((x, y) => a.values[at(x, y)] - b.values[at(x, y)], 100, await coloursOf('coolwarm'))).most <= 1);
  assert.deepEqual(requests.slice(seen).filter((url) => /\/images\//.test(url)), []);
  quiet();
});

test('images of different sizes are compared pixel by pixel, reduced alike', { skip: onServer }, async () => {
  const [terrain, contacts] = await Promise.all(['terrain', 'contacts'].map(async (id) => (await fetch(new URL(`images/${id}`, base))).json()));
  const z = terrain.native_zoom - 3;
  await open(`#image=terrain&x=3072&y=3072&zoom=-3&compare=difference&compare.limit=1500&b.image=contacts`);
  const a = await samplesOf(`images/terrain/${z}/1/1.bin`);
  const b = await samplesOf(`images/contacts/${z + contacts.max_zoom - terrain.max_zoom}/1/1.bin`);
  const box = await hook('map').boundingBox();
  assert.deepEqual([box.width % 2, box.height % 2], [0, 0]);
  const at = (x, y) => 256 * (128 + y) + 128 + x;
  const { most, variety } = await worst((x, y) => a.values[at(x, y)] - b.values[at(x, y)], 1500, await coloursOf('RdBu_r'));
  assert.ok(variety > 16, `${variety} colours`);
  assert.ok(most <= 1, `${most} levels apart`);
  // Where only one of them has pixels there is no difference.
  await open('#image=terrain&x=12000&y=12000&zoom=-3&compare=difference&compare.limit=1500&b.image=contacts');
  const ground = (await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).match(/\d+/g).join();
  const outside = await pixelsOf(await picture(), [[box.width / 2, box.height / 2]]);
  assert.deepEqual(outside, [`${ground},255`]);
  assert.deepEqual(tiles(), tiles().filter((url) => !/contacts\/\d+\/\d+\/\d+\.bin/.test(url) || !/contacts\/5\/[4-9]/.test(url)));
  quiet();
});

test('the colours of a difference fit what is seen, and the bar below says which is which', { skip: onServer }, async () => {
  await open(compared('difference'));
  const limit = Number(await hook('compare-limit').inputValue());
  assert.ok(limit > 100 && limit < 5000, String(limit));
  assert.equal(fields().get('compare.limit'), null);
  await hook('colorbar').getByText('A − B').waitFor(WAIT);
  assert.ok((await text('colorbar')).includes('0'));
  await page.locator('#compare-limit-slider').fill('0.5');
  assert.ok(Math.abs(Number(fields().get('compare.limit') ?? await hook('compare-limit').inputValue()) / (limit * 10 ** 0.5) - 1) < 0.02);
  await page.locator('#compare-auto').click();
  assert.equal(Number(await hook('compare-limit').inputValue()), limit);
  quiet();
});

test('without the GPU a difference is refused in words', async () => {
  await openOnServer(compared('difference'));
  assert.match(await text('compare-problem'), /WebGL/);
  await page.locator('#compare-swipe').click();
  await ready();
  assert.equal(await hook('compare-problem').count(), 0);
  await page.getByRole('slider', { name: 'Border between A and B' }).waitFor(WAIT);
  quiet();
});

test('the values of all are told, and their difference', async () => {
  await open(compared('difference').replace('zoom=0', 'zoom=4'));
  const middle = await centre();
  await page.mouse.move(middle.x + 3, middle.y + 5);
  const [x, y] = (await text('position')).split(', ').map(Number);
  const [a, b] = await Promise.all([0, 3].map(async (t) => (await (await fetch(new URL(`images/cells/value?x=${x}&y=${y}&t=${t}`, base))).json()).values[1]));
  await hook('value').filter({ hasText: `A ${a} · B ${b} · A − B ${a - b}` }).waitFor(WAIT);
  await page.locator('#compare-swipe').click();
  await page.mouse.move(middle.x + 80, middle.y + 5);
  await hook('value').filter({ hasText: /A DAPI \d+.* · B DAPI \d+/ }).waitFor(WAIT);
  quiet();
});

test('images side by side move together', async () => {
  await open(`${A}&compare=side&b.image=cells&b.c=1`);
  const pane = hook('pane-b');
  const same = async () => {
    const [one, other] = [await hook('map').boundingBox(), await pane.boundingBox()];
    assert.deepEqual([Math.round(one.width), Math.round(one.height)], [Math.round(other.width), Math.round(other.height)]);
    await pause(400);
    const shots = [await page.screenshot({ clip: one }), await page.screenshot({ clip: { ...other, width: one.width, height: one.height } })];
    // One is a fraction of a pixel further right than the other.
    return differing(shots[0], shots[1], [30, 60, Math.round(one.width) - 110, 300], 24);
  };
  const most = 0.02 * 4 * 300 * 350;
  assert.ok(await same() < most, `${await same()} samples`);
  const before = await place();
  const { x, y, width, height } = await pane.boundingBox();
  await page.mouse.move(x + width / 3, y + height / 3);
  await page.mouse.down();
  await page.mouse.move(x + width / 3 + 60, y + height / 3 + 40, { steps: 6 });
  await pause(200);
  await page.mouse.up();
  await ready();
  await pause(700);
  const after = await place();
  assert.ok(Math.abs(before.x - after.x - 60) < 15 && Math.abs(before.y - after.y - 40) < 15, `${after.x}, ${after.y}`);
  assert.ok(await same() < most);
  await page.mouse.wheel(0, -300);
  await pause(700);
  await ready();
  assert.ok((await place()).zoom > 0.2);
  assert.ok(await same() < most);
  quiet();
});

test('each pane has its own contrast, unless all have one', { skip: onServer }, async () => {
  await open(`${A}&compare=side&b.image=cells&b.c=1&b.t=1&c.image=terrain`);
  assert.equal(await page.locator('.pane').count(), 2);
  const a = await picture();
  const pane = (name) => hook(name).screenshot();
  await pause(300);
  const [b, c] = [await pane('pane-b'), await pane('pane-c')];
  await hook('pane-b').click({ position: { x: 200, y: 200 } });
  assert.equal(await page.locator('#compare-pick-1').getAttribute('aria-pressed'), 'true');
  const seen = requests.length;
  await hook('vmax').fill('500');
  await hook('vmax').press('Enter');
  await pause(500);
  assert.notDeepEqual(await pane('pane-b'), b);
  assert.ok(await differing(await picture(), a, await part(0, 0.8)) === 0, 'A is as it was');
  assert.equal(await differing(await pane('pane-c'), c, [20, 60, 300, 200]), 0, 'C is as it was');
  assert.deepEqual(requests.slice(seen).filter((url) => /\/images\/\w+\/\d+\//.test(url)), [], 'nothing is asked for');
  assert.deepEqual([fields().get('vmax'), fields().get('b.vmax'), fields().get('c.vmax'), fields().get('compare.active')], [null, '500', null, 'b']);
  await page.locator('#compare-linked').check();
  await pause(500);
  assert.deepEqual(['vmax', 'b.vmax', 'c.vmax'].map((name) => fields().get(name)), ['500', '500', '500']);
  await hook('map').focus();
  await page.keyboard.press('n');
  assert.equal(await page.locator('#compare-pick-2').getAttribute('aria-pressed'), 'true');
  await hook('vmin').fill('40');
  await hook('vmin').press('Enter');
  await pause(500);
  assert.deepEqual(['vmin', 'b.vmin', 'c.vmin'].map((name) => fields().get(name)), ['40', '40', '40']);
  quiet();
});

test('contrast of B asks nothing of the server while it lies over A', { skip: onServer }, async () => {
  await open(compared('swipe', '&compare.active=b'));
  await pause(600);
  const before = await picture();
  const seen = requests.length;
  await hook('vmax').fill('300');
  await hook('vmax').press('Enter');
  const after = await picture();
  await samePart(after, before, 0, 0.5);
  await otherPart(after, before, 0.5, 0.9);
  assert.deepEqual(requests.slice(seen).filter((url) => /\/images\//.test(url)), []);
  quiet();
});

test('a comparison is made, changed and closed in the panel, and is in the link', async () => {
  await open('#image=terrain&x=4000&y=4000&zoom=-2');
  await page.keyboard.press('v');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'compare-with');
  await page.locator('#compare-with').selectOption('contacts');
  await ready();
  await pause(400);
  assert.deepEqual([fields().get('compare'), fields().get('b.image')], ['swipe', 'contacts']);
  await page.locator('#compare-swipe').blur();
  await hook('map').focus();
  await page.keyboard.press('v');
  await pause(400);
  assert.equal(fields().get('compare'), 'blink');
  await page.locator('#compare-with').selectOption('terrain');
  await page.locator('#compare-side').click();
  await ready();
  assert.equal(await page.locator('.pane').count(), 2);
  assert.equal(await page.locator('#compare-pick-2').getAttribute('aria-pressed'), 'true');
  await page.locator('#colormap').selectOption('magma');
  await pause(500);
  const hash = hashNow();
  assert.equal(fields().get('c.colormap'), 'magma');
  const seen = await page.screenshot();
  await page.reload();
  await ready();
  await pause(900);
  assert.equal(hashNow(), hash);
  const again = await page.screenshot();
  assert.ok(await differing(again, seen, [0, 50, 1000, 700]) < 200, `${await differing(again, seen, [0, 50, 1000, 700])}`);
  await page.locator('#compare-remove-2').click();
  await page.locator('#compare-swap').click();
  await page.waitForFunction(() => location.hash.startsWith('#image=contacts'), null, WAIT);
  await ready();
  await pause(400);
  assert.deepEqual([fields().get('b.image'), fields().get('x'), fields().get('zoom')], ['terrain', '4000', '-2']);
  await page.locator('#compare-close').click();
  await pause(400);
  assert.equal(fields().get('compare'), null);
  assert.equal(await page.locator('.pane, .chip').count(), 0);
  await ready();
  quiet();
});

test('what is done to a comparison is undone, step by step', { skip: onServer }, async () => {
  await open(A);
  const changed = (name, value) => page.waitForFunction(
    ([field, wanted]) => new URLSearchParams(location.hash.slice(1)).get(field) === wanted, [name, value], WAIT);
  const undo = async (name, value) => {
    await page.keyboard.press('Control+z');
    await changed(name, value);
  };
  await page.keyboard.press('v');
  await page.locator('#compare-with').selectOption('cells');
  await changed('compare', 'side');
  await page.locator('#compare-swipe').click();
  await changed('compare', 'swipe');
  // Another gesture than the click, which is what a person's would be.
  await page.keyboard.press('Shift');
  await page.locator('#colormap').selectOption('magma');
  await changed('b.colormap', 'magma');
  await page.locator('#compare-pick-0').click();
  await page.locator('#colormap').selectOption('plasma');
  await changed('colormap', 'plasma');
  await hook('map').focus();
  await undo('colormap', null);
  assert.equal(fields().get('b.colormap'), 'magma');
  await Promise.all([told('Undone: comparison'), undo('b.colormap', null)]);
  assert.equal(fields().get('compare.active'), null, 'what the panel is of stays');
  await undo('compare', 'side');
  await page.locator('.pane').waitFor(WAIT);
  await undo('compare', null);
  await page.locator('.pane').waitFor({ state: 'detached', ...WAIT });
  assert.equal(await page.locator('.pane, .chip').count(), 0);
  for (const [name, value] of [['compare', 'side'], ['compare', 'swipe'], ['b.colormap', 'magma'], ['colormap', 'plasma']]) {
    await page.keyboard.press('Control+Shift+z');
    await changed(name, value);
  }
  assert.equal(await page.locator('#redo').isDisabled(), true);
  await ready();
  quiet();
});

test('another image without its description is a problem, and no more', async () => {
  await page.goto(new URL('#image=terrain&compare=swipe&b.image=nowhere', pageBase).href);
  await hook('error').filter({ hasText: 'nowhere' }).waitFor(WAIT);
  await page.locator('#compare-close').click();
  await page.getByRole('button', { name: 'Dismiss' }).click();
  await ready();
});

test('what changes in B is shown', async () => {
  const live = await new LiveServer().start();
  try {
    await page.goto(new URL(`${onServer ? '?renderer=server' : ''}${compared('overlay')}`, live.url).href);
    await ready();
    await pause(500);
    const seen = requests.length;
    live.send('refresh', { image: 'cells', revision: 1, region: { y: 900, x: 900, height: 20, width: 20 }, indices: { t: [3, 4] } });
    await pause(1200);
    await ready();
    const asked = requests.slice(seen).filter((url) => /\/cells\/\d+\/\d+\/\d+\./.test(url)).map((url) => new URL(url));
    assert.ok(asked.length > 0);
    assert.deepEqual(asked.map(({ searchParams }) => [searchParams.get('t'), searchParams.get('r')]), asked.map(() => ['3', '1']));
  } finally {
    await live.stop();
  }
});

test('what is saved is what is seen', async () => {
  for (const mode of ['swipe', 'overlay', ...(onServer ? [] : ['difference']), 'side']) {
    await open(compared(mode));
    await pause(400);
    const stage = await page.locator('.stage').boundingBox();
    const seen = await page.screenshot({ clip: stage });
    const [download] = await Promise.all([page.waitForEvent('download', WAIT), page.locator('#save-view').click()]);
    const saved = readFileSync(await download.path());
    assert.deepEqual([saved.readUInt32BE(16), saved.readUInt32BE(20)], [Math.round(stage.width), Math.round(stage.height)], mode);
    const wide = Math.round(stage.width);
    for (const frame of [[20, 60, wide / 2 - 60, 240], [wide / 2 + 20, 60, wide / 2 - 120, 240]]) {
      assert.ok(await differing(saved, seen, frame, 6) < 50, `${mode}: ${await differing(saved, seen, frame, 6)} samples`);
    }
  }
});

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

for (const [colorScheme, width] of [['dark', 1280], ['light', 360]]) {
  test(`nobody is kept out of a comparison: ${colorScheme}, ${width} pixels wide`, async () => {
    await newPage({ viewport: { width, height: 800 }, colorScheme });
    for (const mode of ['side', 'swipe', 'blink', 'overlay', 'difference']) {
      await open(compared(mode, '&c.image=terrain'));
      if (width < 760 && mode === 'side') await page.getByRole('button', { name: 'Display controls' }).click();
      await pause(300);
      await shot(`6-${mode}-${colorScheme}-${width}`);
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
      const bad = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
      assert.deepEqual(bad.map(({ id, nodes }) => `${mode}: ${id}: ${nodes[0].html} ${nodes[0].any[0]?.message}`), []);
    }
  });
}
