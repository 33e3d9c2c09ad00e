// The map as it is on the screen, as a PNG.
import type OlMap from 'ol/Map.js';

/** Draws upon the canvas in CSS pixels, after the map. */
export type Overlay = (context: CanvasRenderingContext2D) => void;

/** The map alone; null where there is nothing of it to see. */
export function pictureOf(map: OlMap, target: HTMLElement): HTMLCanvasElement | null {
  map.renderSync();
  const ratio = window.devicePixelRatio;
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(target.clientWidth * ratio);
  canvas.height = Math.round(target.clientHeight * ratio);
  const context = canvas.getContext('2d');
  if (!context || canvas.width === 0 || canvas.height === 0) return null;
  context.fillStyle = getComputedStyle(document.body).backgroundColor;
  context.fillRect(0, 0, canvas.width, canvas.height);
  for (const layer of target.querySelectorAll<HTMLCanvasElement>('.ol-layers canvas')) {
    if (layer.width === 0 || layer.height === 0) continue;
    // A canvas has its own pixels; its transform says how large it is on the screen.
    const { transform } = layer.style;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    if (transform === '') {
      context.scale(layer.clientWidth / layer.width, layer.clientHeight / layer.height);
    } else {
      const { a, b, c, d, e, f } = new DOMMatrix(transform);
      context.transform(a, b, c, d, e, f);
    }
    context.drawImage(layer, 0, 0);
  }
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return canvas;
}

/** The same in the upper left corner of a larger frame. */
function framed(picture: HTMLCanvasElement, frame: HTMLElement): HTMLCanvasElement {
  const ratio = window.devicePixelRatio;
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(frame.clientWidth * ratio);
  canvas.height = Math.round(frame.clientHeight * ratio);
  const context = canvas.getContext('2d');
  if (!context) return picture;
  context.fillStyle = getComputedStyle(document.body).backgroundColor;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, 0, 0);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return canvas;
}

export function screenshot(map: OlMap, target: HTMLElement, overlay: Overlay, frame = target): Promise<Blob | null> {
  const picture = pictureOf(map, target);
  const canvas = picture && (frame === target ? picture : framed(picture, frame));
  const context = canvas?.getContext('2d');
  if (!canvas || !context) return Promise.resolve(null);
  overlay(context);
  return new Promise((resolve) => { canvas.toBlob(resolve, 'image/png'); });
}
