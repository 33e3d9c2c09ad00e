// How marks look on the image, dark or light.
import type { FeatureLike } from 'ol/Feature.js';
import LineString from 'ol/geom/LineString.js';
import MultiPoint from 'ol/geom/MultiPoint.js';
import OlPoint from 'ol/geom/Point.js';
import Polygon from 'ol/geom/Polygon.js';
import type { SimpleGeometry } from 'ol/geom.js';
import CircleStyle from 'ol/style/Circle.js';
import Fill from 'ol/style/Fill.js';
import RegularShape from 'ol/style/RegularShape.js';
import Stroke from 'ol/style/Stroke.js';
import Style from 'ol/style/Style.js';
import Text from 'ol/style/Text.js';
import type { Plane } from '../plane.ts';
import { corners, type Mark, type Point } from './mark.ts';

const CASING = 'rgb(0 0 0 / 60%)';
const FONT = '600 12px system-ui, sans-serif';

/** Map coordinates have y up. */
const toMap = (points: readonly Point[], plane: Plane): number[][] => points.map(([x, y]) => plane.toMap([x, 0 - y]));

export function geometryOf(mark: Pick<Mark, 'kind' | 'points'>, plane: Plane): SimpleGeometry {
  const points = toMap(corners(mark), plane);
  if (mark.kind === 'point') return new OlPoint(points[0] ?? [0, 0]);
  if (mark.kind === 'line') return new LineString(points);
  return new Polygon([[...points, points[0] ?? [0, 0]]]);
}

/** Where the label is: at the top, or at the middle of a line. */
function labelPlace(mark: Mark, plane: Plane): OlPoint {
  const points = corners(mark);
  const [first = [0, 0], second = first] = points;
  if (mark.kind === 'line') return new OlPoint(plane.toMap([(first[0] + second[0]) / 2, -(first[1] + second[1]) / 2]));
  const top = points.reduce((best, point) => (point[1] < best[1] || (point[1] === best[1] && point[0] < best[0]) ? point : best), first);
  return new OlPoint(plane.toMap([top[0], -top[1]]));
}

function label(mark: Mark, text: string, plane: Plane): Style[] {
  if (text === '') return [];
  const left = mark.kind === 'rectangle';
  return [new Style({
    geometry: labelPlace(mark, plane),
    text: new Text({
      text, font: FONT, overflow: true, textAlign: mark.kind === 'point' || left ? 'left' : 'center', textBaseline: 'bottom',
      offsetX: mark.kind === 'point' ? 8 : 0, offsetY: -5,
      fill: new Fill({ color: '#fff' }), stroke: new Stroke({ color: 'rgb(0 0 0 / 80%)', width: 3 }),
    }),
  })];
}

/** `text` is what stands beside the mark. */
export function stylesOf(mark: Mark, selected: boolean, text: string, plane: Plane): Style[] {
  const geometry = geometryOf(mark, plane);
  const colour = `#${mark.colour}`;
  if (mark.kind === 'point') {
    const circle = (radius: number, stroke: Stroke): Style =>
      new Style({ geometry, image: new CircleStyle({ radius, stroke, fill: new Fill({ color: 'rgb(0 0 0 / 1%)' }) }) });
    return [
      circle(selected ? 8 : 6, new Stroke({ color: CASING, width: 5 })),
      circle(selected ? 8 : 6, new Stroke({ color: selected ? '#fff' : colour, width: 2 })),
      new Style({ geometry, image: new CircleStyle({ radius: 2, fill: new Fill({ color: colour }) }) }),
      ...label(mark, text, plane),
    ];
  }
  const styles = [
    new Style({
      geometry, stroke: new Stroke({ color: CASING, width: 4.5 }),
      fill: new Fill({ color: `${colour}${selected ? '2e' : '14'}` }),
    }),
    new Style({ geometry, stroke: new Stroke({ color: colour, width: 2.5 }) }),
  ];
  if (selected) {
    styles.push(new Style({
      geometry: new MultiPoint(toMap(corners(mark), plane)),
      image: new RegularShape({
        points: 4, radius: 6, angle: Math.PI / 4, fill: new Fill({ color: '#fff' }), stroke: new Stroke({ color: CASING, width: 1.5 }),
      }),
    }));
  }
  return [...styles, ...label(mark, text, plane)];
}

/** Of what is being drawn, and of a corner that can be taken hold of. */
export function sketchStyle(feature: FeatureLike): Style[] {
  if (feature.getGeometry()?.getType() === 'Point') {
    return [new Style({
      image: new CircleStyle({ radius: 6, fill: new Fill({ color: 'rgb(255 255 255 / 85%)' }), stroke: new Stroke({ color: CASING, width: 2 }) }),
    })];
  }
  return [
    new Style({ stroke: new Stroke({ color: CASING, width: 4 }), fill: new Fill({ color: 'rgb(255 255 255 / 10%)' }) }),
    new Style({ stroke: new Stroke({ color: '#fff', width: 2 }) }),
  ];
}
