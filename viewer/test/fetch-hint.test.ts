import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FetchHint } from '../src/fetch-hint.ts';
import { HttpTransport, setTransport } from '../src/transport.ts';

describe('FetchHint', () => {
  let asked: string[];
  beforeEach(() => {
    asked = [];
    setTransport(Object.assign(new HttpTransport(), {
      request: (target: string) => {
        asked.push(target);
        return Promise.reject(new TypeError('away'));
      },
    }));
  });
  afterEach(() => setTransport(new HttpTransport()));

  it('is given once for each view, level and query', () => {
    const hint = new FetchHint('a b');
    const view = { z: 3, x0: 1, y0: 2, x1: 4, y1: 5 };
    hint.show('colormap=magma&vmin=0&vmax=1&resampling=max&c=0,2&t=3&v=5f');
    hint.give(view);
    hint.give({ ...view });
    hint.give(null);
    hint.show('c=0,2&t=3&v=5f');
    hint.give(view);
    expect(asked).toEqual(['images/a%20b/fetch?z=3&x0=1&y0=2&x1=4&y1=5&c=0,2&t=3']);
    hint.give({ ...view, x1: 6 });
    hint.show('v=5f');
    hint.give(view);
    expect(asked.slice(1)).toEqual([
      'images/a%20b/fetch?z=3&x0=1&y0=2&x1=6&y1=5&c=0,2&t=3', 'images/a%20b/fetch?z=3&x0=1&y0=2&x1=4&y1=5',
    ]);
  });
});
