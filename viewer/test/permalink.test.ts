import { describe, expect, it } from 'vitest';
import { emptyPermalink, formatPermalink, parsePermalink, roundCentre } from '../src/permalink.ts';

describe('permalink', () => {
  it('reads every field', () => {
    const link = parsePermalink(
      '#image=terrain&x=8192&y=8192.5&zoom=-3.5&colormap=viridis&vmin=-1e-3&vmax=2&resampling=max&c=0,2&t=3&box=1,2,3,4',
    );
    expect(link).toEqual({
      ...emptyPermalink(),
      image: 'terrain', x: 8192, y: 8192.5, zoom: -3.5, colormap: 'viridis', vmin: -0.001, vmax: 2,
      resampling: 'max', channels: [0, 2], axes: new Map([['t', 3]]),
      box: { y: 1, x: 2, height: 3, width: 4 },
    });
  });

  it('writes what it reads', () => {
    const hash = '#image=a%2Fb%20c&x=8192&y=17.3&zoom=1.5&colormap=none&vmin=0&vmax=1.5&resampling=min&c=0,2&t=3&z=0&box=1,2,3,4';
    expect(formatPermalink(parsePermalink(hash))).toBe(hash);
  });

  it('keeps how the GPU colours', () => {
    const hash = '#image=a&norm=log&gamma=0.5&inverted=1&under=ff0000&over=00ff00&bad=0000ff&opacity=0.25&windows=0:10:200,2:-5:1.5&colours=0:ff8000,3:0000ff';
    expect(formatPermalink(parsePermalink(hash))).toBe(hash);
    const link = parsePermalink('#norm=cube&gamma=-1&inverted=yes&under=red&bad=fff&colours=red,1:red,2:12345&opacity=2&windows=a:1:2,1:5:2,1.5:0:1,3');
    expect(link).toEqual(emptyPermalink());
  });

  it('keeps defaults out', () => {
    expect(formatPermalink({ ...emptyPermalink(), image: 'a' })).toBe('#image=a');
    expect(formatPermalink(emptyPermalink())).toBe('');
  });

  it('passes over nonsense', () => {
    const link = parsePermalink('#image=&x=abc&y=Infinity&zoom=&vmin=NaN&c=-1,a,,2,2&t=-1&z=1.5');
    expect(link).toEqual({ ...emptyPermalink(), channels: [2] });
    expect(parsePermalink('#%E0%A4%A')).toBeTruthy();
  });

  it('is exact to the pixel in an image 2^48 wide', () => {
    const x = 2 ** 48 - 1.5;
    const hash = formatPermalink({ ...emptyPermalink(), image: 'm', x, y: 2 ** 47, zoom: 6 });
    const back = parsePermalink(hash);
    expect(Math.abs((back.x ?? 0) - x)).toBeLessThan(1 / 64);
    expect(hash).not.toContain('e+');
  });

  it('rounds a centre to what the screen can show', () => {
    expect(roundCentre(1234.56789, -3)).toBe(1235);
    expect(roundCentre(1234.56789, 0)).toBe(1234.6);
    expect(roundCentre(1234.56789, 6)).toBe(1234.568);
  });
});
