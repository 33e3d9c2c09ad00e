// How smoothly a large field pans, zooms and changes its contrast: PROJECTILE_URL is a server started with `projectile demo`.
import { chromium } from 'playwright-core';

const base = new URL(process.env.PROJECTILE_URL ?? 'http://127.0.0.1:8000/');
const print = (line) => process.stdout.write(`${line}\n`);
const args = ['--headless', '--no-sandbox', '--use-gl=angle'];
// Without a graphics card (as in a container) the processor draws, and figures are far below those of a real screen.
if (process.env.GPU !== '1') args.push('--use-angle=swiftshader', '--enable-unsafe-swiftshader');
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args });

/** Counts frames and long tasks from here on. */
function watch() {
  const seen = { frames: [], long: [] };
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) seen.long.push({ startTime, duration });
  }).observe({ type: 'longtask', buffered: false });
  const tick = (time) => {
    seen.frames.push(time);
    requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
  window.seen = seen;
}

async function measure(page, name, run) {
  await page.evaluate(() => { window.seen.frames.length = 0; window.seen.long.length = 0; });
  await run();
  const { frames, long } = await page.evaluate(() => window.seen);
  const seconds = (frames.at(-1) - frames[0]) / 1000;
  const gaps = frames.slice(1).map((time, index) => time - frames[index]).sort((a, b) => a - b);
  const tooLong = long.filter(({ duration }) => duration > 100).map(({ duration }) => Math.round(duration));
  print(`${name}: ${((frames.length - 1) / seconds).toFixed(1)} frames per second, 95th percentile of gaps ${
    gaps[Math.floor(gaps.length * 0.95)]?.toFixed(0)} ms, tasks over 100 ms: ${tooLong.length ? tooLong.join(', ') : 'none'}`);
}

try {
  for (const renderer of ['gpu', 'server']) {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    print(`\n${renderer}`);
    const search = renderer === 'server' ? '?renderer=server' : '';
    await page.goto(new URL(`${search}#image=terrain&x=8192&y=8192&zoom=-2`, base).href);
    await page.waitForFunction(() => document.documentElement.dataset.state === 'ready');
    await page.evaluate(watch);
    const map = await page.getByTestId('map').boundingBox();
    const middle = { x: map.x + map.width / 2, y: map.y + map.height / 2 };
    await measure(page, 'pan', async () => {
      for (let turn = 0; turn < 4; turn += 1) {
        await page.mouse.move(middle.x + 300, middle.y + 200);
        await page.mouse.down();
        await page.mouse.move(middle.x - 300, middle.y - 200, { steps: 40 });
        await page.mouse.up();
      }
    });
    await measure(page, 'zoom', async () => {
      for (let turn = 0; turn < 24; turn += 1) {
        await page.mouse.wheel(0, turn % 12 < 6 ? -240 : 240);
        await page.waitForTimeout(90);
      }
    });
    await page.waitForFunction(() => document.documentElement.dataset.state === 'ready');
    let tiles = 0;
    page.on('request', (request) => { tiles += /\/\d+\/\d+\/\d+\.(png|bin)/.test(request.url()) ? 1 : 0; });
    const times = await page.evaluate(async () => {
      const field = document.querySelector('#vmax');
      const all = [];
      for (let step = 0; step < 40; step += 1) {
        const start = performance.now();
        const input = document.querySelector('#vmax') ?? field;
        input.value = String(3000 - 40 * step);
        input.dispatchEvent(new Event('change'));
        // The second frame begins when the first, with the change in it, was painted.
        await new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); });
        while (document.documentElement.dataset.state !== 'ready') await new Promise((done) => { setTimeout(done, 4); });
        all.push(performance.now() - start);
      }
      return all.sort((a, b) => a - b);
    });
    print(`contrast: painted after ${times[20].toFixed(0)} ms (median), ${times[37].toFixed(0)} ms (95th percentile); ${
      tiles} tiles asked for in 40 changes`);
    await page.close();
  }
} finally {
  await browser.close();
}
