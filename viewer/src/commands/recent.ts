// The commands that were used lately, the last one first.
const KEY = 'projectile-recent-commands';
const MOST = 6;

export function recentCommands(): string[] {
  try {
    const ids: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    return Array.isArray(ids) ? ids.filter((id) => typeof id === 'string').slice(0, MOST) : [];
  } catch {
    return [];
  }
}

export const withRecent = (ids: readonly string[], id: string): string[] => [id, ...ids.filter((other) => other !== id)].slice(0, MOST);

export function storeRecent(ids: readonly string[]): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(ids));
  } catch {
    // A frame without an address has no storage: they last as long as the page.
  }
}
