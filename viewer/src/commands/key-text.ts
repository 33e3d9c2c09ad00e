// Keys as the table names them, as the browser tells them, and as people read them.

const NAMES: Record<string, string> = {
  ArrowLeft: '←', ArrowUp: '↑', ArrowRight: '→', ArrowDown: '↓', '-': '−', Escape: 'Esc', L: 'Shift+L',
};

const isMac = (): boolean => /Mac|iPhone|iPad/.test(globalThis.navigator?.platform ?? '');

/** With Ctrl or Cmd it matters whether Shift is held; without, the character says it. */
export function keyOf(event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'shiftKey'>): string {
  if (!event.ctrlKey && !event.metaKey) return event.key;
  return `Mod+${event.shiftKey ? 'Shift+' : ''}${event.key.toLowerCase()}`;
}

export function keyText(key: string, mac = isMac()): string {
  const last = key.replace(/^Mod\+(Shift\+)?/, '');
  const name = NAMES[last] ?? (key === last ? last : last.toUpperCase());
  if (key === last) return name;
  const shift = key.startsWith('Mod+Shift+');
  return mac ? `${shift ? '⇧' : ''}⌘${name}` : `Ctrl+${shift ? 'Shift+' : ''}${name}`;
}
