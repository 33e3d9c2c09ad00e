// A page in a real browser for each test, against a running server: PROJECTILE_URL is one started with `projectile demo`.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test as nodeTest } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

export const base = new URL(process.env.PROJECTILE_URL ?? 'http://127.0.0.1:8000/');
/** Whether the server colours the tiles: with RENDERER=server, always. */
export const onServer = process.env.RENDERER === 'server';
/** The page, and the page whose tiles the server colours. */
export const serverPage = new URL('?renderer=server', base);
export const pageBase = onServer ? serverPage : base;
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const args = [
  '--headless', '--no-sandbox', '--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];
export const WAIT = { timeout: 60_000 };

let browser;
export let page;
export let requests;
let complaints;
/** What was asked for and has not been answered, but for streams, which never are. */
let waiting;
/** Other origins that the test itself serves from. */
export const ours = new Set([base.origin]);

before(async () => {
  browser = await chromium.launch({ executablePath, args });
});
after(() => browser?.close());

beforeEach(() => newPage());

afterEach(async () => {
  const strangers = requests.filter((url) => !ours.has(new URL(url).origin) && !/^(data|blob):/.test(url));
  await page.close();
  assert.deepEqual(strangers, [], 'requests that left the origin');
});

/** A server without events or histograms is asked for them once, and the browser says that there are none. */
const isNotThere = (message) =>
  /status of 404/.test(message.text()) && /\/(events|histogram)$/.test(new URL(message.location().url, base).pathname);

/** Another page than the usual one, say with a touch screen. */
export async function newPage(options = {}) {
  await page?.close();
  page = await browser.newPage({ viewport: { width: 1280, height: 800 }, colorScheme: 'dark', ...options });
  requests = [];
  complaints = [];
  waiting = new Set();
  page.on('request', (request) => {
    requests.push(request.url());
    if (request.resourceType() !== 'eventsource') waiting.add(request);
  });
  const isAnswered = (request) => waiting.delete(request);
  page.on('requestfinished', isAnswered).on('requestfailed', isAnswered);
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type()) && !isNotThere(message)) complaints.push(`${message.text()} ${message.location().url}`);
  });
  page.on('pageerror', (error) => complaints.push(error.stack ?? String(error)));
  return page;
}

/** A test that ends, one way or the other. */
export const test = (name, options, run) =>
  nodeTest(name, { timeout: 120_000, ...(run ? options : {}) }, run ?? options);

export const hook = (name) => page.getByTestId(name);
export const text = async (name) => (await hook(name).textContent()).trim();

/** Waits for the page to say so: from before it is done, as what is said does not stay. */
export const told = (notice) =>
  page.waitForFunction((wanted) => document.querySelector('[data-testid=notice]').textContent.trim() === wanted, notice, WAIT);

export async function ready() {
  try {
    await page.waitForFunction(() => document.documentElement.dataset.state === 'ready', null, WAIT);
  } catch (error) {
    // What it was instead tells more than that it was not.
    const asked = [...waiting].map((request) => request.url()).join(' ') || 'nothing';
    throw new Error(`not ready: ${await text('status')}; ${await text('error')}; asked for and not answered: ${asked}`, { cause: error });
  }
}

/**
 * Lets the page do what it has to: that long by its own clock, so that a slow machine is given as many turns and frames
 * as a fast one, and until what it asked for is there, unless a test holds that back.
 */
export async function pause(milliseconds) {
  const turns = () =>
    page.evaluate(async (most) => {
      for (let turn = 0; turn < most; turn += 1) {
        await new Promise((resolve) => {
          setTimeout(() => requestAnimationFrame(resolve), 40);
          // A page that is not in sight has no frames.
          setTimeout(resolve, 1000);
        });
      }
    }, Math.ceil(milliseconds / 50));
  await turns();
  if (waiting.size === 0) return;
  for (let tries = 0; tries < 60 && waiting.size > 0; tries += 1) await page.waitForTimeout(50);
  await turns();
}

/** An image whose tiles the server colours. */
export async function openOnServer(hash) {
  await page.goto(new URL(hash, serverPage).href);
  await ready();
}

export async function open(hash = '') {
  await page.goto(new URL(hash, pageBase).href);
  await ready();
}

/** Where the view is, from the address. */
export async function place(changedFrom) {
  if (changedFrom !== undefined) {
    await page.waitForFunction((old) => location.hash !== old, changedFrom, { timeout: 10_000 });
    await pause(700);
  }
  const fields = new URLSearchParams(new URL(page.url()).hash.slice(1));
  return { x: Number(fields.get('x')), y: Number(fields.get('y')), zoom: Number(fields.get('zoom')), fields };
}

export const hashNow = () => new URL(page.url()).hash;
export const tiles = () => requests.filter((url) => /\/images\/[^/]+\/\d+\/\d+\/\d+\.(png|bin)/.test(url));

export async function centre() {
  const box = await hook('map').boundingBox();
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

/** Where pictures of what is tested are kept, for people to look at. */
const pictures = process.env.PROJECTILE_SCREENSHOTS ?? fileURLToPath(new URL('screenshots', import.meta.url));

/**
 * Keeps a picture of the page, or another one. Its name begins with what it shows: 1 samples on the GPU, 2 contrast,
 * 3 values in pixels, 4 axes, 5 measures and marks, 6 images compared, 7 zooms of each axis, 8 labels, 9 what is saved,
 * 10 pages in step, 11 the page itself, 12 exports in somebody else's viewer.
 */
export async function shot(name, png) {
  const bytes = png ?? await page.screenshot();
  mkdirSync(pictures, { recursive: true });
  writeFileSync(join(pictures, `${name}${onServer ? '-server' : ''}.png`), bytes);
}

/** Nothing was complained of, but for what is `known` to be said. */
export const quiet = (known = /^$/) =>
  assert.deepEqual(complaints.filter((complaint) => !known.test(complaint)), [], 'console errors');
