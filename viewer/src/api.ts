// The server's JSON, and how it is asked.
import { type Ask, transport } from './transport.ts';

export type Kind = 'gray' | 'gray-alpha' | 'rgb' | 'rgba' | 'channels' | 'labels';

export interface ImageSummary {
  id: string;
  name: string;
  width: number;
  height: number;
  channels: number;
  dtype: string;
  kind: Kind;
  format: string;
  version: string;
}

export interface ImageList {
  version: string;
  tile_size: number;
  /** Whether files are taken, and how many bytes of them. */
  upload?: { limit: number } | null;
  images: ImageSummary[];
}

export interface Channel {
  name: string;
  color: string | null;
  vmin: number | null;
  vmax: number | null;
}

export interface ExtraAxis {
  name: string;
  size: number;
}

export interface Dimension {
  name: string;
  /** What to show: the name when nothing better is known. */
  label: string;
  size: number;
  unit: string | null;
  coordinates: { start: number; step: number } | { values: (number | string)[] } | null;
}

export interface Level {
  level: number;
  state: string;
}

export interface ImageInfo {
  id: string;
  name: string;
  version: string;
  format: string;
  width: number;
  height: number;
  shape: number[];
  axes: string[];
  dtype: string;
  kind: Kind;
  channels: Channel[];
  /** The channels that the server composites when none are chosen. */
  visible: number[];
  extra_axes: ExtraAxis[];
  max_zoom: number;
  tile_size: number;
  native_zoom: number;
  levels: Level[];
  provisional: boolean;
  resampling: string;
  resamplings: string[];
  colormap: string | null;
  window: { vmin: number | null; vmax: number | null; from: string } | null;
  statistics: { min: number | null; max: number | null; mean?: number | null; sampled?: boolean } | null;
  nodata: number | string | null;
  /** What the file says besides. */
  details?: Record<string, unknown>;
  /** How often its pixels have changed. */
  revision?: number;
  residence?: 'memory' | 'local' | 'remote';
  /** One for each axis, in storage order. */
  dimensions?: Dimension[];
}

export type SampleValue = number | string | null;

export interface PixelValue {
  x: number;
  y: number;
  dtype: string;
  values: SampleValue[];
  channels: string[];
}

export interface Colormap {
  name: string;
  category: string;
}

/** What the server said no to, in its own words. */
export class ProblemError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly parameter: string | null = null,
    readonly retryAfter: number | null = null,
  ) {
    super(message);
    this.name = 'ProblemError';
  }
}

/** The server could not be reached at all. */
export class ConnectionError extends Error {
  constructor() {
    super('connection lost');
    this.name = 'ConnectionError';
  }
}

/** The server said that it ends: it is not asked for anything any more. */
export class EndedError extends Error {
  constructor() {
    super('the server has ended');
    this.name = 'EndedError';
  }
}

let ended = false;

export function endRequests(): void {
  ended = true;
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

export function imagePath(id: string): string {
  return `images/${encodeURIComponent(id)}`;
}

/** Seconds of a Retry-After header; dates and nonsense are null. */
export function parseRetryAfter(value: string | null): number | null {
  if (value === null || value.trim() === '') return null;
  const seconds = Number(value);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds : null;
}

async function problemOf(response: Response): Promise<ProblemError> {
  let detail = response.statusText || `the server answered ${response.status}`;
  let parameter: string | null = null;
  try {
    const body: unknown = await response.json();
    if (typeof body === 'object' && body !== null) {
      const problem = body as { detail?: unknown; title?: unknown; parameter?: unknown };
      if (typeof problem.detail === 'string') detail = problem.detail;
      else if (typeof problem.title === 'string') detail = problem.title;
      if (typeof problem.parameter === 'string') parameter = problem.parameter;
    }
  } catch {
    // Not JSON: the status says enough.
  }
  const wait = parseRetryAfter(response.headers.get('Retry-After'));
  return new ProblemError(response.status, detail, parameter, wait);
}

/** A successful response, or a ProblemError, a ConnectionError or an AbortError. */
export async function request(path: string, ask?: Ask): Promise<Response> {
  if (ended) throw new EndedError();
  let response: Response;
  try {
    response = await transport().request(path, ask);
  } catch (error) {
    if (isAbort(error)) throw error;
    throw new ConnectionError();
  }
  if (!response.ok) throw await problemOf(response);
  return response;
}

async function json<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await request(path, signal ? { signal } : {});
  try {
    return (await response.json()) as T;
  } catch (error) {
    if (isAbort(error)) throw error;
    throw new ProblemError(response.status, `${path}: the answer is not JSON`);
  }
}

export const fetchImages = (): Promise<ImageList> => json('images');

export const fetchInfo = (id: string, signal?: AbortSignal): Promise<ImageInfo> =>
  json(imagePath(id), signal);

export const fetchColormaps = async (): Promise<Colormap[]> =>
  (await json<{ colormaps: Colormap[] }>('colormaps')).colormaps;

/** Sends a file; the ids of the images in it. */
export async function uploadFile(file: File): Promise<string[]> {
  const target = `upload?name=${encodeURIComponent(file.name)}`;
  const response = await request(target, { method: 'POST', type: 'application/octet-stream', body: file });
  return ((await response.json()) as { images: string[] }).images;
}

export function fetchValue(
  id: string,
  x: number,
  y: number,
  planes: ReadonlyMap<string, number | string>,
  signal: AbortSignal,
): Promise<PixelValue> {
  const query = new URLSearchParams({ x: String(x), y: String(y) });
  for (const [name, plane] of planes) query.set(name, String(plane));
  return json(`${imagePath(id)}/value?${query.toString()}`, signal);
}
