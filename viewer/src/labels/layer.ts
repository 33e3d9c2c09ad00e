// Labels as an OpenLayers layer. Nothing is asked for when other labels are hidden, or have other colours.
import type { Coordinate } from 'ol/coordinate.js';
import type { Extent } from 'ol/extent.js';
import BaseTileLayer from 'ol/layer/BaseTile.js';
import type { FrameState } from 'ol/Map.js';
import { getCacheKey } from 'ol/renderer/webgl/TileLayerBase.js';
import type { Size } from 'ol/size.js';
import type { Transform } from 'ol/transform.js';
import { SampleRenderer } from '../gpu/sample-renderer.ts';
import { type SampleTextures, texture } from '../gpu/sample-textures.ts';
import type { PyramidSource } from '../layer.ts';
import type { Label } from './colours.ts';
import { Palette, ROW } from './palette.ts';
import { COLOURS, WHICH, WHOLE_SCREEN } from './shader.ts';
import { type Choice, type LabelsState, plainLabels } from './state.ts';
import type { LabelTable } from './table.ts';

/** Of outlines, in CSS pixels. */
const OUTLINE = 1.5;
const MOST_TEXTURE_BYTES = 64 * 2 ** 20;

class LabelRenderer extends SampleRenderer<LabelLayer> {
  private colours: WebGLTexture | null = null;

  constructor(layer: LabelLayer, cacheSize: number) {
    super(layer, WHICH, {
      cacheSize,
      postProcesses: [{
        vertexShader: WHOLE_SCREEN, fragmentShader: COLOURS,
        uniforms: {
          u_outline: () => (layer.outline ? OUTLINE : 0),
          u_pixel: ({ pixelRatio }: FrameState) => pixelRatio,
          u_frame: () => {
            const { drawingBufferWidth, drawingBufferHeight } = this.helper.getGL();
            return [drawingBufferWidth, drawingBufferHeight];
          },
        },
      }],
    });
  }

  override afterHelperCreated(): void {
    this.colours = null;
    super.afterHelperCreated();
  }

  override beforeTilesRender(frameState: FrameState, tilesWithAlpha: boolean): void {
    super.beforeTilesRender(frameState, tilesWithAlpha);
    if (!this.program) return;
    this.helper.useProgram(this.program, frameState);
    this.helper.setUniformFloatValue('u_side', this.getLayer().side);
  }

  override renderTile(
    tile: SampleTextures, transform: Transform, { size: frame }: FrameState, extent: Extent, resolution: number,
    size: Size, origin: Coordinate, _tileExtent: Extent, depth: number,
  ): void {
    const { samples, first } = tile;
    if (!samples || !first || !this.program) return;
    this.helper.bindTexture(first, 0, 'u_first');
    this.drawTile(samples, tile.tile.tileCoord, { transform, frame, extent, resolution, size, origin, depth });
  }

  /** Before the second drawing, whose texture and program are the current ones. */
  override dispatchPreComposeEvent(gl: WebGLRenderingContext, frameState: FrameState): void {
    super.dispatchPreComposeEvent(gl, frameState);
    const { palette, choice } = this.getLayer();
    gl.activeTexture(gl.TEXTURE0);
    for (const filter of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, filter, gl.NEAREST);
    gl.activeTexture(gl.TEXTURE1);
    if (palette.update(choice) || !this.colours) {
      gl.deleteTexture(this.colours);
      this.colours = texture(gl, gl.RGBA, gl.UNSIGNED_BYTE, ROW, palette.rows, palette.bytes);
    }
    gl.bindTexture(gl.TEXTURE_2D, this.colours);
    const program = gl.getParameter(gl.CURRENT_PROGRAM) as WebGLProgram;
    gl.uniform1i(gl.getUniformLocation(program, 'u_palette'), 1);
    gl.uniform1f(gl.getUniformLocation(program, 'u_rows'), palette.rows);
  }

  /** The index of the label that is drawn at a place of the map. */
  indexAt(coordinate: Coordinate, resolution: number): number | null {
    for (const { tile, bounds } of this.tilesFrom(resolution, coordinate)) {
      const { width, height, values } = tile;
      const { side } = this.getLayer();
      const [left, , right, top] = bounds;
      const cell = (right - left) / side;
      const cellDown = (top - bounds[1]) / side;
      const x = Math.floor(((coordinate[0] ?? 0) - left) / cell);
      const y = Math.floor((top - (coordinate[1] ?? 0)) / cellDown);
      return x < width && y < height ? values[y * width + x] ?? null : null;
    }
    return null;
  }

  /** Where on the map an index lies, of the finest tiles that were seen. */
  extentOf(index: number): Extent | null {
    const source = this.getLayer().getSource();
    const grid = source?.getTileGrid();
    if (!source || !grid) return null;
    const found = new Map<number, Extent>();
    this.tileRepresentationCache.forEach(({ tile, samples }) => {
      const at = samples ? samples.values.indexOf(index) : -1;
      if (!samples || at < 0 || tile.key !== source.getKey()) return;
      const [z = 0] = tile.tileCoord;
      const box = boxOf(samples, index, at, grid.getTileCoordExtent(tile.tileCoord), this.getLayer().side);
      const other = found.get(z) ?? box;
      found.set(z, [Math.min(box[0], other[0] ?? 0), Math.min(box[1], other[1] ?? 0), Math.max(box[2], other[2] ?? 0), Math.max(box[3], other[3] ?? 0)]);
    });
    return found.get(Math.max(...found.keys())) ?? null;
  }

  /** From the tile that the resolution asks for to coarser ones. */
  private* tilesFrom(resolution: number, coordinate: Coordinate): Generator<{ tile: NonNullable<SampleTextures['samples']>; bounds: [number, number, number, number] }> {
    const source = this.getLayer().getSource();
    const grid = source?.getTileGrid();
    if (!source || !grid) return;
    for (let z = grid.getZForResolution(resolution); z >= 0; z -= 1) {
      const place = grid.getTileCoordForCoordAndZ(coordinate, z);
      const key = getCacheKey(source, place);
      if (!this.tileRepresentationCache.containsKey(key)) continue;
      const { samples } = this.tileRepresentationCache.get(key);
      if (samples) yield { tile: samples, bounds: grid.getTileCoordExtent(place) as [number, number, number, number] };
    }
  }
}

/** Of an index in a tile; `first` is where it is first met. */
function boxOf(
  { width, values }: NonNullable<SampleTextures['samples']>, index: number, first: number, tile: Extent, side: number,
): [number, number, number, number] {
  let [x0, x1, y1] = [width, 0, 0];
  const y0 = Math.floor(first / width);
  for (let at = first; at < values.length; at += 1) {
    if (values[at] !== index) continue;
    const x = at % width;
    if (x < x0) x0 = x;
    if (x > x1) x1 = x;
    y1 = Math.floor(at / width);
  }
  const [left = 0, bottom = 0, right = 0, top = 0] = tile;
  const [across, down] = [(right - left) / side, (top - bottom) / side];
  return [left + x0 * across, top - (y1 + 1) * down, left + (x1 + 1) * across, top - y0 * down];
}

export class LabelLayer extends BaseTileLayer<PyramidSource, LabelRenderer> {
  readonly palette: Palette;
  choice: Choice = plainLabels();
  outline = false;

  constructor(
    source: PyramidSource,
    /** Labels along a side of a whole tile. */
    readonly side: number,
    private readonly table: LabelTable,
    private readonly onFail: () => void,
  ) {
    // No fewer than a large screen shows, with what is around it.
    super({ source, preload: 1, cacheSize: Math.max(128, Math.min(512, Math.floor(MOST_TEXTURE_BYTES / (4 * side * side)))) });
    this.palette = new Palette(table);
  }

  override createRenderer(): LabelRenderer {
    return new LabelRenderer(this, this.getCacheSize() ?? 512);
  }

  override getRenderSource(): PyramidSource | null {
    return this.getSource();
  }

  show(state: LabelsState, opacity: number): void {
    this.choice = state;
    this.outline = state.outline;
    this.setVisible(state.visible);
    this.setOpacity(opacity);
    this.changed();
  }

  /** What is seen at a place of the map; null where no label is. */
  labelAt(coordinate: Coordinate, resolution: number): Label | null {
    if (!this.getVisible()) return null;
    const index = this.getRenderer()?.indexAt(coordinate, resolution) ?? 0;
    return index > 0 && this.palette.isShown(index) ? this.table.at(index) : null;
  }

  /** Where on the map a label was seen. */
  extentOf(label: Label): Extent | null {
    const index = this.table.find(label);
    return index ? this.getRenderer()?.extentOf(index) ?? null : null;
  }

  fail(): void {
    queueMicrotask(this.onFail);
  }
}
