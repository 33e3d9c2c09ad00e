// Labels over images: the server's colours, and whatever is done with single labels asks nothing of the server.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import {
  base, centre, hashNow, hook, newPage, onServer, open, page, pageBase, pause, quiet, ready, requests, shot, test, text,
  tiles, WAIT,
} from './harness.mjs';
import { LiveServer } from './live-server.mjs';
import { differing, mapPixels, pixelsOf } from './pixels.mjs';

const skip = { skip: onServer };
/** Not counted: the icon, which the browser asks for when it likes, and the value that the pointer rests upon. */
const asked = (from) => requests.slice(from).filter((url) => !url.endsWith('.svg') && !url.includes('/value?'));
const valueAt = async (x, y) => (await (await fetch(new URL(`images/labels/value?x=${x}&y=${y}`, base))).json()).values[0];
const keep = (name) => shot(`8-${name}`);
const isLabels = (url) => /\/images\/labels\/\d+\/\d+\/\d+\.bin/.test(url);
const settle = () => pause(400);
const hashHas = (part) => page.waitForFunction((wanted) => location.hash.includes(wanted), part, { timeout: 10_000 });

async function openLabels(hash) {
  await open(hash);
  await page.waitForFunction(() => document.querySelector('.map').classList.contains('labelled'), null, WAIT);
  await ready();
  await settle();
}

/** The colours of the server's own tile of zoom 4, whose pixels are those of the image, around the middle of it. */
async function serverColours(x, y, places) {
  const png = Buffer.from(await (await fetch(new URL(`images/labels/4/${x}/${y}.png`, base))).arrayBuffer());
  return pixelsOf(png, places.map(([right, down]) => [128 + right, 128 + down]));
}

function commonest(values) {
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const [[value, count]] = [...counts].toSorted((a, b) => b[1] - a[1]);
  return { value, count };
}

const GRID = Array.from({ length: 400 }, (_, index) => [(index % 20) * 6 - 60, Math.floor(index / 20) * 6 - 60]);

/** A place on the screen that lies in a label, and one in another; at zoom 0 about pixel (896, 1152). */
async function twoLabels() {
  const found = new Map();
  for (const [right, down] of GRID) {
    const around = await Promise.all([[-6, 0], [6, 0], [0, -6], [0, 6], [0, 0]].map(([x, y]) => valueAt(896 + right + x, 1152 + down + y)));
    if (new Set(around).size === 1 && around[0] !== 0 && !found.has(around[0])) found.set(around[0], [right, down]);
    if (found.size === 2) break;
  }
  return [...found].map(([label, [right, down]]) => ({ label: String(label), right, down }));
}

const HERE = '#image=labels&x=896&y=1152&zoom=0';

async function click({ right, down }) {
  const { x, y } = await centre();
  await page.mouse.click(x + right + 0.5, y + down + 0.5);
  await settle();
}

test('labels have the colours of the server, drawn here from what they are', skip, async () => {
  await openLabels(HERE);
  assert.ok(tiles().length > 0 && tiles().every(isLabels), 'no tile is coloured by the server');
  const truth = await serverColours(3, 4, GRID);
  const shown = await mapPixels(...GRID);
  const known = new Set();
  truth.forEach((colour, index) => {
    if (colour.endsWith(',0')) return;
    known.add(colour);
    assert.equal(shown[index], colour, `at ${GRID[index]}`);
  });
  assert.ok(known.size > 2, `${known.size} labels`);
  quiet();
});

test('far out no label is made of two others', skip, async () => {
  await openLabels('#image=labels&x=2048&y=2048&zoom=-3');
  for (const url of tiles()) assert.equal(new URL(url).searchParams.get('resampling'), null);
  await openLabels('#image=contacts&labels=contacts&x=4096&y=4096&zoom=-4');
  const asLabels = tiles().filter((url) => url.includes('/contacts/') && url.includes('resampling=mode'));
  assert.ok(asLabels.length > 0 && tiles().filter((url) => url.includes('/contacts/')).every((url) => url.includes('resampling=mode')));
  assert.equal(await hook('colorbar').isVisible(), false);
  quiet();
});

test('a label is picked, hidden, isolated and shown again without a request', skip, async () => {
  const [one, other] = await twoLabels();
  await openLabels(HERE);
  const at = ({ right, down }) => mapPixels([right, down]).then(([colour]) => colour);
  const [before, beforeOther] = [await at(one), await at(other)];
  const seen = requests.length;
  await click(one);
  assert.deepEqual(await page.getByTestId('labels-id').allTextContents(), [one.label]);
  await hashHas(`selected:${one.label}`);
  await page.keyboard.down('Control');
  await click(other);
  await page.keyboard.up('Control');
  assert.deepEqual(await page.getByTestId('labels-id').allTextContents(), [one.label, other.label]);
  await page.keyboard.down('Control');
  await click(other);
  await page.keyboard.up('Control');
  assert.deepEqual(await page.getByTestId('labels-id').allTextContents(), [one.label]);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.locator('#labels-copy-0').click();
  await hook('labels-said').filter({ hasText: 'Copied' }).waitFor(WAIT);
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), one.label);
  await keep('labels-picked');
  await page.locator('#labels-hide').click();
  await settle();
  assert.notEqual(await at(one), before);
  assert.equal(await at(other), beforeOther);
  await hashHas(`hidden:${one.label}`);
  // What is hidden is not there to be picked.
  await click(one);
  assert.equal(await page.getByTestId('labels-id').count(), 0);
  await click(other);
  await page.locator('#labels-isolate').click();
  await page.locator('#labels-let-go').click();
  await settle();
  await hashHas(`only:${other.label}`);
  assert.equal(await at(other), beforeOther);
  const background = await at(one);
  const colours = new Set(await mapPixels(...GRID));
  assert.ok(colours.has(background) && colours.size <= 2, [...colours].join(' '));
  await page.locator('#labels-all').click();
  await settle();
  assert.deepEqual([await at(one), await at(other)], [before, beforeOther]);
  await page.locator('#labels-shuffle').click();
  await settle();
  assert.notEqual(await at(one), before);
  await hook('labels-seed').fill('0');
  await hook('labels-seed').press('Enter');
  await settle();
  assert.equal(await at(one), before);
  await page.locator('#labels-outline').click();
  await settle();
  assert.equal(await at(one), background);
  await page.locator('#labels-opacity').fill('0.3');
  await hook('map').press('Shift+L');
  await settle();
  assert.deepEqual(asked(seen), []);
  quiet();
});

test('an outline is as wide at any zoom, and lies inside of its label', skip, async () => {
  // Where a label ends along a row.
  const labels = await Promise.all(Array.from({ length: 120 }, (_, index) => valueAt(836 + index, 1152)));
  const edge = 836 + labels.findIndex((label, index) => index > 0 && label !== labels[index - 1]);
  assert.ok(edge > 836);
  for (const zoom of [0, 2, 4]) {
    await openLabels(`#image=labels&x=${edge}&y=1152.5&zoom=${zoom}&labels=,outline`);
    // Along a row, how many pixels of colour follow each other.
    const row = Array.from({ length: 800 }, (_, index) => [index - 400, 0]);
    const shown = await mapPixels(...row);
    const ground = commonest(shown).value;
    const runs = shown.join(' ').split(ground).map((part) => part.trim()).filter((part) => part !== '').map((part) => part.split(' ').length);
    assert.ok(runs.length > 0, `an outline at zoom ${zoom}`);
    // Edges that are met at a slant are longer.
    assert.ok(Math.min(...runs) >= 1 && Math.min(...runs) <= 3, `${runs.join()} at zoom ${zoom}`);
  }
  quiet();
});

test('labels lie over another image, at its scale', skip, async () => {
  // Twice as wide as the cells: half as large over them.
  await openLabels('#image=cells&x=448&y=576&zoom=1&labels=labels,opacity:1');
  const truth = await serverColours(3, 4, GRID);
  const shown = await mapPixels(...GRID);
  let same = 0;
  truth.forEach((colour, index) => {
    if (colour.endsWith(',0')) return;
    assert.equal(shown[index], colour, `at ${GRID[index]}`);
    same += 1;
  });
  assert.ok(same > 100, `${same} places`);
  await keep('labels-over');
  await page.locator('#labels-image').selectOption('');
  await settle();
  const bare = await mapPixels(...GRID);
  // Between labels it is the image that is seen.
  truth.forEach((colour, index) => {
    if (colour.endsWith(',0')) assert.equal(shown[index], bare[index]);
  });
  assert.notDeepEqual(bare, shown);
  assert.equal(hashNow().includes('labels='), false);
  quiet();
});

test('the label under the pointer stands beside the value', skip, async () => {
  await openLabels('#image=cells&x=448&y=576&zoom=1&labels=labels');
  const places = await twoLabels();
  const { x, y } = await centre();
  for (const { label, right, down } of places) {
    await page.mouse.move(x + right, y + down);
    await page.waitForFunction((wanted) => document.querySelector('[data-testid=label]').textContent === `label ${wanted}`, label, WAIT);
    const colour = await hook('label-swatch').evaluate((swatch) => getComputedStyle(swatch).backgroundColor);
    const [truth] = await serverColours(3, 4, [[right, down]]);
    assert.equal(colour.match(/\d+/g).join(), truth.split(',').slice(0, 3).join());
    assert.match(await text('value'), /DAPI/);
  }
  await page.mouse.move(x, 20);
  await page.waitForFunction(() => document.querySelector('[data-testid=label]').textContent === '');
  quiet();
});

test('a link has it all', skip, async () => {
  const [one, other] = await twoLabels();
  const hash = `#image=cells&x=448&y=576&zoom=1&labels=labels,opacity:0.7,outline,seed:5,hidden:${one.label},selected:${other.label}`;
  await openLabels(hash);
  const picture = await hook('map').screenshot();
  await page.keyboard.press('1');
  await page.waitForFunction((old) => location.hash !== old, hash);
  await settle();
  assert.equal(new URLSearchParams(hashNow().slice(1)).get('labels'), new URLSearchParams(hash.slice(1)).get('labels'));
  await openLabels(`${hash}&again=1`);
  // What lies below is of the page.
  assert.equal(await differing(picture, await hook('map').screenshot(), [0, 0, 900, 600]), 0);
  // By hand in the address.
  await page.evaluate((fresh) => { location.hash = fresh; }, hash.replace(',outline', ''));
  await settle();
  assert.equal(await page.locator('#labels-filled').getAttribute('aria-pressed'), 'true');
  quiet();
});

test('by the keyboard alone', skip, async () => {
  const [one, other] = await twoLabels();
  await openLabels(`#image=labels&x=${896 + one.right}&y=${1152 + one.down}&zoom=0`);
  await hook('map').focus();
  await page.keyboard.press('Enter');
  await settle();
  assert.deepEqual(await page.getByTestId('labels-id').allTextContents(), [one.label]);
  await keep('labels-keyboard');
  await page.keyboard.press('Escape');
  await settle();
  assert.equal(await page.getByTestId('labels-id').count(), 0);
  const lit = await mapPixels(...GRID);
  await page.keyboard.press('Shift+L');
  await settle();
  assert.equal(new Set(await mapPixels(...GRID)).size, 1);
  await page.keyboard.press('Shift+L');
  await settle();
  assert.deepEqual(await mapPixels(...GRID), lit);
  await hook('labels-find').fill('what');
  await hook('labels-find').press('Enter');
  assert.equal(await hook('labels-find').getAttribute('aria-invalid'), 'true');
  await hook('labels-find').fill(other.label);
  await hook('labels-find').press('Enter');
  await pause(800);
  assert.deepEqual(await page.getByTestId('labels-id').allTextContents(), [other.label]);
  // It went there: the label is in the middle.
  const fields = new URLSearchParams(hashNow().slice(1));
  assert.ok(Math.hypot(Number(fields.get('x')) - 896 - other.right, Number(fields.get('y')) - 1152 - other.down) < 160, hashNow());
  await hook('labels-find').fill('999999');
  await hook('labels-find').press('Enter');
  await hook('labels-said').filter({ hasText: 'has not been in sight' }).waitFor(WAIT);
  quiet();
});

test('a picture of the view has the labels', skip, async () => {
  await openLabels('#image=cells&x=448&y=576&zoom=1&labels=labels,opacity:1');
  const [download] = await Promise.all([page.waitForEvent('download', WAIT), page.locator('#save-view').click()]);
  const bytes = readFileSync(await download.path());
  const { width, height } = await hook('map').boundingBox();
  assert.deepEqual(await pixelsOf(bytes, GRID.map(([x, y]) => [width / 2 + x, height / 2 + y])), await mapPixels(...GRID));
  quiet();
});

test('labels that change are drawn anew, over another image or alone', skip, async () => {
  const server = await new LiveServer().start();
  try {
    for (const [hash, revision] of [['#image=cells&x=448&y=576&zoom=1&labels=labels', 7], [HERE, 8]]) {
      await page.goto(new URL(hash, new URL(pageBase.search, server.url)).href);
      await page.waitForFunction(() => document.querySelector('.map').classList.contains('labelled'), null, WAIT);
      await ready();
      await pause(800);
      const seen = tiles().length;
      server.send('refresh', { image: 'labels', revision, region: { y: 1150, x: 890, height: 4, width: 4 }, indices: {} });
      await pause(1000);
      await ready();
      const fresh = tiles().slice(seen);
      assert.ok(fresh.length > 0 && fresh.length <= 4 && fresh.every(isLabels), fresh.join());
      for (const url of fresh) assert.equal(new URL(url).searchParams.get('r'), String(revision));
    }
    quiet();
  } finally {
    await page.goto('about:blank');
    await server.stop();
  }
});

test('labels follow pixels that are stretched', skip, async () => {
  await openLabels('#image=cells&x=448&y=576&zoom=0&stretch=2&labels=labels,opacity:1');
  // Two screen pixels across are one of the image, which is two of the labels; one down is two.
  const places = GRID.map(([right, down]) => [right, Math.trunc(down / 2)]);
  const values = await Promise.all(places.slice(0, 60).map(([right, down]) => valueAt(896 + right, 1152 + 2 * down)));
  const shown = await mapPixels(...places.slice(0, 60));
  const byLabel = new Map();
  values.forEach((label, index) => {
    if (label !== 0) byLabel.set(label, [...byLabel.get(label) ?? [], shown[index]]);
  });
  assert.ok(byLabel.size > 0);
  for (const colours of byLabel.values()) assert.ok(commonest(colours).count >= 0.8 * colours.length);
  quiet();
});

test('what the GPU takes away it draws again, or the server does', skip, async () => {
  await openLabels('#image=cells&x=448&y=576&zoom=1&labels=labels,opacity:1');
  const whole = await mapPixels(...GRID);
  const seen = requests.length;
  const lose = (again) => page.evaluate((restores) => {
    const extension = document.querySelector('.map .ol-layers canvas').getContext('webgl').getExtension('WEBGL_lose_context');
    extension.loseContext();
    if (restores) setTimeout(() => extension.restoreContext(), 300);
  }, again);
  await lose(true);
  await pause(2800);
  assert.deepEqual(await mapPixels(...GRID), whole);
  assert.deepEqual(asked(seen), []);
  await lose(false);
  await page.locator('#labels-outline').waitFor({ ...WAIT, state: 'hidden' });
  await pause(1500);
  assert.ok(tiles().some((url) => /\/images\/labels\/.*\.png/.test(url)));
  const truth = await serverColours(3, 4, GRID);
  const places = (await mapPixels(...GRID)).filter((colour, index) => !truth[index].endsWith(',0') && colour === truth[index]);
  assert.ok(places.length > 100, `${places.length} places`);
});

test('without the GPU the server colours them', async () => {
  await page.goto(new URL('?renderer=server#image=cells&labels=labels', base).href);
  await ready();
  await pause(800);
  assert.ok(tiles().some((url) => /\/images\/labels\/.*\.png/.test(url)) && !tiles().some((url) => url.includes('.bin')));
  assert.equal(await page.locator('#labels-outline').isVisible(), false);
  assert.equal(await page.locator('#labels-opacity').isVisible(), true);
  quiet();
});

for (const colorScheme of ['dark', 'light']) {
  for (const width of [1280, 375]) {
    test(`nobody is kept out, ${colorScheme}, ${width} pixels wide`, skip, async () => {
      await newPage({ viewport: { width, height: 800 }, colorScheme });
      await openLabels('#image=cells&x=448&y=576&zoom=1&labels=labels,outline,hidden:3,selected:7:8');
      if (width < 760) await page.getByRole('button', { name: 'Display controls' }).click();
      await page.locator('#labels').scrollIntoViewIfNeeded();
      await page.evaluate(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
      const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
      const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
      await keep(`labels-${colorScheme}-${width}`);
      assert.deepEqual(serious.map(({ id, nodes }) => `${id}: ${nodes[0].html}`), []);
    });
  }
}
