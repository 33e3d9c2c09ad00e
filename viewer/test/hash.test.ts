import { beforeEach, expect, test, vi } from 'vitest';

type Hash = typeof import('../src/hash.ts');

/** An address whose event comes later than it changes, as a browser's does. */
class Page {
  readonly location = { protocol: 'http:', hash: '#a=1' };
  readonly history = { replaceState: (_: unknown, __: string, hash: string) => void (this.location.hash = hash) };
  private listener: () => void = () => undefined;

  readonly addEventListener = (_: string, listener: () => void): void => void (this.listener = listener);

  tell(): void {
    this.listener();
  }
}

let page: Page;
let hash: Hash;

beforeEach(async () => {
  page = new Page();
  vi.stubGlobal('location', page.location);
  vi.stubGlobal('history', page.history);
  vi.stubGlobal('addEventListener', page.addEventListener);
  vi.resetModules();
  hash = await import('../src/hash.ts');
});

test('where the page is, is written', () => {
  hash.replaceHash('#a=2');
  hash.replaceHash('#a=3');
  expect(page.location.hash).toBe('#a=3');
});

test('what somebody asks for is not written over before its event has come', () => {
  const followed: string[] = [];
  hash.onHashChange(() => followed.push(hash.currentHash()));
  page.location.hash = '#b=1';
  // A timer that was due.
  hash.replaceHash('#a=2');
  page.tell();
  expect(followed).toEqual(['#b=1']);
  hash.replaceHash('#b=2');
  expect(page.location.hash).toBe('#b=2');
});

test('the same holds for links of the page itself', () => {
  hash.onHashChange(() => undefined);
  hash.goToHash('#b=1');
  hash.replaceHash('#a=2');
  expect(page.location.hash).toBe('#b=1');
});
