// Where an image is shown first: as a link says, or so that there is something to see.
import type { ImageInfo } from './api.ts';
import type { Place } from './navigation.ts';
import type { Permalink } from './permalink.ts';
import { pixelSize } from './regions/units.ts';

/** Fitted into a window it would be a line: seen whole only with scales of their own. */
const LONG = 50;

/** Far longer one way than the other, and no picture of something whose shape matters. */
export function isMatrix(info: ImageInfo): boolean {
  const isLong = Math.max(info.width / info.height, info.height / info.width) >= LONG;
  return isLong && (info.kind === 'gray' || info.kind === 'labels') && pixelSize(info) === null;
}

export function placeIn(link: Permalink): Partial<Place> {
  const place: Partial<Place> = {};
  if (link.x !== null) place.x = link.x;
  if (link.y !== null) place.y = link.y;
  if (link.zoom !== null) place.zoom = link.zoom;
  if (link.stretch !== null) place.stretch = link.stretch;
  return place;
}
