// One contrast for several images: the window, the colours and how values are spread over them.
import type { ImageInfo } from '../api.ts';
import { type Display, normalise, takesColormap } from '../state.ts';
import { keptWindows, withWindows } from '../windows.ts';

export interface Shown {
  info: ImageInfo;
  display: Display;
}

/** A display with the contrast of another image, as far as the image can follow. */
export function withContrast({ info, display }: Shown, from: Shown): Display {
  const { norm, gamma, inverted, under, over, bad } = from.display;
  const next: Display = { ...display, norm, gamma, inverted, under, over, bad };
  if (takesColormap(info, display) && takesColormap(from.info, from.display)) {
    next.colormap = from.display.colormap ?? from.info.colormap ?? '';
  }
  return normalise(withWindows(info, next, keptWindows(from.info, from.display)), info);
}
