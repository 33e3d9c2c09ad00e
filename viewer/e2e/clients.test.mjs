// Other people's viewers on pages of another site, by the snippets of docs/protocols.md.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createReadStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { onServer, ours, page, pause, quiet, shot, test, WAIT } from './harness.mjs';
import { pixelsOf } from './pixels.mjs';

const [WIDTH, HEIGHT] = [600, 500];
/** Half of the world in metres, and metres a pixel at the zoom at which the image is as it is. */
const HALF_WORLD = 20037508.342789244;
const METRES = (2 * HALF_WORLD) / 1024;
const colour = (x, y) => [Math.floor((x * 255) / WIDTH), Math.floor((y * 255) / HEIGHT), 128];
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const SCRIPTS = {
  'openseadragon.js': here('../../tests/clients/node_modules/openseadragon/build/openseadragon/openseadragon.min.js'),
  'leaflet.js': here('../../tests/clients/node_modules/leaflet/dist/leaflet.js'),
  'leaflet.css': here('../../tests/clients/node_modules/leaflet/dist/leaflet.css'),
  'ol.js': here('../node_modules/ol/dist/ol.js'),
  'ol.css': here('../node_modules/ol/ol.css'),
  'maplibre.js': here('../../tests/clients/node_modules/maplibre-gl/dist/maplibre-gl.js'),
  'maplibre.css': here('../../tests/clients/node_modules/maplibre-gl/dist/maplibre-gl.css'),
  'mirador.js': here('../../tests/clients/node_modules/mirador/dist/mirador.min.js'),
};
/** What is imported by name, out of one file of modules. */
const MODULES = { viv: ['@deck.gl/core', '@hms-dbmi/viv'] };
const BUTTONS = here('../../tests/clients/node_modules/openseadragon/build/openseadragon/images');
const TYPES = { js: 'text/javascript', css: 'text/css' };

/** A page that a client is pasted into. */
const html = (client) => {
  const head = [];
  if (`${client}.css` in SCRIPTS) head.push(`<link rel="stylesheet" href="${client}.css">`);
  if (`${client}.js` in SCRIPTS) head.push(`<script src="${client}.js"></script>`);
  if (client in MODULES) {
    const imports = Object.fromEntries(MODULES[client].map((name) => [name, `./modules/${client}.js`]));
    head.push(`<script type="importmap">${JSON.stringify({ imports })}</script>`);
  }
  return `<!doctype html><meta charset="utf-8"><title>${client}</title><link rel="icon" href="data:,">${head.join('')}
    <body style="margin: 0"><div id="map" data-testid="map" style="position: relative; width: ${WIDTH}px; height: ${HEIGHT}px"></div>`;
};

/** A file with all that it imports, as one. */
async function bundled(name) {
  const { output } = await build({
    configFile: false,
    logLevel: 'error',
    build: { write: false, minify: false, rolldownOptions: { input: here(name), preserveEntrySignatures: 'strict', output: { codeSplitting: false } } },
  });
  return output[0].code;
}

/** The code blocks of a section of the document. */
const snippets = (section) => {
  const text = readFileSync(here('../../docs/protocols.md'), 'utf8');
  const part = text.split(`\n### ${section}\n`)[1]?.split('\n### ')[0] ?? '';
  return [...part.matchAll(/```js\n([\s\S]*?)```/g)].map(([, code]) => code);
};

let folder;
let site;
let server;
let address;
let viv;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'clients-'));
  const pixels = Buffer.alloc(WIDTH * HEIGHT * 3);
  for (let y = 0; y < HEIGHT; y += 1) {
    for (let x = 0; x < WIDTH; x += 1) pixels.set(colour(x, y), (y * WIDTH + x) * 3);
  }
  writeFileSync(join(folder, 'photo.ppm'), Buffer.concat([Buffer.from(`P6 ${WIDTH} ${HEIGHT} 255\n`), pixels]));
  writeFileSync(join(folder, 'gray.pgm'), Buffer.concat([Buffer.from('P5 300 200 255\n'), Buffer.alloc(300 * 200, 90)]));
  viv = await bundled('../../tests/clients/viv.mjs');
  site = http.createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://localhost');
    const name = pathname.split('/').at(-1);
    const file = pathname.startsWith('/images/') ? join(BUTTONS, name) : SCRIPTS[name];
    if (file) {
      response.setHeader('content-type', TYPES[file.split('.').at(-1)] ?? 'image/png');
      createReadStream(file).pipe(response);
    } else if (pathname.startsWith('/modules/')) {
      response.setHeader('content-type', TYPES.js).end(viv);
    } else if (pathname === '/') {
      response.setHeader('content-type', 'text/html').end(html(searchParams.get('client')));
    } else response.writeHead(404).end();
  });
  await new Promise((resolve) => { site.listen(0, '127.0.0.1', resolve); });
  const origin = `http://127.0.0.1:${site.address().port}`;
  ours.add(origin);
  assert.ok(process.env.PROJECTILE_BIN, 'PROJECTILE_BIN names the binary: `cargo xtask test e2e` sets it');
  server = spawn(process.env.PROJECTILE_BIN, [join(folder, 'photo.ppm'), join(folder, 'gray.pgm'), '-p', '0', '--cors', origin], { stdio: ['ignore', 'pipe', 'inherit'] });
  address = await new Promise((resolve, reject) => {
    server.on('exit', () => reject(new Error('projectile ended')));
    server.stdout.on('data', (text) => resolve(/http:\/\/[\d.:]+/.exec(String(text))[0]));
  });
  ours.add(address);
});

after(async () => {
  server?.removeAllListeners('exit').kill();
  site?.closeAllConnections();
  if (site) await new Promise((resolve) => { site.close(resolve); });
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a snippet as a module of the page; `name` is what it makes. */
async function paste(client, code, name) {
  assert.ok(code?.includes('http://127.0.0.1:8000'), `docs/protocols.md has a snippet for ${client}`);
  await page.goto(`http://127.0.0.1:${site.address().port}/?client=${client}`);
  await page.addScriptTag({ type: 'module', content: `${code.replaceAll('http://127.0.0.1:8000', address)}\nglobalThis.shown = ${name};` });
  await page.waitForFunction(() => globalThis.shown !== undefined, null, WAIT);
}

/** What is seen is the image, a pixel for a pixel, from (`x0`, `y0`) on. */
async function shows(picture, [left, top, right, bottom] = [0, 0, WIDTH, HEIGHT], known = undefined, [x0, y0] = [0, 0]) {
  const places = [];
  for (let y = top + 10; y < bottom - 2; y += 37) {
    for (let x = left + 10; x < right - 2; x += 41) places.push([x, y]);
  }
  let wrong = ['nothing was looked at'];
  for (let tries = 0; tries < 40 && wrong.length > 0; tries += 1) {
    if (tries > 0) await pause(250);
    const found = await pixelsOf(await page.getByTestId('map').screenshot(), places);
    wrong = places.flatMap(([x, y], at) => {
      const pixel = found[at].split(',').map(Number);
      const wanted = colour(x0 + x + 0.5, y0 + y + 0.5);
      return wanted.every((value, channel) => Math.abs(pixel[channel] - value) <= 4) ? [] : [`${x}, ${y}: ${pixel} and not ${wanted}`];
    });
  }
  await shot(`13-${picture}`, await page.getByTestId('map').screenshot());
  assert.deepEqual(wrong.slice(0, 3), []);
  quiet(known);
}

const options = { skip: onServer };

for (const [index, way] of ['Deep Zoom', 'IIIF'].entries()) {
  test(`OpenSeadragon opens an image by ${way}, and pans`, options, async () => {
    await paste('openseadragon', snippets('OpenSeadragon')[index], 'viewer');
    await page.waitForFunction(() => globalThis.shown.world.getItemAt(0)?.getFullyLoaded(), null, WAIT);
    await page.evaluate(() => {
      for (const control of document.querySelectorAll('.openseadragon-container > div:not(.openseadragon-canvas)')) control.style.display = 'none';
    });
    await shows(`openseadragon-${way.replace(' ', '-').toLowerCase()}`);
    const moved = await page.evaluate(async () => {
      const { viewport, world } = globalThis.shown;
      viewport.zoomTo(viewport.getZoom() * 4, undefined, true);
      viewport.panTo(world.getItemAt(0).imageToViewportCoordinates(500, 100), true);
      await new Promise((resolve) => { setTimeout(resolve, 300); });
      return world.getItemAt(0).viewerElementToImageCoordinates(new globalThis.OpenSeadragon.Point(300, 250)).x;
    });
    assert.ok(Math.abs(moved - 500) < 1, `${moved}`);
    await page.waitForFunction(() => globalThis.shown.world.getItemAt(0).getFullyLoaded(), null, WAIT);
    const [middle] = await pixelsOf(await page.getByTestId('map').screenshot(), [[300, 250]]);
    middle.split(',').slice(0, 3).forEach((value, channel) => {
      assert.ok(Math.abs(Number(value) - colour(500, 100)[channel]) <= 4, middle);
    });
    quiet();
  });
}

test('Leaflet shows tiles by their addresses', options, async () => {
  await paste('leaflet', snippets('Leaflet')[0], 'map');
  await page.evaluate(([width, height]) => {
    const map = globalThis.shown;
    map.setView(map.unproject([width / 2, height / 2], 2), 2, { animate: false });
  }, [WIDTH, HEIGHT]);
  // Its buttons and its name are over the picture's corners.
  await shows('leaflet', [60, 0, WIDTH, HEIGHT - 40]);
});

for (const [index, way] of ['TileJSON', 'Zoomify', 'WMTS'].entries()) {
  test(`OpenLayers shows an image by ${way}`, options, async () => {
    await paste('ol', snippets('OpenLayers')[index], 'map');
    await page.evaluate(([isZoomify, width, height, half, metres]) => {
      const view = globalThis.shown.getView();
      view.setCenter(isZoomify ? [width / 2, -height / 2] : [(width / 2) * metres - half, half - (height / 2) * metres]);
      view.setResolution(isZoomify ? 1 : metres);
    }, [way === 'Zoomify', WIDTH, HEIGHT, HALF_WORLD, METRES]);
    // It looks at one tile without saying which site asks, to learn how large they are.
    const probe = way === 'Zoomify' ? /NotSameOrigin \S+\/zoomify\/photo\/TileGroup0\/2-1-0\.jpg$/ : undefined;
    await shows(`openlayers-${way.toLowerCase()}`, [60, 60, WIDTH, HEIGHT - 40], probe);
  });
}

test('MapLibre shows an image by TileJSON', options, async () => {
  await paste('maplibre', snippets('MapLibre')[0], 'map');
  await page.evaluate(([width, height]) => {
    const map = globalThis.shown;
    const at = new globalThis.maplibregl.MercatorCoordinate(width / 2 / 1024, height / 2 / 1024).toLngLat();
    // Its tiles of the world are 512 pixels a side.
    map.jumpTo({ center: at, zoom: 1 });
  }, [WIDTH, HEIGHT]);
  await shows('maplibre', [0, 0, WIDTH, HEIGHT - 40]);
});

test('Mirador opens an image out of the gallery that the manifest is', options, async () => {
  await paste('mirador', snippets('Mirador')[0], 'viewer');
  const [photo, gray] = ['photo.ppm', 'gray.pgm'].map((name) => page.getByRole('button', { name }));
  await gray.waitFor(WAIT);
  await shot('13-mirador-gallery', await page.getByTestId('map').screenshot());
  await photo.click();
  const isShown = () => {
    const { Mirador, shown } = globalThis;
    const [id] = Object.keys(shown.store.getState().windows);
    globalThis.inside = Mirador.OSDReferences.get(id)?.current;
    return globalThis.inside?.world.getItemAt(0)?.getFullyLoaded();
  };
  await page.waitForFunction(isShown, null, WAIT);
  // A pixel for a pixel, the upper left corner of the picture in that of the window.
  const { x, y, width, height } = await page.evaluate(() => {
    const { viewport, element } = globalThis.inside;
    const box = element.getBoundingClientRect();
    viewport.zoomTo(1 / box.width, undefined, true);
    viewport.panTo(viewport.getCenter().times(0).plus({ x: box.width / 2, y: box.height / 2 }), true);
    return { x: box.x, y: box.y, width: box.width, height: box.height };
  });
  await page.waitForFunction(isShown, null, WAIT);
  // Of itself it says that it is older than its React and its selectors; its buttons are in the lower part of the window.
  const known = /^Accessing element\.ref was removed in React 19|^The result function returned its own inputs/;
  await shows('mirador', [x, y, x + width, y + height - 100], known, [-x, -y]);
});

/** A channel of the image, reduced by two `level` times: means of blocks. */
function channelOf(channel, level) {
  const side = 2 ** level;
  return Array.from({ length: (WIDTH / side) * (HEIGHT / side) }, (_, at) => {
    const [x0, y0] = [(at % (WIDTH / side)) * side, Math.floor(at / (WIDTH / side)) * side];
    let sum = 0;
    for (let y = y0; y < y0 + side; y += 1) for (let x = x0; x < x0 + side; x += 1) sum += colour(x, y)[channel];
    return sum / side ** 2;
  });
}

test('Viv reads levels of an image, and shows it', options, async () => {
  await paste('viv', snippets('Viv')[0], '{ deck, loader }');
  const levels = await page.evaluate(() => Promise.all(globalThis.shown.loader.map(async (level) => {
    const { data, width, height } = await level.getRaster({ selection: { c: 0 } });
    return { shape: level.shape, dtype: level.dtype, side: level.tileSize, width, height, data: [...data] };
  })));
  assert.deepEqual(levels.map(({ shape, dtype, side }) => [shape, dtype, side]), [
    [[3, 500, 600], 'Uint8', 256], [[3, 250, 300], 'Uint8', 256], [[3, 125, 150], 'Uint8', 256],
  ]);
  for (const [index, { data }] of levels.entries()) {
    const wanted = channelOf(0, index);
    assert.equal(data.length, wanted.length);
    // A level is made of the one before it, and rounded.
    assert.ok(data.every((value, at) => Math.abs(value - wanted[at]) <= index / 2), `level ${index}`);
  }
  const tile = await page.evaluate(async () => {
    const { data, width, height } = await globalThis.shown.loader[0].getTile({ x: 2, y: 1, selection: { c: 1 } });
    return { data: [...data], width, height };
  });
  assert.deepEqual([tile.width, tile.height], [WIDTH - 512, HEIGHT - 256]);
  assert.ok(tile.data.every((value, at) => value === colour(512 + (at % tile.width), 256 + Math.floor(at / tile.width))[1]));
  // It asks for version 2 of Zarr before version 3.
  await shows('viv', undefined, /status of 404 .*\/zarr\/photo\.zarr\/(\.zattrs|\.zgroup)$/);
});
