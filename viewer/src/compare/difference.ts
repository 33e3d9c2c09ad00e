// The first image without the second, in diverging colours: drawn by the GPU from the samples of both.
import { Colours } from '../gpu/colours.ts';
import { DataLayer } from '../gpu/data-layer.ts';
import { scaleOf } from '../gpu/norm.ts';
import { pixelProjection } from '../layer.ts';
import { fittingLimit } from './pair.ts';
import { PairSource, type Plane } from './pair-source.ts';
import { density, type Ground, smooth } from './sheet.ts';

export class Difference {
  layer: DataLayer;
  private source: PairSource;
  private colours: Colours;
  private limit: number | null = null;
  private colormap = '';

  constructor(
    private readonly ground: Ground,
    private first: Plane,
    private other: Plane,
  ) {
    [this.source, this.layer, this.colours] = this.make();
  }

  /** False if the tiles that are there will do. */
  show(first: Plane, other: Plane): boolean {
    this.first = first;
    this.other = other;
    const asks = this.source.showPair(first, other);
    this.paint();
    return asks;
  }

  /** The difference at either end of the colours; null where that is not known yet. */
  colour(limit: number | null, colormap: string): void {
    this.limit = limit;
    this.colormap = colormap;
    this.paint();
  }

  /** A limit that fits what is seen; null where nothing of it is there. */
  fitting(): number | null {
    const { map } = this.ground;
    const view = map.getView();
    const [grid, resolution] = [this.source.getTileGrid(), view.getResolution()];
    if (!grid || resolution === undefined) return null;
    const z = grid.getZForResolution(resolution);
    const tiles: [number, number][] = [];
    grid.forEachTileCoord(view.calculateExtent(map.getSize()), z, ([, x = 0, y = 0]) => { tiles.push([x, y]); });
    return fittingLimit(this.source.distances(z, tiles));
  }

  smooth(): void {
    smooth(this.ground, this.source, this.layer);
  }

  /** Pixels have another shape. True if the layer is another now. */
  stretch(): boolean {
    if (this.source.stretchTo(this.ground.stretch())) return false;
    this.dispose();
    [this.source, this.layer, this.colours] = this.make();
    this.paint();
    return true;
  }

  reload(): void {
    this.source.reload();
    this.paint();
  }

  touch(shows: boolean): void {
    this.source.touch(shows);
  }

  dispose(): void {
    this.source.stop();
    this.colours.stop();
    const { layer } = this;
    // The frame that is being drawn may still want it.
    setTimeout(() => layer.dispose());
  }

  private make(): [PairSource, DataLayer, Colours] {
    const { ground, first, other } = this;
    const stretch = ground.stretch();
    const source = new PairSource(
      first, other, pixelProjection(ground.info, stretch), density(), ground.tiles, () => undefined, stretch);
    const layer = new DataLayer(source, first.info.tile_size, 2, () => ground.onNoGpu());
    smooth(ground, source, layer);
    return [source, layer, new Colours(layer, (error) => ground.onProblem(error))];
  }

  private paint(): void {
    if (this.limit === null) return;
    // Samples are found by the channel that their tiles were asked for with.
    const [channel = 0] = (new URLSearchParams(this.first.query).get('c') ?? '0').split(',').map(Number);
    this.layer.show({
      channels: new Map([[channel, { scale: scaleOf('linear', -this.limit, this.limit), colour: [1, 1, 1] }]]),
      composite: false, gamma: 1, inverted: false, under: null, over: null, bad: null, opacity: 1, difference: true,
    });
    this.colours.show(this.colormap);
  }
}
