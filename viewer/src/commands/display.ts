// How the image is shown: its window, its colours, its channels.
import { reversedName } from '../colormaps.ts';
import { dtypeRange, parseNumber } from '../format.ts';
import { NORMS } from '../gpu/norm.ts';
import { gpuIsThere } from '../gpu/support.ts';
import { showing, withSwitched } from '../panels/channels.ts';
import { PERCENTILES, percentileTitle } from '../panels/contrast.ts';
import { title } from '../panels/section.ts';
import { chosenChannels, type Display, offersChannels, plainLook, takesColormap, takesWindow } from '../state.ts';
import { numbersIn, percentIn } from './argument.ts';
import { asking, type Command, type Provider } from './command.ts';
import { hasImage, type Page, shown } from './page.ts';

const section = 'Display';

const when = (holds: typeof takesWindow) => (page: Page): boolean => {
  const now = shown(page);
  return now !== null && holds(now.info, now.display);
};
const hasWindow = when(takesWindow);
const hasColormap = when(takesColormap);
/** Where the GPU colours the tiles, there is more to choose. */
const hasLook = when((info) => gpuIsThere() && (info.kind === 'gray' || info.kind === 'channels'));

const change = (page: Page, made: Partial<Display>): void => page.session.change(made);
const setWindow = (page: Page, vmin: number | null, vmax: number | null): void => change(page, { vmin, vmax, windows: new Map() });

function colormapNow(page: Page): string {
  const now = shown(page);
  return now?.display.colormap ?? now?.info.colormap ?? '';
}

const reversed = (page: Page): string | null => reversedName(colormapNow(page) || 'gray', page.panel.maps);

function dataRange(page: Page): { min: number; max: number } | null {
  const { min, max } = shown(page)?.info.statistics ?? {};
  return min == null || max == null ? null : { min, max };
}

function readWindow(typed: string, page: Page): (() => void) | null {
  const [vmin, vmax] = numbersIn(typed, 2) ?? [];
  return vmin === undefined || vmax === undefined ? null : () => setWindow(page, vmin, vmax);
}

function readGamma(typed: string, page: Page): (() => void) | null {
  const gamma = parseNumber(typed);
  return gamma === null || gamma < 0.25 || gamma > 4 ? null : () => change(page, { gamma });
}

function readOpacity(typed: string, page: Page): (() => void) | null {
  const percent = percentIn(typed);
  return percent === null || percent < 0 || percent > 100 ? null : () => change(page, { opacity: percent / 100 });
}

export const DISPLAY: readonly Command[] = [
  {
    id: 'colormap', title: 'Choose a colormap', section, keys: ['c'], also: 'colours colors palette list', available: hasImage,
    run: (page) => {
      page.chrome.setPanelOpen(true);
      page.panel.focusColormap();
    },
  },
  {
    id: 'colormap.browse', title: 'Browse the colormaps', section, also: 'colours colors strips', available: hasColormap,
    run: (page) => {
      page.chrome.setPanelOpen(true);
      page.panel.browseColormaps();
    },
  },
  {
    id: 'colormap.reverse', title: 'Reverse the colormap', section, also: 'turn round colours', available: (page) => hasColormap(page) && reversed(page) !== null,
    run: (page) => change(page, { colormap: reversed(page) }),
  },
  {
    id: 'window.auto', title: 'Auto contrast', section, also: 'window default own reset levels', available: hasWindow,
    run: (page) => setWindow(page, null, null),
  },
  ...PERCENTILES.map(([p]): Command => ({
    id: `window.p${p}`, title: `Window: ${percentileTitle(p).toLowerCase()}`, section, also: 'auto contrast percentile stretch', available: (page) => hasWindow(page) && page.panel.contrast.hasHistogram,
    run: (page) => page.panel.contrast.setPercentile(p),
  })),
  {
    id: 'window.data', title: 'Window: all of the data', section, also: 'contrast least greatest range', available: (page) => hasWindow(page) && dataRange(page) !== null,
    run: (page) => {
      const range = dataRange(page);
      if (range) setWindow(page, range.min, range.max);
    },
  },
  {
    id: 'window.type', title: 'Window: all that the type can hold', section, also: 'contrast dtype range', available: (page) => hasWindow(page) && dtypeRange(shown(page)?.info.dtype ?? '') !== null,
    run: (page) => {
      const range = dtypeRange(shown(page)?.info.dtype ?? '');
      if (range) setWindow(page, range.min, range.max);
    },
  },
  asking({
    id: 'window', title: 'Window', section, also: 'contrast levels range vmin vmax from to', available: hasWindow,
    argument: { hint: 'from to', read: readWindow },
  }),
  asking({ id: 'gamma', title: 'Gamma', section, also: 'contrast', available: hasLook, argument: { hint: '0.25 to 4', read: readGamma } }),
  asking({ id: 'opacity', title: 'Opacity', section, also: 'transparency', available: hasLook, argument: { hint: 'percent', read: readOpacity } }),
  ...NORMS.map((norm): Command => ({
    id: `norm.${norm}`, title: `Scale: ${title(norm)}`, section, also: 'norm stretch', available: hasLook,
    run: (page) => change(page, { norm }),
  })),
  {
    id: 'invert', title: 'Invert: light for dark', section, also: 'negative', available: hasLook,
    run: (page) => change(page, { inverted: !shown(page)?.display.inverted }),
  },
  {
    id: 'display.reset', title: 'Reset the display', section, also: 'default colours window channels original', available: hasImage,
    // Where it is along the axes is a place rather than a look.
    run: (page) => change(page, { ...plainLook(), colormap: null, vmin: null, vmax: null, resampling: null, channels: null }),
  },
  {
    id: 'histogram.log', title: 'Histogram: logarithms of the counts, or not', section, available: (page) => hasWindow(page) && page.panel.contrast.hasHistogram,
    run: (page) => page.panel.contrast.toggle('log'),
  },
  {
    id: 'histogram.view', title: 'Histogram: only of what is in view, or of all', section, available: (page) => hasWindow(page) && page.panel.contrast.hasHistogram,
    run: (page) => page.panel.contrast.toggle('ofView'),
  },
  {
    id: 'window.lock', title: 'Keep the window for other images, or not', section, also: 'lock contrast', available: hasWindow,
    run: (page) => page.panel.contrast.toggle('locked'),
  },
  {
    id: 'channels.auto', title: "Channels: the image's own choice", section, also: 'auto default', available: when(offersChannels),
    run: (page) => change(page, { ...showing(null), colours: new Map() }),
  },
  {
    id: 'channels.all', title: 'Channels: all', section, also: 'every', available: when(offersChannels),
    run: (page) => change(page, showing(shown(page)?.info.channels.map((_, index) => index) ?? null)),
  },
];

export const colormaps: Provider = (page) => [{ name: '', text: 'none' }, ...page.panel.maps.map(({ name }) => ({ name, text: name }))]
  .map(({ name, text }) => ({
    id: `colormap.${text}`, title: `Colormap: ${text}`, section, also: 'colours colors', available: hasColormap,
    run: () => change(page, { colormap: name }),
  }));

export const resamplings: Provider = (page) => {
  const names = shown(page)?.info.resamplings ?? [];
  return names.length < 2 ? [] : names.map((name) => ({
    id: `resampling.${name}`, title: `Reduce by: ${title(name)}`, section, also: 'resampling downsampling',
    run: () => change(page, { resampling: name }),
  }));
};

export const channels: Provider = (page) => {
  const now = shown(page);
  if (!now || !offersChannels(now.info)) return [];
  const chosen = chosenChannels(now.info, now.display);
  return now.info.channels.flatMap(({ name }, index) => {
    const next = withSwitched(chosen, index);
    const only: Command = {
      id: `channel.only.${index}`, title: `Channel: only ${name}`, section, run: () => change(page, showing([index])),
    };
    const other: Command = {
      id: `channel.${index}`, title: `Channel: ${chosen.includes(index) ? 'hide' : 'show'} ${name}`, section, also: 'toggle', run: () => change(page, showing(next)),
    };
    return next ? [only, other] : [only];
  });
};
