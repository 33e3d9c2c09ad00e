// What is in a picture.
import { hook, page } from './harness.mjs';

/** The pixels of a PNG at these places, as `r,g,b,a`. */
export const pixelsOf = (png, places) => page.evaluate(async ([base64, wanted]) => {
  const bitmap = await createImageBitmap(new Blob([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))]));
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  return wanted.map(([x, y]) => [...context.getImageData(x, y, 1, 1).data].join());
}, [png.toString('base64'), places]);

/** The pixels of the map so far from its middle. */
export async function mapPixels(...offsets) {
  const { width, height } = await hook('map').boundingBox();
  return pixelsOf(await hook('map').screenshot(), offsets.map(([x, y]) => [width / 2 + x, height / 2 + y]));
}

/** How many samples of two PNGs are more than `level` apart, in a frame. */
export const differing = (one, other, [x, y, width, height], level = 2) => page.evaluate(
  async ([pictures, left, top, columns, rows, most]) => {
    const [a, b] = await Promise.all(pictures.map(async (base64) => {
      const bitmap = await createImageBitmap(new Blob([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))]));
      const canvas = new OffscreenCanvas(columns, rows);
      const context = canvas.getContext('2d');
      context.drawImage(bitmap, -left, -top);
      return context.getImageData(0, 0, columns, rows).data;
    }));
    return a.filter((value, index) => Math.abs(value - b[index]) > most).length;
  }, [[one.toString('base64'), other.toString('base64')], x, y, width, height, level]);

/** How many samples of a frame are rather light than dark. */
export const lit = (png, [x, y, width, height]) => page.evaluate(async ([base64, left, top, columns, rows]) => {
  const bitmap = await createImageBitmap(new Blob([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))]));
  const canvas = new OffscreenCanvas(columns, rows);
  const context = canvas.getContext('2d');
  context.drawImage(bitmap, -left, -top);
  return context.getImageData(0, 0, columns, rows).data.filter((value, index) => index % 4 < 3 && value > 110).length;
}, [png.toString('base64'), x, y, width, height]);
