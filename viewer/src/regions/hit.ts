// Which mark is under the pointer.
import { corners, type Mark, type Point } from './mark.ts';

function distanceToSegment([x, y]: Point, [x0, y0]: Point, [x1, y1]: Point): number {
  const [across, down] = [x1 - x0, y1 - y0];
  const squared = across * across + down * down;
  const share = squared > 0 ? Math.min(1, Math.max(0, ((x - x0) * across + (y - y0) * down) / squared)) : 0;
  return Math.hypot(x - x0 - share * across, y - y0 - share * down);
}

/** By the even-odd rule. */
export function polygonHolds(points: readonly Point[], [x, y]: Point): boolean {
  let inside = false;
  points.forEach(([x0, y0], index) => {
    const [x1, y1] = points[(index + 1) % points.length] ?? [x0, y0];
    if ((y0 > y) !== (y1 > y) && x < x0 + (y - y0) / (y1 - y0) * (x1 - x0)) inside = !inside;
  });
  return inside;
}

/** `tolerance` is down the image; along rows pixels may be stretched. */
export function isHit(mark: Mark, place: Point, tolerance: number, stretch = 1): boolean {
  const wide = ([x, y]: Point): Point => [x * stretch, y];
  const [points, at] = [corners(mark).map(wide), wide(place)];
  const [first = [0, 0], second = first] = points;
  if (mark.kind === 'point') return Math.hypot(at[0] - first[0], at[1] - first[1]) <= tolerance;
  if (mark.kind === 'line') return distanceToSegment(at, first, second) <= tolerance;
  return polygonHolds(points, at)
    || points.some((point, index) => distanceToSegment(at, point, points[(index + 1) % points.length] ?? point) <= tolerance);
}

/** The one that lies on top, points and lines before areas; null where there is none. */
export function markAt(marks: readonly Mark[], at: Point, tolerance: number, stretch = 1): number | null {
  const hits = marks.flatMap((mark, index) => (isHit(mark, at, tolerance, stretch) ? [{ mark, index }] : []));
  const thin = hits.filter(({ mark }) => mark.kind === 'point' || mark.kind === 'line');
  return (thin.at(-1) ?? hits.at(-1))?.index ?? null;
}
