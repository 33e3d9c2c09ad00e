// What the server measures of marks: statistics of areas, the value of a point, the profile of a line.
import { imagePath, type ImageInfo, isAbort, type PixelValue } from '../api.ts';
import { chosenChannels, type Display, planesOf } from '../state.ts';
import { loadTile, type TileReports } from '../tile-loader.ts';
import type { Ask } from '../transport.ts';
import type { Mark } from './mark.ts';

type Maybe = number | null;

export interface ChannelStatistics {
  name: string;
  /** Samples, and those of them that are numbers. */
  count: number;
  valid: number;
  min: Maybe;
  max: Maybe;
  mean: Maybe;
  std: Maybe;
  median: Maybe;
}

export interface Statistics {
  pixels: number;
  sampled: boolean;
  channels: ChannelStatistics[];
}

export interface Profile {
  distances: number[];
  channels: { name: string; values: Maybe[] }[];
}

export type Measured =
  | { of: 'statistics'; statistics: Statistics }
  | { of: 'profile'; profile: Profile }
  | { of: 'value'; value: PixelValue }
  | { of: 'problem'; message: string };

/** The channels that are measured; null is all there are. */
export const measuredChannels = (info: ImageInfo, display: Display): number[] | null =>
  (info.kind === 'channels' || display.channels !== null ? chosenChannels(info, display) : null);

export function measurePath(info: ImageInfo, display: Display, { kind, points }: Mark): string {
  const query: string[] = [];
  const [first = [0, 0], second = [0, 0]] = points;
  const channels = measuredChannels(info, display);
  if (channels !== null && kind !== 'point') query.push(`c=${channels.join(',')}`);
  for (const [name, plane] of planesOf(display)) query.push(`${encodeURIComponent(name)}=${plane}`);
  const what = { rectangle: 'statistics', polygon: 'statistics', point: 'value', line: 'profile' }[kind];
  if (kind === 'rectangle') query.push(`x0=${first[0]}&y0=${first[1]}&x1=${second[0]}&y1=${second[1]}`);
  else if (kind === 'point') query.push(`x=${first[0]}&y=${first[1]}`);
  else query.push(`${kind === 'line' ? 'line' : 'polygon'}=${points.flat().join(',')}`);
  return `${imagePath(info.id)}/${what}?${query.join('&')}`;
}

/** The server takes no longer addresses. */
const MOST_ADDRESS = 4000;

/** How to ask for a path: where it is too long for an address, its parameters are sent as a body. */
export function asked(path: string): { target: string; ask: Ask } {
  if (path.length <= MOST_ADDRESS) return { target: path, ask: {} };
  const [target = '', query = ''] = path.split('?');
  const parameters = query.split('&').map((pair) => pair.split('=').map(decodeURIComponent));
  const body = JSON.stringify(Object.fromEntries(parameters));
  return { target, ask: { method: 'POST', type: 'application/json', body } };
}

async function read(response: Response): Promise<Measured> {
  const json: unknown = await response.json();
  if ((json as Statistics).pixels !== undefined) return { of: 'statistics', statistics: json as Statistics };
  if ((json as Profile).distances !== undefined) return { of: 'profile', profile: json as Profile };
  return { of: 'value', value: json as PixelValue };
}

const AT_ONCE = 3;
const MOST_KNOWN = 2000;

const ignore = (): void => undefined;

/** Asks for what is wanted and not known yet; answers nobody waits for any more are given up. */
export class Measurer {
  private readonly known = new Map<string, Measured>();
  private stale = new Set<string>();
  private wanted: string[] = [];
  private readonly asking = new Map<string, AbortController>();

  constructor(
    private readonly onMeasured: () => void,
    private readonly reports: Pick<TileReports, 'onConnection'>,
  ) {}

  /** The last that is known, if anything; `isCurrent` if nothing newer is asked for. */
  of(path: string): { measured: Measured | null; isCurrent: boolean } {
    const measured = this.known.get(path) ?? null;
    return { measured, isCurrent: measured !== null && !this.stale.has(path) };
  }

  want(paths: readonly string[]): void {
    this.wanted = [...new Set(paths)];
    for (const [path, work] of this.asking) {
      if (this.wanted.includes(path)) continue;
      this.asking.delete(path);
      work.abort();
    }
    this.next();
  }

  /** The pixels have changed. */
  refresh(): void {
    this.stale = new Set(this.known.keys());
    for (const work of this.asking.values()) work.abort();
    this.asking.clear();
    this.next();
  }

  forget(): void {
    this.want([]);
    this.known.clear();
    this.stale.clear();
  }

  private next(): void {
    for (const path of this.wanted) {
      if (this.asking.size >= AT_ONCE) return;
      if (!this.asking.has(path) && !this.of(path).isCurrent) void this.ask(path);
    }
  }

  private async ask(path: string): Promise<void> {
    const work = new AbortController();
    this.asking.set(path, work);
    let measured: Measured;
    try {
      const { target, ask } = asked(path);
      // A problem is shown where the measure would be.
      const reports = { ...this.reports, onProblem: ignore, onProvisional: ignore };
      measured = (await loadTile(target, work.signal, reports, read, ask)).tile;
    } catch (error) {
      if (work.signal.aborted || isAbort(error)) return;
      measured = { of: 'problem', message: error instanceof Error ? error.message : String(error) };
    }
    if (this.asking.get(path) !== work) return;
    this.asking.delete(path);
    this.stale.delete(path);
    this.known.delete(path);
    this.known.set(path, measured);
    for (const oldest of this.known.keys()) {
      if (this.known.size <= MOST_KNOWN) break;
      if (!this.wanted.includes(oldest)) this.known.delete(oldest);
      else break;
    }
    this.onMeasured();
    this.next();
  }
}
