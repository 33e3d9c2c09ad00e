// Where the viewer is at home: under a prefix, under a strict policy, on phones, under fingers.
import assert from 'node:assert/strict';
import http from 'node:http';
import {
  base, centre, hashNow, hook, newPage, open, ours, page, pause, place, quiet, ready, requests, shot, test, text, tiles,
  WAIT,
} from './harness.mjs';

const STRICT = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'";

/** The server behind a proxy that mounts it at `prefix`, under a policy of our own. */
async function mounted(prefix) {
  const proxy = http.createServer((request, response) => {
    if (!request.url.startsWith(prefix)) {
      response.writeHead(404).end('outside of the prefix');
      return;
    }
    const address = new URL(base.pathname + request.url.slice(prefix.length), base);
    const asked = http.get(address, (answer) => {
      response.writeHead(answer.statusCode, { ...answer.headers, 'content-security-policy': STRICT });
      answer.pipe(response);
    }).on('error', () => response.destroy());
    // Events never end of themselves: left open, they keep this process from ending.
    response.on('close', () => asked.destroy());
  });
  await new Promise((resolve) => { proxy.listen(0, '127.0.0.1', resolve); });
  return { proxy, url: `http://127.0.0.1:${proxy.address().port}${prefix}` };
}

test('it works under a prefix, and under a policy without inline styles', async () => {
  const { proxy, url } = await mounted('/a/b/');
  ours.add(new URL(url).origin);
  try {
    await page.goto(url);
    await ready();
    await page.locator('[data-testid=gallery-card][data-id=cells]').click();
    await page.waitForFunction(() => location.hash.includes('zoom='), null, WAIT);
    await ready();
    await page.locator('#channel-only-1').click();
    await page.locator('#colormap-browse').click();
    await page.locator('#colormap-magma').click();
    await page.waitForFunction(() => location.hash.includes('colormap=magma'));
    await ready();
    assert.ok(tiles().length > 0);
    for (const request of requests) assert.ok(request.startsWith(url), request);
    quiet();
  } finally {
    await page.goto('about:blank');
    proxy.closeAllConnections();
    await new Promise((resolve) => { proxy.close(resolve); });
  }
});

test('one finger pans, two zoom', async () => {
  await newPage({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 });
  await open('#image=terrain&x=8192&y=8192&zoom=-3');
  const client = await page.context().newCDPSession(page);
  const touch = (type, ...points) => client.send('Input.dispatchTouchEvent', {
    type, touchPoints: points.map(([x, y], id) => ({ x, y, id })),
  });
  const { x, y } = await centre();
  const start = await place();
  let hash = hashNow();
  await touch('touchStart', [x, y]);
  for (let step = 1; step <= 10; step += 1) await touch('touchMove', [x - 8 * step, y]);
  await pause(300);
  await touch('touchEnd');
  const panned = await place(hash);
  assert.ok(panned.x > start.x + 400, `x went from ${start.x} to ${panned.x}`);
  assert.ok(Math.abs(panned.y - start.y) < 100);

  hash = hashNow();
  await touch('touchStart', [x - 20, y], [x + 20, y]);
  for (let step = 1; step <= 10; step += 1) await touch('touchMove', [x - 20 - 6 * step, y], [x + 20 + 6 * step, y]);
  await pause(300);
  await touch('touchEnd');
  const pinched = await place(hash);
  assert.ok(Math.abs(pinched.zoom - panned.zoom - 2) < 0.4, `zoom went from ${panned.zoom} to ${pinched.zoom}`);
  assert.equal(await text('image-name'), 'terrain');
  await shot('11-phone-pinched');
  quiet();
});

test('whoever wants no motion is told of the zoom and the place as well', async () => {
  await newPage({ reducedMotion: 'reduce' });
  await open('#image=terrain&x=8192&y=8192&zoom=-3');
  const hash = hashNow();
  await page.keyboard.press('+');
  assert.equal((await place(hash)).zoom, -2);
  assert.equal(await text('zoom'), '25%');
  // By hand in the address.
  await page.evaluate(() => { location.hash = location.hash.replace('zoom=-2', 'zoom=1'); });
  await page.waitForFunction(() => document.querySelector('[data-testid=zoom]').textContent === '200%');
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
    await shot(`11-phone-${width}`);
    quiet();
  });
}
