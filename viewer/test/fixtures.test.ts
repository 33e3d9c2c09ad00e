// The viewer's own code over what the server's own code says: the types are checked in fixtures.ts, the rest here.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { fetchColormaps, fetchImages, fetchInfo, type ImageInfo, type Kind, ProblemError, request, uploadFile } from '../src/api.ts';
import { describeIndex } from '../src/dimensions.ts';
import { formatValues } from '../src/format.ts';
import { fetchHistogram, percentileWindow } from '../src/histogram.ts';
import { Live } from '../src/live.ts';
import { shownState } from '../src/settings.ts';
import { chosenChannels, defaultDisplay, defaultWindow } from '../src/state.ts';
import { type EventHandlers, HttpTransport, setTransport } from '../src/transport.ts';
import * as said from './fixtures.ts';

const KINDS: Record<Kind, true> = { gray: true, 'gray-alpha': true, rgb: true, rgba: true, channels: true, labels: true };
const RESIDENCES: Record<NonNullable<ImageInfo['residence']>, true> = { memory: true, local: true, remote: true };

function answering(body: unknown, status = 200): void {
  const response = new Response(JSON.stringify(body), { status });
  setTransport(Object.assign(new HttpTransport(), { request: () => Promise.resolve(response) }));
}

afterEach(() => setTransport(new HttpTransport()));

describe('what the server says', () => {
  it('has each kind of image, under the name that the viewer knows it by', async () => {
    answering(said.images);
    const { images, upload } = await fetchImages();
    expect(new Set(images.map(({ kind }) => kind))).toEqual(new Set(Object.keys(KINDS)));
    expect(upload).toEqual({ limit: 1000 });
    expect(said.noImages).toMatchObject({ images: [], upload: null });
  });

  it('describes images so that the viewer knows how to show them', async () => {
    for (const [info, channels] of [[said.field, [0]], [said.cells, [0, 1]], [said.photo, [0, 1, 2]], [said.labels, [0]]] as const) {
      answering(info);
      const found = await fetchInfo(info.id);
      expect(KINDS[found.kind] && found.residence && RESIDENCES[found.residence], found.id).toBe(true);
      expect(chosenChannels(found, defaultDisplay())).toEqual(channels);
      expect(found.shape.length).toBe(found.axes.length);
      expect(found.dimensions?.map(({ name }) => name)).toEqual(found.axes);
    }
    const coordinates = said.field.dimensions?.map((dimension) => describeIndex(dimension, 1));
    expect(coordinates).toEqual(['dusk', '40 °', '0.5 °']);
    expect(defaultWindow(said.field, defaultDisplay())).toEqual({ vmin: 0, vmax: 79 });
  });

  it('lists colormaps', async () => {
    answering(said.colormaps);
    expect((await fetchColormaps()).find(({ name }) => name === 'viridis')).toEqual({ name: 'viridis', category: 'sequential' });
  });

  it('counts values', async () => {
    answering(said.histogram);
    const found = await fetchHistogram('field', '', new AbortController().signal);
    expect(found && percentileWindow(found, '1')).toEqual({ lo: 40, hi: 79 });
    expect(found?.counts.length).toBe(4);
  });

  it('tells values to the last digit', () => {
    expect(formatValues(said.values.number)).toContain('57');
    expect(formatValues(said.values.wide)).toContain('18446744073709551615');
    expect(formatValues(said.values.strange).toLowerCase()).toContain('nan');
  });

  it('measures', () => {
    expect(said.statistics.channels.map(({ name, median }) => [name, median])).toEqual([['nuclei', 11], ['membrane', 59]]);
    expect(said.statisticsOfNothing.channels[0]).toMatchObject({ count: 0, mean: null });
    expect(said.profile.channels[0]?.values.length).toBe(said.profile.distances.length);
  });

  it('says which parameter is wrong', async () => {
    for (const [problem, parameter] of [[said.problem, null], [said.problemOfParameter, said.problemOfParameter.parameter]] as const) {
      answering(problem, problem.status);
      const refusal: unknown = await request('').catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(ProblemError);
      expect(refusal).toMatchObject({ status: problem.status, message: problem.detail, parameter });
    }
  });

  it('names the images of a file that it took', async () => {
    answering(said.upload);
    expect(await uploadFile(new File([], 'scan.tiff'))).toEqual(['scan']);
  });
});

describe('what the server tells', () => {
  it('is understood in full', () => {
    let stream: EventHandlers | null = null;
    const answers: string[] = [];
    setTransport(Object.assign(new HttpTransport(), {
      events: (_target: string, handlers: EventHandlers) => {
        stream = handlers;
        return { close: () => undefined };
      },
      request: (target: string) => {
        answers.push(target);
        return Promise.resolve(new Response(null, { status: 204 }));
      },
    }));
    const on = {
      onHello: vi.fn(), onOtherServer: vi.fn(), onRefresh: vi.fn(), onSet: vi.fn(), onLevels: vi.fn(), onImages: vi.fn(),
      onScreenshot: vi.fn(() => Promise.resolve(null)), onClosed: vi.fn(), state: () => null,
    };
    const live = new Live(on);
    live.start();
    const { hello, set, refresh, levels, images, screenshot, closed } = said.events;
    const { on: hear } = stream as unknown as EventHandlers;
    const send = (name: string, data: object): void => hear[name]?.(JSON.stringify(data));
    const { image, ...settings } = set;
    send('hello', hello);
    expect(on.onHello).toHaveBeenCalledTimes(1);
    expect(live.settings.get('staged')).toEqual(settings);
    send('set', set);
    expect(on.onSet).toHaveBeenCalledWith(image, settings);
    send('refresh', refresh);
    const { revision, region, indices } = refresh;
    expect(on.onRefresh).toHaveBeenCalledWith('staged', { revision, region, indices });
    send('levels', levels);
    expect(on.onLevels).toHaveBeenCalledWith('staged');
    send('images', images);
    expect(on.onImages).toHaveBeenCalledWith(['staged']);
    send('screenshot', screenshot);
    expect(on.onScreenshot).not.toHaveBeenCalled();
    send('screenshot', { ...screenshot, client: live.client });
    expect(on.onScreenshot).toHaveBeenCalledTimes(1);
    send('closed', closed);
    expect(on.onClosed).toHaveBeenCalledTimes(1);
  });
});

describe('what the viewer says', () => {
  it('is what the server is tested to understand', () => {
    const { client, selection } = said.state;
    const display = { ...defaultDisplay(), vmin: -0.5, vmax: 80, axes: new Map([['t', 1]]) };
    const told = shownState(client, said.field, display, { x: 4, y: 2.5, zoom: 5.25 }, [1280, 720], selection);
    expect(told).toEqual(said.state);
  });
});
