// What the server says, as its own tests wrote it down (fixtures/api), and the viewer's types for it. Whatever these
// need and the server does not say is an error of the type check.
import colormapsJson from '../../fixtures/api/colormaps.json';
import closedJson from '../../fixtures/api/event-closed.json';
import helloJson from '../../fixtures/api/event-hello.json';
import imagesChangedJson from '../../fixtures/api/event-images.json';
import levelsJson from '../../fixtures/api/event-levels.json';
import refreshJson from '../../fixtures/api/event-refresh.json';
import screenshotJson from '../../fixtures/api/event-screenshot.json';
import setJson from '../../fixtures/api/event-set.json';
import histogramJson from '../../fixtures/api/histogram.json';
import cellsJson from '../../fixtures/api/image-cells.json';
import fieldJson from '../../fixtures/api/image-field.json';
import labelsJson from '../../fixtures/api/image-labels.json';
import photoJson from '../../fixtures/api/image-photo.json';
import noImagesJson from '../../fixtures/api/images-none.json';
import imagesJson from '../../fixtures/api/images.json';
import problemParameterJson from '../../fixtures/api/problem-parameter.json';
import problemJson from '../../fixtures/api/problem.json';
import profileJson from '../../fixtures/api/profile.json';
import stateJson from '../../fixtures/api/state.json';
import statisticsNothingJson from '../../fixtures/api/statistics-nothing.json';
import statisticsJson from '../../fixtures/api/statistics.json';
import uploadJson from '../../fixtures/api/upload.json';
import valueNumberJson from '../../fixtures/api/value-number.json';
import valueStrangeJson from '../../fixtures/api/value-strange.json';
import valueWideJson from '../../fixtures/api/value-wide.json';
import type { Colormap, ImageInfo, ImageList, PixelValue } from '../src/api.ts';
import type { Histogram } from '../src/histogram.ts';
import type { Profile, Statistics } from '../src/regions/measure.ts';
import type { Refresh } from '../src/revisions.ts';
import type { Settings, ShownState } from '../src/settings.ts';

/**
 * What the compiler knows of a JSON file that holds a `T`: a text is any text, a pair any array. Nothing is optional,
 * as this server says all of it.
 */
type Said<T> = unknown extends T ? unknown
  : T extends string ? string
    : T extends readonly (infer Item)[] ? Said<Item>[]
      : T extends object ? { [Key in keyof T]-?: Said<Exclude<T[Key], undefined>> }
        : T;

const of = <T>(said: Said<T>): T => said as unknown as T;

export const images = of<ImageList>(imagesJson);
export const noImages = of<ImageList>(noImagesJson);
export const field = of<ImageInfo>(fieldJson);
export const cells = of<ImageInfo>(cellsJson);
export const photo = of<ImageInfo>(photoJson);
export const labels = of<ImageInfo>(labelsJson);
export const colormaps = of<{ colormaps: Colormap[] }>(colormapsJson);
export const histogram = of<Histogram>(histogramJson);
export const statistics = of<Statistics>(statisticsJson);
export const statisticsOfNothing = of<Statistics>(statisticsNothingJson);
export const profile = of<Profile>(profileJson);
export const values = { number: of<PixelValue>(valueNumberJson), wide: of<PixelValue>(valueWideJson), strange: of<PixelValue>(valueStrangeJson) };
export const upload = of<{ images: string[] }>(uploadJson);

interface Problem { status: number; detail: string }
export const problem = of<Problem>(problemJson);
export const problemOfParameter = of<Problem & { parameter: string }>(problemParameterJson);

type OfImage = { image: string };
export const events = {
  hello: of<{ server: string; live: boolean; settings: Record<string, Settings> }>(helloJson),
  set: of<OfImage & Settings>(setJson),
  refresh: of<OfImage & Refresh>(refreshJson),
  levels: of<OfImage>(levelsJson),
  images: of<{ changed: string[] }>(imagesChangedJson),
  screenshot: of<{ client: string; request: string }>(screenshotJson),
  closed: closedJson,
};

/** What the viewer says. */
export const state = of<ShownState>(stateJson);
