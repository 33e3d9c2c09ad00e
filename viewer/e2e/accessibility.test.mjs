// Nobody is kept out: what axe finds serious or critical is a failure.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { newPage, open, page, pageBase, ready, shot, test, WAIT } from './harness.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

async function complaints() {
  // The policy of the page lets no script in; the browser itself may bring one.
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html, any }) => `${html} ${any[0]?.message ?? ''}`).join(' | ')}`);
}

for (const colorScheme of ['dark', 'light']) {
  for (const width of [1280, 320]) {
    const kept = `${colorScheme}-${width}`;
    const where = `${colorScheme}, ${width} pixels wide`;
    const screen = { viewport: { width, height: 800 }, colorScheme };

    test(`the gallery, ${where}`, async () => {
      await newPage(screen);
      await page.goto(pageBase.href);
      await page.getByTestId('gallery-card').first().waitFor(WAIT);
      assert.deepEqual(await complaints(), []);
      await shot(`11-gallery-${kept}`);
    });

    test(`an image with its panel, ${where}`, async () => {
      await newPage(screen);
      await open('#image=cells&regions=r1:12,30,400,500~l1:0,0,99.5,40');
      if (width < 760) await page.getByRole('button', { name: 'Display controls' }).click();
      await ready();
      assert.deepEqual(await complaints(), []);
      await shot(`11-panel-${kept}`);
    });

    test(`the help, ${where}`, async () => {
      await newPage(screen);
      await open('#image=terrain');
      await page.keyboard.press('?');
      await page.getByRole('dialog').waitFor(WAIT);
      assert.deepEqual(await complaints(), []);
      await shot(`11-help-${kept}`);
    });
  }
}
