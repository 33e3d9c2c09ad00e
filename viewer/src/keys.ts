// The keyboard. What each key does is said once, for the handler and for the help sheet.
export interface KeyActions {
  pan(right: number, down: number): void;
  zoom(factor: number): void;
  fit(): void;
  oneToOne(): void;
  step(by: number): void;
  gallery(): void;
  help(): void;
  fullscreen(): void;
  theme(): void;
  colormap(): void;
}

export const KEY_HELP: readonly (readonly [keys: string, meaning: string])[] = [
  ['← ↑ → ↓', 'Pan'],
  ['+ −', 'Zoom in, out'],
  ['0', 'Fit the whole image'],
  ['1', 'One image pixel per screen pixel'],
  ['[ ]', 'Previous, next image'],
  ['g', 'Gallery'],
  ['c', 'Choose a colormap'],
  ['f', 'Full screen'],
  ['d', 'Dark or light'],
  ['?', 'This help'],
];

const STEP = 0.25;

export function installKeys(actions: KeyActions): void {
  const table: Record<string, () => void> = {
    ArrowLeft: () => actions.pan(-STEP, 0),
    ArrowRight: () => actions.pan(STEP, 0),
    ArrowUp: () => actions.pan(0, -STEP),
    ArrowDown: () => actions.pan(0, STEP),
    '+': () => actions.zoom(2),
    '=': () => actions.zoom(2),
    '-': () => actions.zoom(0.5),
    _: () => actions.zoom(0.5),
    '0': () => actions.fit(),
    '1': () => actions.oneToOne(),
    '[': () => actions.step(-1),
    ']': () => actions.step(1),
    g: () => actions.gallery(),
    '?': () => actions.help(),
    f: () => actions.fullscreen(),
    d: () => actions.theme(),
    c: () => actions.colormap(),
  };
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const target = event.target instanceof HTMLElement ? event.target : null;
    if (target?.closest('input, select, textarea, dialog')) return;
    const action = Object.hasOwn(table, event.key) ? table[event.key] : undefined;
    if (!action) return;
    event.preventDefault();
    action();
  });
}
