// The GPU may take everything away from a page, and most often gives it back.

const PATIENCE = 2000;

/** What this gives ends the watch. */
export function watchContext(canvas: HTMLCanvasElement, onRestored: () => void, onGone: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const watch = new AbortController();
  const { signal } = watch;
  canvas.addEventListener('webglcontextlost', () => {
    clearTimeout(timer);
    timer = setTimeout(onGone, PATIENCE);
  }, { signal });
  canvas.addEventListener('webglcontextrestored', () => {
    clearTimeout(timer);
    onRestored();
  }, { signal });
  return () => {
    clearTimeout(timer);
    watch.abort();
  };
}
