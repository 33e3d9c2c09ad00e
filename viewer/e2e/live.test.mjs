// A page and its server keep in step.
import assert from 'node:assert/strict';
import { after, beforeEach } from 'node:test';
import { hashNow, hook, page, pageBase, pause, quiet, ready, shot, test, text, tiles, WAIT } from './harness.mjs';
import { LiveServer } from './live-server.mjs';

let server;
beforeEach(async () => {
  await server?.stop();
  server = await new LiveServer().start();
});
after(async () => {
  await page.goto('about:blank').catch(() => undefined);
  await server.stop();
});

async function open(hash) {
  await page.goto(new URL(hash, new URL(pageBase.search, server.url)).href);
  await ready();
}

/** Until `look` finds something. */
async function until(look, what) {
  for (let turn = 0; turn < 300; turn += 1) {
    const found = look();
    if (found) return found;
    await page.waitForTimeout(50);
  }
  throw new Error(`${what} did not happen`);
}

const revisionOf = (url) => new URL(url).searchParams.get('r');
const nameOf = (url) => /\/(\d+\/\d+\/\d+)\.(?:png|bin)/.exec(url)[1];

test('a refresh asks again for the tiles that it touches, and for no others', async () => {
  await open('#image=terrain&x=8192&y=8192&zoom=-3');
  await pause(500);
  const old = tiles();
  assert.ok(old.length > 8);
  for (const url of old) assert.equal(revisionOf(url), null);
  server.send('refresh', {
    image: 'terrain', revision: 7, region: { y: 8200, x: 8200, height: 10, width: 10 }, indices: {},
  });
  await until(() => tiles().length > old.length, 'a new request');
  await ready();
  await pause(500);
  const fresh = tiles().slice(old.length);
  assert.ok(fresh.length >= 1 && fresh.length <= 4, fresh.join());
  for (const url of fresh) {
    assert.equal(revisionOf(url), '7');
    const [z, x, y] = nameOf(url).split('/').map(Number);
    const side = 2 ** (14 - z);
    assert.deepEqual([x, y], [Math.floor(8200 / side), Math.floor(8200 / side)]);
  }
  // At another place along an axis, or in another image: nobody's business.
  server.send('refresh', { image: 'cells', revision: 8, region: { y: 0, x: 0, height: 9, width: 9 }, indices: {} });
  await pause(500);
  assert.equal(tiles().length, old.length + fresh.length);
  quiet();
});

test('what the server sets is shown, and told back', async () => {
  await open('#image=terrain');
  const first = await until(() => server.states.at(-1), 'a state');
  assert.match(server.clients[0], /^[0-9a-f]{32}$/);
  assert.equal(first.client, server.clients[0]);
  assert.equal(first.image, 'terrain');
  assert.deepEqual(first.center, [8192, 8192]);
  assert.equal(first.resampling, 'average');
  assert.equal(first.window.length, 2);
  const box = await hook('map').boundingBox();
  assert.deepEqual(first.size, [box.width, box.height]);
  server.send('set', {
    image: 'terrain', colormap: 'magma', window: [-0.5, 0.5], center: [4000, 5000], zoom: -1, resampling: 'max',
  });
  const last = await until(() => server.states.find((state) => state.colormap === 'magma' && state.zoom === -1), 'set');
  assert.deepEqual([last.center, last.window, last.resampling], [[4000, 5000], [-0.5, 0.5], 'max']);
  await page.waitForFunction(() => location.hash.includes('colormap=magma'), null, WAIT);
  assert.equal(await hook('colormap').inputValue(), 'magma');
  assert.deepEqual([await text('zoom'), await text('scale-bar')], ['50%', '200 px']);
  await ready();
  await shot('10-set-by-the-server');
  server.send('set', { image: 'terrain', colormap: null, window: null });
  await until(() => server.states.at(-1).colormap === first.colormap, 'the own colormap');
  assert.deepEqual(server.states.at(-1).window, first.window);
  await page.waitForFunction(() => !/colormap|vmin/.test(location.hash), null, WAIT);
  await ready();
  quiet();
});

test('states come at most ten times a second, the last one for certain', async () => {
  await open('#image=terrain&x=8192&y=8192&zoom=-3');
  await until(() => server.states.length, 'a state');
  for (const key of ['ArrowRight', 'ArrowDown', '+', 'ArrowRight', '+', 'ArrowUp', '-']) await page.keyboard.press(key);
  await pause(1500);
  const { states } = server;
  // Over the whole time: two may come close together when the machine is busy.
  const seconds = (states.at(-1).at - states[0].at) / 1000;
  assert.ok(states.length <= 10 * seconds + 2, `${states.length} states in ${seconds} s`);
  const shown = new URLSearchParams(hashNow().slice(1));
  const last = states.at(-1);
  assert.ok(Math.abs(last.center[0] - Number(shown.get('x'))) < 1 && last.zoom === Number(shown.get('zoom')));
});

test('nobody is told where nobody listens', async () => {
  server.hello = { ...server.hello, live: false };
  await open('#image=terrain');
  await pause(600);
  assert.equal(server.states.length, 0);
  quiet();
});

test('what was set before the page came is shown, where the link does not say otherwise', async () => {
  server.hello = { ...server.hello, settings: { terrain: { colormap: 'magma', center: [100, 200], zoom: 1, resampling: 'max' } } };
  await open('#image=terrain&resampling=min');
  const state = await until(() => server.states.find(({ colormap }) => colormap === 'magma'), 'a state');
  assert.deepEqual([state.center, state.zoom, state.resampling], [[100, 200], 1, 'min']);
});

test('a screenshot is the map as it is on the screen', async () => {
  await open('#image=terrain&x=8192&y=8192&zoom=-3');
  await pause(400);
  server.send('screenshot', { client: 'another', request: 'aa' });
  server.send('screenshot', { client: server.clients[0], request: 'bb' });
  const { type, body } = await until(() => server.screenshots.get('bb'), 'a screenshot');
  assert.equal(server.screenshots.has('aa'), false);
  assert.equal(type, 'image/png');
  const { width, height } = await hook('map').boundingBox();
  assert.deepEqual([body.readUInt32BE(16), body.readUInt32BE(20)], [width, height]);
  // The same pixels as the browser's own picture of the map, in the middle where nothing lies over it.
  const own = await hook('map').screenshot();
  const differing = await page.evaluate(async ([a, b]) => {
    const read = async (base64) => {
      const bitmap = await createImageBitmap(new Blob([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))]));
      const canvas = new OffscreenCanvas(200, 200);
      const context = canvas.getContext('2d');
      context.drawImage(bitmap, -300, -200);
      return context.getImageData(0, 0, 200, 200).data;
    };
    const [one, other] = [await read(a), await read(b)];
    return one.filter((value, index) => Math.abs(value - other[index]) > 4).length;
  }, [body.toString('base64'), own.toString('base64')]);
  assert.ok(differing < 200, `${differing} of 160000 samples differ`);
  quiet();
});

test('a screenshot has the box that was drawn, which is told too', async () => {
  await open('#image=terrain&x=8000&y=4000&zoom=4');
  server.send('set', { image: 'terrain', selection: { y: 4000, x: 8000, height: 10, width: 20 } });
  await until(() => server.states.at(-1)?.selection, 'the selection');
  assert.deepEqual(server.states.at(-1).selection, { y: 4000, x: 8000, height: 10, width: 20 });
  assert.equal(await text('selection-size'), '20 × 10');
  server.send('screenshot', { client: server.clients[0], request: 'cc' });
  const { body } = await until(() => server.screenshots.get('cc'), 'a screenshot');
  await shot('10-screenshot', body);
  server.send('set', { image: 'terrain', selection: null });
  await until(() => server.states.at(-1).selection === null, 'no selection');
  server.send('screenshot', { client: server.clients[0], request: 'dd' });
  const other = await until(() => server.screenshots.get('dd'), 'another screenshot');
  assert.notDeepEqual(other.body, body);
  quiet();
});

test('another server is asked for its images again, and shows the same place', async () => {
  await open('#image=terrain&x=5000&y=6000&zoom=-2&colormap=magma');
  const asked = () => server.seen.filter((url) => url === '/images').length;
  assert.equal(asked(), 1);
  server.hangUp();
  await until(() => server.clients.length === 2, 'the stream again');
  await pause(400);
  assert.equal(asked(), 1, 'the same server has the same images');
  server.hello = { ...server.hello, server: 'two' };
  server.describe = (_id, info) => ({ ...info, version: 'new' });
  server.hangUp();
  await until(() => asked() === 2, 'the list');
  await until(() => tiles().some((url) => url.includes('v=new')), 'new tiles');
  await ready();
  const fields = new URLSearchParams(hashNow().slice(1));
  assert.deepEqual(['x', 'y', 'zoom', 'colormap'].map((name) => fields.get(name)), ['5000', '6000', '-2', 'magma']);
});

test('changes that were missed are found out about', async () => {
  let revision = 0;
  server.describe = (_id, info) => ({ ...info, revision });
  await open('#image=terrain');
  revision = 3;
  server.hangUp();
  await until(() => tiles().some((url) => revisionOf(url) === '3'), 'tiles of revision 3');
  await ready();
});

test('levels that were built wake whoever waits for them', async () => {
  let provisional = true;
  server.describe = (_id, info) => ({ ...info, provisional });
  await page.goto(new URL('#image=terrain', server.url).href);
  await page.waitForFunction(
    () => document.querySelector('[data-testid=status]').textContent === 'sharpening…', null, WAIT);
  await pause(6000);
  provisional = false;
  const then = Date.now();
  server.send('levels', { image: 'terrain' });
  await ready();
  assert.ok(Date.now() - then < 1500, 'at once');
});

test('a server that has ended is not asked any more', async () => {
  await open('#image=terrain');
  server.send('closed', {});
  await hook('error').waitFor({ state: 'visible', ...WAIT });
  assert.match(await text('error'), /the server has ended/);
  assert.equal(await text('status'), 'the server has ended');
  await shot('10-ended');
  server.hangUp();
  const seen = server.seen.length;
  await page.keyboard.press('1');
  await pause(2500);
  // The browser asks for the icon when it likes.
  assert.deepEqual(server.seen.slice(seen).filter((url) => !url.endsWith('.svg')), []);
  assert.match(await text('error'), /the server has ended/);
  quiet();
});

test('an image that is far away is told what a view will ask for', async () => {
  server.describe = (_id, info) => ({ ...info, residence: 'remote' });
  // None of the hints is ever answered, and nobody minds.
  await open('#image=cells&x=1024&y=1024&zoom=0&t=1&c=0,1');
  const isTile = (url) => /\.(png|bin)/.test(url) && !url.includes('colormaps');
  // What the page tells of itself, it tells when it likes.
  const before = server.seen.slice(0, server.seen.findIndex(isTile)).filter((url) => !url.startsWith('/live/'));
  assert.match(before.at(-1), /^\/images\/cells\/fetch\?z=\d+&x0=\d+&y0=\d+&x1=\d+&y1=\d+&c=0,1&t=1$/);
  const { searchParams } = new URL(server.hints.at(-1), server.url);
  const [z, x0, y0, x1, y1] = ['z', 'x0', 'y0', 'x1', 'y1'].map((name) => Number(searchParams.get(name)));
  const asked = tiles().map((url) => nameOf(url).split('/').map(Number)).filter(([zoom]) => zoom === z);
  assert.equal(asked.length, (x1 - x0) * (y1 - y0));
  for (const [, x, y] of asked) assert.ok(x >= x0 && x < x1 && y >= y0 && y < y1);
  assert.equal(new Set(server.hints).size, server.hints.length);
  quiet();
});

test('an axis is shown as its author knows it', async () => {
  server.describe = (_id, info) => ({
    ...info,
    dimensions: info.axes.map((name, index) => ({
      name, label: { t: 'time', x: 'east' }[name] ?? name, size: info.shape[index], unit: name === 'c' ? null : 'mm',
      coordinates: name === 'c' ? null : { start: 10, step: 0.5 },
    })),
  });
  await open('#image=cells&x=1024&y=1024&zoom=0&t=1');
  const last = Number(await page.locator('#axis-t').getAttribute('max'));
  assert.equal(await page.locator('output[for=axis-t]').textContent(), `1 / ${last} · 10.5 mm`);
  assert.equal(await page.locator('label[for=axis-t]').textContent(), 'time');
  await page.locator('#axis-t').fill('2');
  assert.equal(await page.locator('output[for=axis-t]').textContent(), `2 / ${last} · 11 mm`);
  await ready();
  await shot('4-axis-with-unit');
  const { x, y, width, height } = await hook('map').boundingBox();
  await page.mouse.move(x + width / 2 + 1, y + height / 2 + 1);
  await page.waitForFunction(() => document.querySelector('[data-testid=coordinates]').textContent !== '');
  const [across, down] = (await text('position')).split(',').map(Number);
  assert.equal(await text('coordinates'), `east ${10 + across / 2} mm, y ${10 + down / 2} mm`);
  assert.match(await page.locator('.facts-list').textContent(), /time \(t\)\d+ · 10 to/);
  quiet();
});
