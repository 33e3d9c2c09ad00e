// What can be kept of what is seen.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { base, hashNow, open, page, quiet, ready, shot, test, WAIT } from './harness.mjs';

async function saved(id) {
  const [download] = await Promise.all([page.waitForEvent('download', WAIT), page.locator(`#${id}`).click()]);
  return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
}

/** Width and height of a PNG. */
const pngSize = (bytes) => {
  assert.deepEqual([...bytes.subarray(1, 4)], [0x50, 0x4e, 0x47]);
  return [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
};

test('the view and a figure of it are pictures', async () => {
  await open('#image=terrain&x=8192&y=8192&zoom=-4');
  const map = await page.getByTestId('map').boundingBox();
  const view = await saved('save-view');
  assert.equal(view.name, 'terrain.png');
  assert.deepEqual(pngSize(view.bytes), [map.width, map.height]);
  const figure = await saved('save-figure');
  await shot('9-view', view.bytes);
  await shot('9-figure', figure.bytes);
  assert.equal(figure.name, 'terrain-figure.png');
  const [width, height] = pngSize(figure.bytes);
  assert.ok(width > map.width && height > map.height + 60, `${width} × ${height}`);
  await page.getByTestId('save-said').filter({ hasText: 'Saved' }).waitFor(WAIT);
  quiet();
});

test('the box that was drawn is saved with every sample', async () => {
  await open('#image=terrain&x=4000&y=4000&zoom=1&box=3990,3980,20,30&colormap=magma');
  const { name, bytes } = await saved('save-npy');
  assert.equal(name, 'terrain-x3980-4010-y3990-4010.npy');
  const header = bytes.readUInt16LE(8);
  assert.match(bytes.subarray(10, 10 + header).toString(), /'<f4'.*\(20, 30\)/);
  const samples = new Float32Array(new Uint8Array(bytes.subarray(10 + header)).buffer);
  assert.equal(samples.length, 600);
  for (const [row, column] of [[0, 0], [7, 11], [19, 29]]) {
    const value = await (await fetch(new URL(`images/terrain/value?x=${3980 + column}&y=${3990 + row}`, base))).json();
    assert.equal(samples[row * 30 + column], Math.fround(value.values[0]));
  }
  assert.equal((await saved('save-tif')).bytes.subarray(0, 4).toString('latin1'), 'II*\0');
  assert.deepEqual(pngSize((await saved('save-png')).bytes), [30, 20]);
  quiet();
});

test('what is in view is saved where there is no box, and too much is refused in the server\'s words', async () => {
  await open('#image=terrain&x=4000&y=4000&zoom=2');
  assert.match((await saved('save-npy')).name, /^terrain-x3\d+-4\d+-y3\d+-4\d+\.npy$/);
  await open('#image=terrain&x=8192&y=8192&zoom=-5');
  await page.locator('#save-npy').click();
  await page.getByTestId('error').filter({ hasText: '256 MiB' }).waitFor(WAIT);
});

test('a link to what is shown is copied', async () => {
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await open('#image=terrain&x=4000&y=4000&zoom=1&colormap=magma&inverted=1');
  await ready();
  await page.locator('#save-link').click();
  await page.getByTestId('save-said').filter({ hasText: 'Copied' }).waitFor(WAIT);
  const link = await page.evaluate(() => navigator.clipboard.readText());
  assert.equal(new URL(link).hash, await hashNow());
  quiet();
});
