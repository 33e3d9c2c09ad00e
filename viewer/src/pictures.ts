// Pictures in <img> elements, however the server is reached.
import { transport } from './transport.ts';

/** A little before they are in sight. */
const MARGIN = '300px';

let watcher: IntersectionObserver | null = null;
const waiting = new WeakMap<Element, () => void>();

function whenSeen(image: HTMLImageElement, run: () => void): void {
  watcher ??= new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      watcher?.unobserve(target);
      waiting.get(target)?.();
      waiting.delete(target);
    }
  }, { rootMargin: MARGIN });
  waiting.set(image, run);
  watcher.observe(image);
}

async function load(image: HTMLImageElement, target: string): Promise<void> {
  try {
    const source = await transport().source(target);
    if (source.startsWith('blob:')) {
      const revoke = (): void => URL.revokeObjectURL(source);
      image.addEventListener('load', revoke, { once: true });
      image.addEventListener('error', revoke, { once: true });
    }
    image.src = source;
  } catch {
    // As if the picture itself had not come.
    image.dispatchEvent(new Event('error'));
  }
}

/** Shows what is at `target`; if `lazy`, when somebody looks. A failure is an `error` event of the image. */
export function showPicture(image: HTMLImageElement, target: string, lazy = false): void {
  if (lazy) image.loading = 'lazy';
  if (lazy && !transport().hasAddresses) whenSeen(image, () => void load(image, target));
  else void load(image, target);
}
