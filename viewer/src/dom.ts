// A few lines instead of a framework.
import { splitIntegers, triads } from './format.ts';

type Attributes = Record<string, string | number | boolean | null>;

export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null) continue;
    element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children);
  return element;
}

const PATHS = {
  previous: 'M15 5l-7 7 7 7',
  next: 'M9 5l7 7-7 7',
  gallery: 'M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h6v6h-6z',
  theme: 'M12 3a9 9 0 1 0 9 9 7 7 0 0 1-9-9z',
  open: 'M12 16V4m0 0L7.5 8.5M12 4l4.5 4.5M4 15v4h16v-4',
  search: 'M10.5 4a6.5 6.5 0 1 0 0 13a6.5 6.5 0 0 0 0-13M15.3 15.3L20.5 20.5',
  help: 'M9.2 9a3 3 0 1 1 4.3 2.7c-1 .5-1.5 1.2-1.5 2.3M12 17.5v.01',
  fullscreen: 'M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5',
  panel: 'M4 7h10M18 7h2M4 17h2M10 17h10M16 5v4M8 15v4',
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
  fit: 'M8 4H4v4M16 4h4v4M20 16v4h-4M8 20H4v-4M9 9h6v6H9z',
  play: 'M8 5.5v13l10.5-6.5z',
  select: 'M4 7V4h3M10.5 4h3M17 4h3v3M20 10.5v3M20 17v3h-3M13.5 20h-3M7 20H4v-3M4 13.5v-3',
  rectangle: 'M4 6h16v12H4z',
  polygon: 'M12 4l8 6-3 10H7L4 10z',
  point: 'M12 3v6M12 15v6M3 12h6M15 12h6M12 12v.01',
  line: 'M3 16L16 3l5 5L8 21zM7 12l2 2M10 9l3 3M13 6l2 2',
  target: 'M12 5a7 7 0 1 0 0 14a7 7 0 0 0 0-14M12 2v5M12 17v5M2 12h5M17 12h5',
  delete: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13',
  undo: 'M8 5L4 9l4 4M4 9h10a5 5 0 0 1 0 10h-3',
  redo: 'M16 5l4 4-4 4M20 9H10a5 5 0 0 0 0 10h3',
  close: 'M6 6l12 12M18 6L6 18',
  pause: 'M8 5v14M16 5v14',
} as const;

export type IconName = keyof typeof PATHS;

export function icon(name: IconName): SVGSVGElement {
  const namespace = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(namespace, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  svg.classList.add('icon');
  const path = document.createElementNS(namespace, 'path');
  path.setAttribute('d', PATHS[name]);
  svg.append(path);
  return svg;
}

export function button(
  name: IconName | string,
  label: string,
  onClick: () => void,
  attributes: Attributes = {},
): HTMLButtonElement {
  const isIcon = name in PATHS;
  // Who speaks to the page says what is written on it.
  const isSaid = ` ${label.toLowerCase()} `.includes(` ${name.toLowerCase()} `);
  const spoken = isIcon || isSaid ? label : `${name}: ${label}`;
  const element = el(
    'button',
    { type: 'button', 'aria-label': spoken, title: label, class: isIcon ? 'icon-button' : 'text-button', ...attributes },
    isIcon ? icon(name as IconName) : name,
  );
  element.addEventListener('click', onClick);
  return element;
}

/** Text in which long integers are set in groups of three; what is copied from it has the digits alone. */
export function grouped(text: string): Node[] {
  return splitIntegers(text).map((part, index) => {
    if (index % 2 === 0) return document.createTextNode(part);
    return el('span', { class: 'number' }, ...triads(part).map((triad) => el('span', {}, triad)));
  });
}

/** Calls `run` at most once in `milliseconds`, always with the last state. */
export function throttle(run: () => void, milliseconds: number): { (): void; cancel(): void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last = -Infinity;
  const call = (): void => {
    if (timer !== undefined) return;
    const wait = Math.max(0, last + milliseconds - performance.now());
    timer = setTimeout(() => {
      timer = undefined;
      last = performance.now();
      run();
    }, wait);
  };
  call.cancel = (): void => {
    clearTimeout(timer);
    timer = undefined;
  };
  return call;
}
