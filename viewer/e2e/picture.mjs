// The picture of the README, taken anew: PROJECTILE_URL is a server started with `projectile demo`.
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const base = new URL(process.env.PROJECTILE_URL ?? 'http://127.0.0.1:8000/');
const picture = fileURLToPath(new URL('../../docs/images/viewer.png', import.meta.url));
const args = ['--headless', '--no-sandbox', '--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'];
/** A range of mountains by the sea, with what can be measured of it. */
const PLACE = '#image=terrain&x=9800&y=5648&zoom=-2&colormap=gist_earth';
const RIDGE = '10600,5720,10720,5560,10830,5380,10980,5290,11060,5350,11010,5480,10930,5610,10800,5720,10680,5780';
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args });
try {
  const page = await browser.newPage({ viewport: { width: 1100, height: 700 }, colorScheme: 'dark' });
  const ready = () => page.waitForFunction(() => document.documentElement.dataset.state === 'ready');
  await page.goto(new URL(`${PLACE}&regions=p:${RIDGE}:ffd166:Ridge~l1:8650,6150,10150,4900`, base).href);
  await ready();
  await page.getByTestId('histogram').waitFor();
  // With a value in the status bar.
  const map = await page.getByTestId('map').boundingBox();
  await page.mouse.move(map.x + map.width * 0.45, map.y + map.height * 0.4);
  await page.waitForFunction(() => document.querySelector('[data-testid=value]').textContent !== '');
  await page.waitForTimeout(1000);
  await ready();
  await page.screenshot({ path: picture });
} finally {
  await browser.close();
}
