// What is compared, in a link: `compare=swipe&b.image=cells&b.t=3&compare.share=0.3`. The fields of the second image are
// those of an ordinary link after `b.`, of the third after `c.`, and so on.
import { parseNumber } from '../format.ts';
import type { Permalink } from '../permalink.ts';
import { type Compare, isMode, letterOf, MOST_OTHERS, plainCompare } from './state.ts';

export interface CompareLink extends Compare {
  /** Where they are is where the first one is. */
  others: Permalink[];
}

const prefixOf = (index: number): string => `${letterOf(index + 1).toLowerCase()}.`;

/** No axis is called so. */
export const isOfCompare = (name: string): boolean => /^(compare$|compare\.|[b-i]\.)/.test(name);

/** How an image is shown, without where and what is drawn upon it. */
export const lookOf = (link: Permalink): Permalink =>
  ({ ...link, x: null, y: null, zoom: null, stretch: null, box: null, regions: [], compare: null });

export function parseCompare(fields: URLSearchParams, parse: (hash: string) => Permalink): CompareLink | null {
  const mode = fields.get('compare') ?? '';
  if (!isMode(mode)) return null;
  const others: Permalink[] = [];
  for (let index = 0; index < MOST_OTHERS; index += 1) {
    const prefix = prefixOf(index);
    const own = new URLSearchParams([...fields].flatMap(([name, text]) =>
      (name.startsWith(prefix) ? [[name.slice(prefix.length), text]] : [])));
    if (own.get('image')) others.push(lookOf(parse(own.toString())));
  }
  if (others.length === 0) return null;
  const link: CompareLink = { ...plainCompare(mode), others };
  const number = (name: string): number | null => parseNumber(fields.get(`compare.${name}`) ?? '');
  const share = number('share');
  if (share !== null && share >= 0 && share <= 1) link.share = share;
  const rate = number('rate');
  if (rate !== null && rate > 0 && rate <= 10) link.rate = rate;
  const limit = number('limit');
  if (limit !== null && limit > 0) link.limit = limit;
  link.colormap = fields.get('compare.colormap') || null;
  link.linked = fields.get('compare.linked') === '1';
  const active = /^[b-i]$/.exec(fields.get('compare.active') ?? '')?.[0];
  if (active) link.active = Math.min(others.length, active.charCodeAt(0) - 97);
  return link;
}

/** With one more; the panel is of it if `activates`. */
export function withOther(link: CompareLink | null, other: Permalink, activates: boolean): CompareLink {
  const { others, active, ...rest } = link ?? { ...plainCompare(activates ? 'side' : 'swipe'), others: [] };
  return { ...rest, others: [...others, other], active: activates ? others.length + 1 : active };
}

/** Without one; null when none is left. */
export function withoutOther(link: CompareLink | null, index: number): CompareLink | null {
  const others = (link?.others ?? []).filter((_, at) => at !== index);
  if (!link || others.length === 0) return null;
  const active = link.active > index + 1 ? link.active - 1 : link.active === index + 1 ? 0 : link.active;
  return { ...link, others, active };
}

/** A and B in each other's place. */
export function swapped(link: Permalink): Permalink | null {
  const { compare } = link;
  const [other, ...rest] = compare?.others ?? [];
  if (!compare || !other) return null;
  const { x, y, zoom, stretch, box, regions } = link;
  const active = compare.active < 2 ? 1 - compare.active : compare.active;
  return { ...other, x, y, zoom, stretch, box, regions, compare: { ...compare, active, others: [lookOf(link), ...rest] } };
}

/** Parts of a link, to be joined by `&`. */
export function formatCompare(compare: CompareLink | null, format: (link: Permalink) => string): string[] {
  if (!compare || compare.others.length === 0) return [];
  const { mode, share, rate, limit, colormap, linked, active, others } = compare;
  const plain = plainCompare(mode);
  const parts = [`compare=${mode}`];
  const add = (name: string, value: string | number | null): void => {
    if (value !== null) parts.push(`compare.${name}=${encodeURIComponent(value)}`);
  };
  add('share', share === plain.share ? null : Number(share.toFixed(4)));
  add('rate', rate === plain.rate ? null : rate);
  add('limit', limit);
  add('colormap', colormap);
  add('linked', linked ? 1 : null);
  add('active', active > 0 ? letterOf(active).toLowerCase() : null);
  others.forEach((other, index) => {
    const fields = format(lookOf(other)).replace(/^#/, '').split('&').filter((field) => field !== '');
    parts.push(...fields.map((field) => prefixOf(index) + field));
  });
  return parts;
}
