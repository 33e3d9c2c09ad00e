// A page in a real browser for each test, against a running server: PROJECTILE_URL is one started with `projectile demo`.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test as nodeTest } from 'node:test';
import { chromium } from 'playwright-core';

export const base = new URL(process.env.PROJECTILE_URL ?? 'http://127.0.0.1:8000/');
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const args = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];
export const WAIT = { timeout: 60_000 };

let browser;
export let page;
export let requests;
let complaints;
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

/** Another page than the usual one, say with a touch screen. */
export async function newPage(options = {}) {
  await page?.close();
  page = await browser.newPage({ viewport: { width: 1280, height: 800 }, colorScheme: 'dark', ...options });
  requests = [];
  complaints = [];
  page.on('request', (request) => requests.push(request.url()));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  return page;
}

/** A test that ends, one way or the other. */
export const test = (name, run) => nodeTest(name, { timeout: 120_000 }, run);

export const hook = (name) => page.getByTestId(name);
export const text = async (name) => (await hook(name).textContent()).trim();

export async function ready() {
  await page.waitForFunction(() => document.documentElement.dataset.state === 'ready', null, WAIT);
}

export async function open(hash = '') {
  await page.goto(new URL(hash, base).href);
  await ready();
}

/** Where the view is, from the address. */
export async function place(changedFrom) {
  if (changedFrom !== undefined) {
    await page.waitForFunction((old) => location.hash !== old, changedFrom, { timeout: 10_000 });
    await page.waitForTimeout(700);
  }
  const fields = new URLSearchParams(new URL(page.url()).hash.slice(1));
  return { x: Number(fields.get('x')), y: Number(fields.get('y')), zoom: Number(fields.get('zoom')), fields };
}

export const hashNow = () => new URL(page.url()).hash;
export const tiles = () => requests.filter((url) => /\/images\/[^/]+\/\d+\/\d+\/\d+\.png/.test(url));

export async function centre() {
  const box = await hook('map').boundingBox();
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

export const quiet = () => assert.deepEqual(complaints, [], 'console errors');
