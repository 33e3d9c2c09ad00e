// Which image is looked at.
import type { Command, Provider } from './command.ts';
import type { Page } from './page.ts';

const section = 'Images';
const several = (page: Page): boolean => page.images().length > 1;

export const IMAGES: readonly Command[] = [
  { id: 'image.previous', title: 'Previous image', section, keys: ['['], help: 'Previous, next image', available: several, run: (page) => page.step(-1) },
  { id: 'image.next', title: 'Next image', section, keys: [']'], help: 'Previous, next image', available: several, run: (page) => page.step(1) },
  { id: 'gallery', title: 'Gallery', section, keys: ['g'], also: 'all images overview', available: several, run: (page) => page.toGallery() },
  {
    // Where the server takes none it says so, and how it would.
    id: 'files', title: 'Open files', section, keys: ['u'], help: 'Open files, where the server takes them', also: 'upload load add',
    run: (page) => page.chooseFiles(),
  },
];

export const images: Provider = (page) => page.images().map(({ id, name }) => ({
  id: `image.${id}`, title: `Open image: ${name}`, section, also: id, available: () => page.session.image !== id,
  run: () => page.openImage(id),
}));
