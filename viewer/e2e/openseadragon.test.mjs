// What `projectile export` writes as Deep Zoom, in the viewer that it is written for.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createReadStream, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { onServer, ours, page, pause, quiet, shot, test, WAIT } from './harness.mjs';
import { pixelsOf } from './pixels.mjs';

const [WIDTH, HEIGHT] = [600, 500];
const SCRIPT = fileURLToPath(new URL('../../tests/clients/node_modules/openseadragon/build/openseadragon/openseadragon.min.js', import.meta.url));
const PAGE = `<!doctype html><title>Deep Zoom</title><link rel="icon" href="data:,"><script src="osd.js"></script>
  <body style="margin: 0"><div id="map" data-testid="map"></div>`;
const colour = (x, y) => [Math.floor((x * 255) / WIDTH), Math.floor((y * 255) / HEIGHT), 128];

let folder;
let server;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'deep-zoom-'));
  const pixels = Buffer.alloc(WIDTH * HEIGHT * 3);
  for (let y = 0; y < HEIGHT; y += 1) {
    for (let x = 0; x < WIDTH; x += 1) pixels.set(colour(x, y), (y * WIDTH + x) * 3);
  }
  writeFileSync(join(folder, 'in.ppm'), Buffer.concat([Buffer.from(`P6 ${WIDTH} ${HEIGHT} 255\n`), pixels]));
  assert.ok(process.env.PROJECTILE_BIN, 'PROJECTILE_BIN names the binary: `cargo xtask test e2e` sets it');
  execFileSync(process.env.PROJECTILE_BIN, ['export', join(folder, 'in.ppm'), join(folder, 'out.dzi')]);
  server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    const file = pathname === '/osd.js' ? SCRIPT : join(folder, pathname);
    if (pathname === '/') response.setHeader('content-type', 'text/html').end(PAGE);
    else if (existsSync(file)) createReadStream(file).pipe(response);
    else response.writeHead(404).end();
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  ours.add(`http://127.0.0.1:${server.address().port}`);
});

after(async () => {
  server?.closeAllConnections();
  if (server) await new Promise((resolve) => { server.close(resolve); });
  rmSync(folder, { recursive: true, force: true });
});

for (const scale of [1, 2, 4]) {
  test(`OpenSeadragon shows an export, a pixel for ${scale} × ${scale}`, async () => {
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    await page.evaluate(async ([width, height]) => {
      const element = document.getElementById('map');
      element.style.width = `${width}px`;
      element.style.height = `${height}px`;
      const viewer = OpenSeadragon({
        element, tileSources: 'out.dzi', drawer: 'canvas', showNavigationControl: false, immediateRender: true,
        imageSmoothingEnabled: false, animationTime: 0,
      });
      await new Promise((resolve, reject) => {
        viewer.addHandler('open-failed', (event) => reject(new Error(event.message)));
        viewer.addHandler('tile-load-failed', (event) => reject(new Error(event.message)));
        viewer.addHandler('open', resolve);
      });
      globalThis.shown = viewer;
    }, [WIDTH / scale, HEIGHT / scale]);
    await page.waitForFunction(() => globalThis.shown.world.getItemAt(0)?.getFullyLoaded(), null, WAIT);
    await pause(200);
    const size = await page.evaluate(() => {
      const { x, y } = globalThis.shown.world.getItemAt(0).getContentSize();
      return [x, y];
    });
    assert.deepEqual(size, [WIDTH, HEIGHT]);
    const png = await page.getByTestId('map').screenshot();
    if (scale === 1 && !onServer) await shot('12-export-in-openseadragon', png);
    const places = [];
    for (let y = 10; y < HEIGHT / scale; y += 37) {
      for (let x = 10; x < WIDTH / scale; x += 41) places.push([x, y]);
    }
    const found = await pixelsOf(png, places);
    for (const [at, [x, y]] of places.entries()) {
      const wanted = colour((x + 0.5) * scale, (y + 0.5) * scale);
      const pixel = found[at].split(',').map(Number);
      wanted.forEach((value, channel) => {
        assert.ok(Math.abs(pixel[channel] - value) <= 3, `${x}, ${y}: ${pixel} and not ${wanted}`);
      });
    }
    quiet();
  });
}
