// Tiles of samples as an OpenLayers layer: OpenLayers decides which tiles are drawn where, this draws them.
import type { FrameState } from 'ol/Map.js';
import BaseTileLayer from 'ol/layer/BaseTile.js';
import type { Coordinate } from 'ol/coordinate.js';
import type { Extent } from 'ol/extent.js';
import type { Size } from 'ol/size.js';
import type { Transform } from 'ol/transform.js';
import type { PyramidSource } from '../layer.ts';
import type { Lut } from './lut.ts';
import { NORMS, type Scale } from './norm.ts';
import { SampleRenderer } from './sample-renderer.ts';
import { type SampleTextures, texture } from './sample-textures.ts';
import { MOST_CHANNELS } from './samples.ts';
import { FRAGMENT } from './shader.ts';

type Colour = readonly [number, number, number];

/** How samples become colours. */
export interface Paint {
  /** By the numbers of the channels that are shown. */
  channels: ReadonlyMap<number, { scale: Scale; colour: Colour }>;
  composite: boolean;
  gamma: number;
  inverted: boolean;
  under: Colour | null;
  over: Colour | null;
  bad: Colour | null;
  opacity: number;
  /** Of two bands, the first without the second. */
  difference?: boolean;
}

const MOST_TEXTURE_BYTES = 256 * 2 ** 20;

class DataRenderer extends SampleRenderer<DataLayer> {
  private lut: WebGLTexture | null = null;
  private lutShown: Lut | null = null;
  /** What the scales and colours on the GPU are for. */
  private slots = '';

  constructor(layer: DataLayer, cacheSize: number) {
    super(layer, FRAGMENT, { cacheSize });
  }

  override afterHelperCreated(): void {
    this.lut = this.lutShown = null;
    super.afterHelperCreated();
  }

  override beforeTilesRender(frameState: FrameState, tilesWithAlpha: boolean): void {
    super.beforeTilesRender(frameState, tilesWithAlpha);
    const { program } = this;
    const { paint, lut, smooth, side } = this.getLayer();
    if (!program || !paint) return;
    const { helper } = this;
    const gl = helper.getGL();
    helper.useProgram(program, frameState);
    const number = helper.setUniformFloatValue.bind(helper);
    helper.setUniformFloatVec2('u_smooth', smooth.map(Number));
    number('u_side', side);
    number('u_composite', paint.composite ? 1 : 0);
    const [shown] = paint.channels.values();
    number('u_norm', Math.max(0, NORMS.indexOf(shown?.scale.norm ?? 'linear')));
    number('u_gamma', paint.gamma);
    number('u_inverted', paint.inverted ? 1 : 0);
    number('u_opacity', paint.opacity);
    number('u_difference', paint.difference ? 1 : 0);
    const { width } = helper.getCanvas();
    helper.setUniformFloatVec2('u_clip', this.getLayer().clip.map((share) => Math.round(share * width)));
    this.slots = '';
    for (const name of ['under', 'over', 'bad'] as const) {
      const colour = paint[name];
      helper.setUniformFloatVec4(`u_${name}Colour`, [...(colour ?? [0, 0, 0]), colour ? 1 : 0]);
    }
    if (lut && lut !== this.lutShown) {
      gl.deleteTexture(this.lut);
      this.lut = texture(gl, gl.RGBA, gl.UNSIGNED_BYTE, 256, 1, lut);
      this.lutShown = lut;
    }
  }

  /** Says which of a tile's channels are drawn how. False where it has none of those that are shown. */
  private setSlots(paint: Paint, channels: readonly number[], origin: number): boolean {
    const slots = channels.map((channel) => paint.channels.get(channel));
    const first = slots.findIndex((slot) => slot !== undefined);
    const key = `${channels.join()}@${origin}`;
    if (first < 0 || key === this.slots) return first >= 0;
    this.slots = key;
    const scales = new Float32Array(3 * MOST_CHANNELS);
    const colours = new Float32Array(4 * MOST_CHANNELS);
    slots.forEach((slot, index) => {
      if (!slot) return;
      const { lo, hi, linear } = slot.scale;
      scales.set([lo - origin, hi - origin, linear], 3 * (paint.composite ? index : 0));
      colours.set([...slot.colour, 1], 4 * index);
    });
    const { helper } = this;
    const gl = helper.getGL();
    helper.setUniformFloatValue('u_origin', origin);
    gl.uniform1i(helper.getUniformLocation('u_slot'), first);
    gl.uniform3fv(helper.getUniformLocation('u_scale[0]'), scales);
    gl.uniform4fv(helper.getUniformLocation('u_colour[0]'), colours);
    return true;
  }

  override renderTile(
    tile: SampleTextures, transform: Transform, { size: frame }: FrameState, extent: Extent, resolution: number,
    size: Size, origin: Coordinate, _tileExtent: Extent, depth: number,
  ): void {
    const { samples, first, second, bad } = tile;
    const { helper } = this;
    const { paint } = this.getLayer();
    const hasColours = paint?.composite === true || this.lut !== null;
    if (!samples || !first || !this.program || !paint || !hasColours) return;
    if (!this.setSlots(paint, tile.channels, samples.origin)) return;
    helper.bindTexture(first, 0, 'u_first');
    helper.bindTexture(second ?? first, 1, 'u_second');
    helper.bindTexture(bad ?? first, 2, 'u_bad');
    helper.bindTexture(this.lut ?? first, 3, 'u_lut');
    helper.setUniformFloatValue('u_hasBad', bad ? 1 : 0);
    helper.setUniformFloatValue('u_bands', samples.channels);
    this.drawTile(samples, tile.tile.tileCoord, { transform, frame, extent, resolution, size, origin, depth });
  }
}

export class DataLayer extends BaseTileLayer<PyramidSource, DataRenderer> {
  paint: Paint | null = null;
  lut: Lut | null = null;
  /** From where to where it is drawn, in shares of the map's width. */
  clip: readonly [number, number] = [0, 1];
  /** Across and down. */
  smooth: readonly [boolean, boolean] = [true, true];
  private waits = 0;

  constructor(
    source: PyramidSource,
    /** Samples along a side of a whole tile. */
    readonly side: number,
    channels: number,
    private readonly onFail: () => void,
  ) {
    const bytes = side * side * 4 * channels;
    super({ source, preload: 1, cacheSize: Math.max(192, Math.min(512, Math.floor(MOST_TEXTURE_BYTES / bytes))) });
  }

  override createRenderer(): DataRenderer {
    return new DataRenderer(this, this.getCacheSize() ?? 512);
  }

  override getRenderSource(): PyramidSource | null {
    return this.getSource();
  }

  show(paint: Paint): void {
    this.paint = paint;
    this.changed();
  }

  setLut(lut: Lut): void {
    this.lut = lut;
    this.changed();
  }

  setSmooth(across: boolean, down: boolean): void {
    if (across === this.smooth[0] && down === this.smooth[1]) return;
    this.smooth = [across, down];
    this.changed();
  }

  setClip(clip: readonly [number, number]): void {
    this.clip = clip;
    this.changed();
  }

  /** The picture is not complete until what this gives is called. */
  wait(): () => void {
    const source = this.getSource();
    if (source) source.loading = true;
    this.waits += 1;
    return () => {
      this.waits -= 1;
      if (this.waits > 0) return;
      if (source) source.loading = false;
      this.changed();
    };
  }

  fail(): void {
    queueMicrotask(this.onFail);
  }
}
