// A page inside another one.

const SMALL_PIXELS = 420;

const isFramed = (): boolean => window.parent !== window;

/** Too low for a picture with controls beside it. */
export const inSmallFrame = (): boolean => isFramed() && window.innerHeight < SMALL_PIXELS;

/** Says that the page runs. It says nothing else, so any page may hear it. */
export function tellParent(): void {
  if (isFramed()) window.parent.postMessage({ projectile: 'ready' }, '*');
}
