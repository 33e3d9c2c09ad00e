// The viewer in a real browser against a running server: PROJECTILE_URL is one started with `projectile demo`.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { chromium } from 'playwright-core';

const base = new URL(process.env.PROJECTILE_URL ?? 'http://127.0.0.1:8000/');
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const args = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];
const WAIT = { timeout: 60_000 };

let browser;
let page;
let requests;
let complaints;

before(async () => {
  browser = await chromium.launch({ executablePath, args });
});
after(() => browser?.close());

beforeEach(async () => {
  page = await browser.newPage({ viewport: { width: 1280, height: 800 }, colorScheme: 'dark' });
  requests = [];
  complaints = [];
  page.on('request', (request) => requests.push(request.url()));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
});

afterEach(async () => {
  const strangers = requests.filter((url) => new URL(url).origin !== base.origin);
  await page.close();
  assert.deepEqual(strangers, [], 'requests that left the origin');
});

const hook = (name) => page.getByTestId(name);
const text = async (name) => (await hook(name).textContent()).trim();

async function ready() {
  await page.waitForFunction(() => document.documentElement.dataset.state === 'ready', null, WAIT);
}

async function open(hash = '') {
  await page.goto(new URL(hash, base).href);
  await ready();
}

/** Where the view is, from the address. */
async function place(changedFrom) {
  if (changedFrom !== undefined) {
    await page.waitForFunction((old) => location.hash !== old, changedFrom, { timeout: 10_000 });
    await page.waitForTimeout(700);
  }
  const fields = new URLSearchParams(new URL(page.url()).hash.slice(1));
  return { x: Number(fields.get('x')), y: Number(fields.get('y')), zoom: Number(fields.get('zoom')), fields };
}

const hashNow = () => new URL(page.url()).hash;
const tiles = () => requests.filter((url) => /\/images\/[^/]+\/\d+\/\d+\/\d+\.png/.test(url));

async function centre() {
  const box = await hook('map').boundingBox();
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

const quiet = () => assert.deepEqual(complaints, [], 'console errors');

test('the gallery shows every image and leads to one', async () => {
  await open();
  await hook('gallery').waitFor(WAIT);
  const cards = hook('gallery-card');
  assert.equal(await cards.count(), 5);
  for (const image of await cards.locator('img').all()) {
    await image.evaluate((element) => element.decode());
  }
  const ids = await cards.evaluateAll((all) => all.map((card) => card.dataset.id));
  assert.deepEqual(ids.sort(), ['cells', 'contacts', 'labels', 'mandelbrot', 'terrain']);
  await page.locator('[data-testid=gallery-card][data-id=terrain]').click();
  await page.waitForFunction(() => location.hash.includes('zoom='), null, WAIT);
  await ready();
  assert.equal(await text('image-name'), 'terrain');
  assert.equal(await text('dimensions'), '16384 × 16384');
  assert.equal(await hook('gallery').isVisible(), false);
  assert.equal(await text('status'), 'ready');
  await page.goBack();
  await hook('gallery').waitFor({ state: 'visible' });
  quiet();
});

test('dragging pans; the wheel and the keyboard zoom', async () => {
  await open('#image=terrain&x=8192&y=8192&zoom=-3');
  const middle = await centre();
  const start = await place();
  let hash = hashNow();
  await page.mouse.move(middle.x, middle.y);
  await page.mouse.down();
  // A drag is one from its third pixel on.
  await page.mouse.move(middle.x - 2, middle.y - 2);
  await page.mouse.move(middle.x - 60, middle.y - 40, { steps: 4 });
  await page.mouse.move(middle.x - 120, middle.y - 80, { steps: 4 });
  await page.waitForTimeout(300);
  await page.mouse.up();
  const panned = await place(hash);
  // 120 and 80 screen pixels of 8 image pixels each.
  assert.ok(Math.abs(panned.x - start.x - 960) < 40, `x went from ${start.x} to ${panned.x}`);
  assert.ok(Math.abs(panned.y - start.y - 640) < 40, `y went from ${start.y} to ${panned.y}`);

  hash = hashNow();
  await page.mouse.wheel(0, -400);
  const wheeled = await place(hash);
  assert.ok(wheeled.zoom > panned.zoom, 'the wheel zooms in');

  hash = hashNow();
  await page.keyboard.press('+');
  await page.keyboard.press('+');
  const closer = await place(hash);
  assert.ok(Math.abs(closer.zoom - wheeled.zoom - 2) < 0.01, 'two presses are four times as large');

  hash = hashNow();
  await page.keyboard.press('ArrowRight');
  const right = await place(hash);
  assert.ok(right.x > closer.x && right.y === closer.y, 'the right arrow pans right');

  await page.keyboard.press('1');
  await page.waitForFunction(() => document.querySelector('[data-testid=zoom]').textContent === '100%');
  await page.keyboard.press('0');
  await page.waitForFunction(() => /^\d\.\d+%$/.test(document.querySelector('[data-testid=zoom]').textContent));
  await ready();
  for (let press = 0; press < 14; press += 1) await page.keyboard.press('+');
  await page.waitForFunction(() => document.querySelector('[data-testid=zoom]').textContent === '6400%');
  quiet();
});

test('a colormap changes the tiles and what is on the screen', async () => {
  await open('#image=terrain');
  const map = hook('map');
  const old = await map.screenshot();
  const seen = requests.length;
  await hook('colormap').selectOption('magma');
  await page.waitForFunction(() => location.hash.includes('colormap=magma'));
  await ready();
  const fresh = requests.slice(seen).filter((url) => tiles().includes(url));
  assert.ok(fresh.length > 0, 'new tiles are asked for');
  for (const url of fresh) assert.equal(new URL(url).searchParams.get('colormap'), 'magma');
  await page.waitForTimeout(400);
  assert.notDeepEqual(await map.screenshot(), old);
  if (process.env.SCREENSHOT) {
    await hook('colormap').selectOption('viridis');
    await page.waitForTimeout(500);
    await ready();
    await page.screenshot({ path: process.env.SCREENSHOT });
  }
  quiet();
});

test('a window reaches the tiles; nonsense does not', async () => {
  await open('#image=terrain');
  await hook('vmin').fill('-0.25');
  await hook('vmin').press('Enter');
  await page.waitForFunction(() => location.hash.includes('vmin=-0.25'));
  await ready();
  assert.equal(new URL(tiles().at(-1)).searchParams.get('vmin'), '-0.25');
  await hook('vmax').fill('much');
  await hook('vmax').press('Enter');
  assert.equal(await hook('vmax').getAttribute('aria-invalid'), 'true');
  await page.getByRole('button', { name: "The image's own window" }).click();
  await page.waitForFunction(() => !location.hash.includes('vmin'));
  quiet();
});

test('the value under the pointer is the sample there', async () => {
  await open('#image=terrain&x=8000.5&y=4000.5&zoom=4');
  const middle = await centre();
  await page.mouse.move(middle.x + 3, middle.y + 3);
  await page.waitForFunction(() => document.querySelector('[data-testid=value]').textContent !== '', null, WAIT);
  const [x, y] = (await text('position')).split(',').map(Number);
  assert.deepEqual([x, y], [8000, 4000]);
  const truth = await (await fetch(new URL(`images/terrain/value?x=${x}&y=${y}`, base))).json();
  assert.equal(Math.fround(Number(await text('value'))), Math.fround(truth.values[0]));
  // Beyond the image there is none.
  await page.keyboard.press('0');
  await page.waitForTimeout(600);
  const box = await hook('map').boundingBox();
  await page.mouse.move(box.x + 4, box.y + 4);
  await page.waitForFunction(() => document.querySelector('[data-testid=value]').textContent === '');
  assert.equal(await text('position'), '');
  quiet();
});

test('a link keeps its place, and never asks beyond the native zoom', async () => {
  await open('#image=terrain&x=5000.25&y=12000.5&zoom=3.25&resampling=max');
  await page.reload();
  await ready();
  const { x, y, zoom, fields } = await place();
  assert.ok(Math.abs(x - 5000.25) < 0.1 && Math.abs(y - 12000.5) < 0.1, `${x}, ${y}`);
  assert.equal(zoom, 3.25);
  assert.equal(fields.get('resampling'), 'max');
  const { native_zoom } = await (await fetch(new URL('images/terrain', base))).json();
  const zooms = tiles().map((url) => Number(/\/(\d+)\/\d+\/\d+\.png/.exec(url)[1]));
  assert.equal(Math.max(...zooms), native_zoom);
  quiet();
});

test('the far corner of the greatest image is in reach', async () => {
  const { width, height } = await (await fetch(new URL('images/mandelbrot', base))).json();
  await open(`#image=mandelbrot&x=${width - 2.5}&y=${height - 1.5}&zoom=6`);
  const middle = await centre();
  await page.mouse.move(middle.x, middle.y);
  await page.waitForFunction(() => document.querySelector('[data-testid=value]').textContent !== '', null, WAIT);
  assert.equal(await text('position'), `${width - 3}, ${height - 2}`);
  quiet();
});

test('channels and axes of a stack', async () => {
  await open('#image=cells');
  assert.equal(await hook('colormap').count(), 0);
  for (const box of (await page.locator('.channels input').all()).slice(1)) await box.uncheck();
  await page.waitForFunction(() => /[#&]c=0(&|$)/.test(location.hash));
  assert.equal(await hook('colormap').count(), 1);
  await page.locator('#axis-t').fill('1');
  await page.waitForFunction(() => /[#&]t=1(&|$)/.test(location.hash));
  await ready();
  const { searchParams } = new URL(tiles().at(-1));
  assert.equal(searchParams.get('c'), '0');
  assert.equal(searchParams.get('t'), '1');
  quiet();
});

test('the keyboard steps through the images and opens the help', async () => {
  await open('#image=terrain');
  await page.keyboard.press(']');
  await page.waitForFunction(() => !location.hash.includes('image=terrain'), null, WAIT);
  await ready();
  await page.keyboard.press('[');
  await page.waitForFunction(() => location.hash.includes('image=terrain'), null, WAIT);
  await ready();
  await page.keyboard.press('c');
  assert.equal(await page.evaluate(() => document.activeElement.dataset.testid), 'colormap');
  await hook('map').focus();
  await page.keyboard.press('?');
  assert.equal(await page.locator('dialog').isVisible(), true);
  await page.keyboard.press('Escape');
  const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
  const first = await theme();
  await page.keyboard.press('d');
  assert.notEqual(await theme(), first);
  await page.keyboard.press('g');
  await hook('gallery').waitFor({ state: 'visible' });
  quiet();
});

test("a problem is told in the server's words", async () => {
  await page.goto(new URL('#image=nowhere', base).href);
  await hook('error').waitFor({ state: 'visible', ...WAIT });
  assert.match(await text('error'), /nowhere/);
  assert.equal(await page.evaluate(() => document.documentElement.dataset.state), 'error');
});

test('a lost connection is told, and found again', async () => {
  await open('#image=terrain&x=8192&y=8192&zoom=-3');
  const pattern = /\/images\/terrain\/\d+\//;
  await page.route(pattern, (route) => route.abort('connectionrefused'));
  await page.keyboard.press('1');
  await hook('error').waitFor({ state: 'visible', ...WAIT });
  assert.match(await text('error'), /connection lost, retrying/);
  await page.unroute(pattern);
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
  await page.route(/\/images\/terrain$/, async (route) => {
    const response = await route.fetch();
    const info = await response.json();
    asked += 1;
    await route.fulfill({ response, json: { ...info, provisional: asked < 3 } });
  });
  await page.goto(new URL('#image=terrain', base).href);
  await page.waitForFunction(
    () => document.querySelector('[data-testid=status]').textContent === 'sharpening…', null, WAIT);
  const seen = tiles().length;
  await ready();
  assert.equal(asked, 3);
  assert.ok(tiles().length > seen, 'the tiles are asked for again');
  await page.waitForTimeout(1500);
  assert.equal(asked, 3, 'and then no more');
  quiet();
});

for (const width of [320, 360]) {
  test(`a phone ${width} pixels wide has nothing beside the screen`, async () => {
    await page.setViewportSize({ width, height: 640 });
    const beside = () => page.evaluate(() => {
      const all = [...document.querySelectorAll('body *')].filter((element) => !element.closest('.map, .ellipsis'));
      const out = all.filter((element) => {
        const box = element.getBoundingClientRect();
        return box.width > 0 && (box.right > innerWidth + 1 || box.left < -1);
      });
      return [document.documentElement.scrollWidth - innerWidth, out.map((element) => element.className)];
    });
    await open();
    assert.deepEqual(await beside(), [0, []]);
    await open('#image=terrain');
    assert.deepEqual(await beside(), [0, []]);
    await page.getByRole('button', { name: 'Display controls' }).click();
    await hook('colormap').waitFor({ state: 'visible' });
    assert.deepEqual(await beside(), [0, []]);
    quiet();
  });
}
