// GeoJSON (RFC 7946) whose coordinates are image pixels: x right, y down, from the image's top left corner.
import { corners, type Kind, type Mark, markInside, MOST_MARKS, newMark, type Point, type Size } from './mark.ts';

interface Left {
  marks: Mark[];
  /** Why some features are not among them. */
  left: string[];
}

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

export function toGeoJson(marks: readonly Mark[]): string {
  const features = marks.map((mark) => {
    const points = corners(mark);
    const ring = [...points, points[0]];
    const geometry = {
      rectangle: { type: 'Polygon', coordinates: [ring] },
      polygon: { type: 'Polygon', coordinates: [ring] },
      // The middle of the pixel.
      point: { type: 'Point', coordinates: points[0] },
      line: { type: 'LineString', coordinates: points },
    }[mark.kind];
    return { type: 'Feature', geometry, properties: { name: mark.name, stroke: `#${mark.colour}`, kind: mark.kind } };
  });
  return `${JSON.stringify({ type: 'FeatureCollection', features }, null, 1)}\n`;
}

function pointIn(value: unknown): Point | null {
  if (!Array.isArray(value)) return null;
  const [x, y] = value as unknown[];
  return typeof x === 'number' && typeof y === 'number' && Number.isFinite(x) && Number.isFinite(y) ? [x, y] : null;
}

function pointsIn(value: unknown): Point[] | null {
  if (!Array.isArray(value)) return null;
  const points = value.map(pointIn);
  return points.every((point) => point !== null) ? points : null;
}

const same = (one: Point | undefined, other: Point | undefined): boolean =>
  one !== undefined && other !== undefined && one[0] === other[0] && one[1] === other[1];

/** Four corners on the edges of pixels, one after the other. */
function isRectangle(points: readonly Point[]): boolean {
  if (points.length !== 4 || !points.flat().every(Number.isInteger)) return false;
  const turns = points.map((point, index) => {
    const next = points[(index + 1) % 4] ?? point;
    return point[0] === next[0] ? 'down' : point[1] === next[1] ? 'across' : 'askew';
  });
  return !turns.includes('askew') && turns[0] !== turns[1] && turns[0] === turns[2] && turns[1] === turns[3];
}

/** What a geometry is here, or why it is nothing. */
function shapesOf(geometry: unknown): ({ kind: Kind; points: Point[] } | string)[] {
  if (!isObject(geometry)) return ['no geometry'];
  const { type, coordinates } = geometry;
  const each = (single: string): ReturnType<typeof shapesOf> =>
    (Array.isArray(coordinates) ? coordinates : []).flatMap((part: unknown) => shapesOf({ type: single, coordinates: part }));
  if (type === 'MultiPoint' || type === 'MultiPolygon' || type === 'MultiLineString') return each(String(type).slice(5));
  if (type === 'GeometryCollection') return Array.isArray(geometry['geometries']) ? geometry['geometries'].flatMap(shapesOf) : [];
  if (type === 'Point') {
    const point = pointIn(coordinates);
    return [point ? { kind: 'point', points: [point] } : 'a point without coordinates'];
  }
  if (type === 'LineString') {
    const points = pointsIn(coordinates);
    if (!points) return ['a line without coordinates'];
    return [points.length === 2 ? { kind: 'line', points } : 'a line that has not two ends'];
  }
  if (type !== 'Polygon') return [`a geometry of type ${String(type)}`];
  const rings = Array.isArray(coordinates) ? coordinates : [];
  if (rings.length > 1) return ['a polygon with holes'];
  const ring = pointsIn(rings[0]);
  if (!ring) return ['a polygon without coordinates'];
  const points = ring.length > 1 && same(ring[0], ring.at(-1)) ? ring.slice(0, -1) : ring;
  const [first, , third] = points;
  return [isRectangle(points) && first && third ? { kind: 'rectangle', points: [first, third] } : { kind: 'polygon', points }];
}

function featuresIn(json: unknown): { geometry: unknown; properties: Json }[] {
  if (!isObject(json)) throw new Error('This is no GeoJSON');
  if (json['type'] === 'FeatureCollection' && Array.isArray(json['features'])) return json['features'].flatMap(featuresIn);
  const properties = isObject(json['properties']) ? json['properties'] : {};
  if (json['type'] === 'Feature') return [{ geometry: json['geometry'], properties }];
  if ('coordinates' in json || 'geometries' in json) return [{ geometry: json, properties: {} }];
  throw new Error('This is no GeoJSON');
}

/** The marks of a file beside those that are there. */
export function fromGeoJson(text: string, size: Size, there: readonly Mark[]): Left {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Error('This is no JSON');
  }
  const marks: Mark[] = [];
  const left: string[] = [];
  for (const { geometry, properties } of featuresIn(json)) {
    const { name, stroke } = properties;
    const colour = typeof stroke === 'string' ? /^#([0-9a-f]{6})$/i.exec(stroke)?.[1]?.toLowerCase() : undefined;
    for (const shape of shapesOf(geometry)) {
      const fresh = typeof shape === 'string' ? null : newMark([...there, ...marks], shape.kind, shape.points);
      const mark = fresh && markInside({
        ...fresh, ...(typeof name === 'string' && name.trim() !== '' ? { name: name.trim() } : {}), ...(colour ? { colour } : {}),
      }, size);
      if (mark && there.length + marks.length < MOST_MARKS) marks.push(mark);
      else if (mark) left.push(`more than ${MOST_MARKS} regions`);
      else left.push(typeof shape === 'string' ? shape : `a ${shape.kind} that is not on the image`);
    }
  }
  return { marks, left };
}
