// A comparison as text that is plain and can be told apart, for the history of what was done. Of which image the panel is
// is no part of it: nobody wants to undo a look.
import { formatPermalink, parsePermalink } from '../permalink.ts';
import { type CompareLink, formatCompare } from './link.ts';

export const textOfCompare = (link: CompareLink | null): string =>
  formatCompare(link && { ...link, active: 0 }, formatPermalink).join('&');

/** The panel stays of the `active` image, where that is still there. */
export function compareOfText(text: string, active = 0): CompareLink | null {
  const { compare } = parsePermalink(text);
  return compare && { ...compare, active: active > compare.others.length ? 0 : active };
}
