// The page in a frame: with an address, and without any.
import assert from 'node:assert/strict';
import { after, beforeEach } from 'node:test';
import { page, pause, quiet, requests, shot, test, WAIT } from './harness.mjs';
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

/** A page of ours, which hears what the frame says. */
async function host() {
  await page.route(new URL('host', server.url).href, (route) => route.fulfill({
    contentType: 'text/html', body: '<!doctype html><title>host</title><link rel="icon" href="data:,">',
  }));
  await page.goto(new URL('host', server.url).href);
  await page.evaluate(() => {
    window.heard = [];
    addEventListener('message', ({ data }) => window.heard.push(data));
  });
}

const isReady = (frame) => frame.waitForFunction(() => document.documentElement.dataset.state === 'ready', null, WAIT);

test('a page in a small frame says that it runs, and begins without its controls', async () => {
  await host();
  await page.evaluate((source) => {
    const frame = Object.assign(document.createElement('iframe'), { src: source, width: 900, height: 400 });
    document.body.append(frame);
  }, new URL('#image=terrain', server.url).href);
  await page.waitForFunction(() => window.heard.length > 0, null, WAIT);
  assert.deepEqual(await page.evaluate(() => window.heard), [{ projectile: 'ready' }]);
  const frame = page.frames()[1];
  await isReady(frame);
  assert.equal(await frame.evaluate(() => document.documentElement.dataset.panel), 'closed');
  await shot('10-in-a-frame');
  quiet();
});

/** Runs in the host: a frame without an address, and a relay for what it asks through its port. */
async function relayed([base, script, style]) {
  const frame = Object.assign(document.createElement('iframe'), { width: 1000, height: 700 });
  frame.sandbox = 'allow-scripts';
  const { port1, port2 } = new MessageChannel();
  const work = new Map();
  window.asked = [];
  const answer = async ({ id, abort, method, target, type, body }) => {
    if (abort) {
      work.get(id)?.abort();
      return;
    }
    window.asked.push(target);
    const leave = new AbortController();
    work.set(id, leave);
    try {
      const content = type === null ? {} : { headers: { 'Content-Type': type }, body };
      const response = await fetch(new URL(target, base), { method, signal: leave.signal, ...content });
      const head = { id, status: response.status, headers: Object.fromEntries(response.headers) };
      if (!target.startsWith('events')) {
        port1.postMessage({ ...head, body: await response.arrayBuffer(), more: false });
        return;
      }
      port1.postMessage({ ...head, body: null, more: true });
      const reader = response.body.getReader();
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
        port1.postMessage({ id, body: piece.value.slice().buffer, more: true });
      }
      port1.postMessage({ id, body: null, more: false });
    } catch {
      if (!leave.signal.aborted) port1.postMessage({ id, status: 0, headers: {}, body: null, more: false });
    }
  };
  port1.addEventListener('message', ({ data }) => void answer(data));
  port1.start();
  frame.addEventListener('load', () => {
    frame.contentWindow.postMessage({ projectile: 'port' }, '*', [port2]);
  }, { once: true });
  frame.srcdoc = `<!doctype html><html data-transport="port"><head><meta charset="utf-8"><style>${style}</style>
    <script type="module">${script.replaceAll('</script', '<\\/script')}</script></head><body></body></html>`;
  document.body.append(frame);
}

test('a frame without an address asks for everything through a port', async () => {
  const index = await (await fetch(server.url)).text();
  const read = async (pattern) => (await fetch(new URL(pattern.exec(index)[1], server.url))).text();
  const assets = await Promise.all([read(/<script[^>]*src="([^"]+)"/), read(/<link rel="stylesheet"[^>]*href="([^"]+)"/)]);
  await host();
  const seen = requests.length;
  await page.evaluate(relayed, [server.url, ...assets]);
  await page.waitForFunction(() => window.heard.length > 0, null, WAIT);
  const frame = page.frames()[1];
  await isReady(frame);
  // The gallery's pictures come through the port, and its links lead somewhere.
  const picture = '[data-id=cells] img';
  await frame.waitForFunction((name) => document.querySelector(name).naturalWidth > 0, picture, WAIT);
  assert.match(await frame.locator(picture).getAttribute('src'), /^blob:/);
  await frame.locator('[data-id=terrain]').click();
  await frame.waitForFunction(() => document.documentElement.dataset.mode === 'image', null, WAIT);
  await isReady(frame);
  await frame.waitForFunction(() => document.querySelector('.strip').naturalWidth === 256, null, WAIT);
  // The stream of events and what it leads to.
  server.send('set', { image: 'terrain', colormap: 'magma' });
  await frame.waitForFunction(() => document.querySelector('#colormap').value === 'magma', null, WAIT);
  await isReady(frame);
  assert.equal(frame.url(), 'about:srcdoc');
  await frame.getByRole('button', { name: 'Next image' }).click();
  await frame.waitForFunction(() => !document.title.startsWith('terrain'), null, WAIT);
  await isReady(frame);
  await pause(600);
  assert.ok(server.states.some(({ colormap }) => colormap === 'magma'), 'it tells where it is');
  const asked = await page.evaluate(() => window.asked);
  // The GPU takes samples, and colours that are asked for once.
  assert.ok(asked.some((target) => /^images\/terrain\/\d+\/\d+\/\d+\.bin\?/.test(target)));
  assert.ok(asked.includes('colormaps/magma.png'));
  // Whatever went over the network was asked for by the host, for the frame.
  const relayedOnes = new Set(asked.map((target) => new URL(target, server.url).href));
  const others = requests.slice(seen).filter((url) => !relayedOnes.has(url) && !/^(blob|data|about):/.test(url));
  assert.deepEqual(others, []);
  quiet();
});
