// What is kept: pictures, figures, links, samples.
import { REGION_FORMATS, type RegionFormat, SAVE_LABELS } from '../panels/save.ts';
import type { Command } from './command.ts';
import { hasImage, type Page } from './page.ts';

const section = 'Save';

async function keep(page: Page, done: string, run: () => Promise<void>): Promise<void> {
  try {
    await run();
    page.say(done);
  } catch (error) {
    page.problem(error);
  }
}

const samples = (format: RegionFormat): Command => ({
  id: `save.${format}`, title: `Save ${SAVE_LABELS[format].charAt(0).toLowerCase()}${SAVE_LABELS[format].slice(1)}`, section, also: `${format} download export region box`, available: hasImage,
  run: (page) => void keep(page, `Saved as ${format.toUpperCase()}`, () => page.saving.region(format)),
});

export const SAVE: readonly Command[] = [
  {
    id: 'save.view', title: 'Save the view as a PNG', section, also: 'screenshot picture download', available: hasImage,
    run: (page) => void keep(page, 'Saved', () => page.saving.view()),
  },
  {
    id: 'save.figure', title: 'Save a figure with a title and a scale of colours', section, also: 'picture publication download', available: hasImage,
    run: (page) => void keep(page, 'Saved', () => page.saving.figure()),
  },
  {
    id: 'save.link', title: 'Copy a link to what is shown', section, also: 'share url address permalink clipboard', available: hasImage,
    run: (page) => void keep(page, 'Link copied', () => page.saving.link()),
  },
  ...REGION_FORMATS.map(samples),
];
