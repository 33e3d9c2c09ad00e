// How much of a layer is seen: all of it, none, or a part of the map's width.
import type BaseLayer from 'ol/layer/Base.js';
import type RenderEvent from 'ol/render/Event.js';
import { getRenderPixel } from 'ol/render.js';
import { DataLayer } from './gpu/data-layer.ts';

export interface Face {
  /** A layer that is not visible asks for no tiles; one of opacity 0 does. */
  visible: boolean;
  opacity: number;
  /** From where to where, in shares of the map's width. */
  clip: readonly [number, number];
}

export const PLAIN: Face = { visible: true, opacity: 1, clip: [0, 1] };

const clips = new WeakMap<BaseLayer, readonly [number, number]>();

function clipCanvas(layer: BaseLayer, event: RenderEvent): void {
  const { context, frameState } = event;
  const [from, to] = clips.get(layer) ?? PLAIN.clip;
  if (!(context instanceof CanvasRenderingContext2D) || !frameState) return;
  const [width = 0, height = 0] = frameState.size;
  const [left = 0, top = 0] = getRenderPixel(event, [from * width, 0]);
  const [right = 0, bottom = 0] = getRenderPixel(event, [to * width, height]);
  context.save();
  context.beginPath();
  // As whole pixels of the screen, as the GPU does it.
  context.rect(Math.round(left), top, Math.round(right) - Math.round(left), bottom - top);
  context.clip();
}

/** The GPU clips samples as it draws them; pictures are clipped by the canvas. */
export function putFace(layer: BaseLayer, { visible, opacity, clip }: Face): void {
  layer.setVisible(visible);
  layer.setOpacity(opacity);
  if (layer instanceof DataLayer) {
    layer.setClip(clip);
    return;
  }
  if (!clips.has(layer)) {
    layer.addEventListener('prerender', (event) => clipCanvas(layer, event as RenderEvent));
    layer.addEventListener('postrender', (event) => {
      const { context } = event as RenderEvent;
      if (context instanceof CanvasRenderingContext2D) context.restore();
    });
  }
  clips.set(layer, clip);
  layer.changed();
}
