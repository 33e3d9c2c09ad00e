// What the snippet for Viv imports, as one file for a page.
import { Deck, OrthographicView } from '@deck.gl/core';
import { loadOmeZarr, MultiscaleImageLayer } from '@hms-dbmi/viv';

export { Deck, loadOmeZarr, MultiscaleImageLayer, OrthographicView };
