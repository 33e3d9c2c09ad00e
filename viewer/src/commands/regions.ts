// Regions: drawing them, going to them, keeping them.
import type { Kind } from '../regions/mark.ts';
import type { Command, Provider } from './command.ts';
import { hasImage, type Page } from './page.ts';

const section = 'Regions';

const DRAW = 'Draw a rectangle, polygon, point; Enter draws one';

const draw = (kind: Kind, title: string, key: string, help: string, also: string): Command => ({
  id: `regions.${kind}`, title, section, keys: [key], help, also: `region ${also}`, available: hasImage,
  run: (page) => page.session.regions.toggleTool(kind),
});

const hasMarks = (page: Page): boolean => page.session.regions.marks.length > 0;

export const REGIONS: readonly Command[] = [
  draw('rectangle', 'Draw a rectangle', 'r', DRAW, 'roi measure statistics'),
  draw('polygon', 'Draw a polygon', 'p', DRAW, 'roi measure statistics'),
  draw('point', 'Draw a point', 'o', DRAW, 'pixel value marker'),
  draw('line', 'Measure along a line', 'm', 'Measure along a line; Enter draws one', 'ruler profile distance length draw'),
  {
    id: 'regions', title: 'Regions and measures', section, keys: ['e'], help: 'List of regions', also: 'roi list', available: hasImage,
    run: (page) => {
      page.chrome.setPanelOpen(true);
      page.session.regions.section.focus();
    },
  },
  {
    id: 'regions.delete', title: 'Delete the selected region', section, keys: ['Delete'], also: 'remove', available: (page) => page.session.regions.hasSelected,
    run: (page) => page.session.regions.removeSelected(),
  },
  { id: 'regions.clear', title: 'Delete all regions', section, also: 'remove clear', available: hasMarks, run: (page) => page.session.regions.removeAll() },
  { id: 'regions.export', title: 'Export the regions as GeoJSON', section, also: 'save file download', available: hasMarks, run: (page) => page.session.regions.section.export() },
  { id: 'regions.import', title: 'Import regions from GeoJSON', section, also: 'load file open', available: hasImage, run: (page) => page.session.regions.section.import() },
];

export const marks: Provider = (page) => page.session.regions.marks.map(({ name, kind }, index) => ({
  id: `regions.go.${index}`, title: `Go to ${name}`, section, also: `region select ${kind}`, run: () => page.session.regions.goTo(index),
}));
