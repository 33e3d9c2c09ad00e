// How tiles of samples are drawn where OpenLayers wants them; what of them is drawn is another's (data-layer.ts, labels/).
import type { Coordinate } from 'ol/coordinate.js';
import type { Extent } from 'ol/extent.js';
import type BaseTileLayer from 'ol/layer/BaseTile.js';
import WebGLBaseTileLayerRenderer, { type Options, Uniforms as BaseUniforms } from 'ol/renderer/webgl/TileLayerBase.js';
import type { Size } from 'ol/size.js';
import { create as createTransform, reset as resetTransform, type Transform, translate as translateTransform } from 'ol/transform.js';
import { create as createMatrix, fromTransform as mat4FromTransform } from 'ol/vec/mat4.js';
import { ARRAY_BUFFER, ELEMENT_ARRAY_BUFFER, STATIC_DRAW } from 'ol/webgl.js';
import type { TileRepresentationOptions } from 'ol/webgl/BaseTileRepresentation.js';
import WebGLArrayBuffer from 'ol/webgl/Buffer.js';
import type { PyramidSource } from '../layer.ts';
import { watchContext } from './context-loss.ts';
import { SampleTextures, type Tile } from './sample-textures.ts';
import { VERTEX } from './shader.ts';

const [CORNERS, TRIANGLES] = [[0, 1, 1, 1, 1, 0, 0, 0], [0, 1, 3, 1, 2, 3]];

/** Of a tile over the next, in twice a CSS pixel: without it a pixel whose middle is on the edge may be in neither. */
const OVERLAP = 1 / 32;

/** Where a tile is drawn, as OpenLayers says it. */
export interface Spot {
  transform: Transform;
  /** The size of the frame. */
  frame: Size;
  extent: Extent;
  resolution: number;
  size: Size;
  origin: Coordinate;
  depth: number;
}

interface SampleLayer extends BaseTileLayer<PyramidSource, SampleRenderer<SampleLayer>> {
  /** The GPU does not draw after all. */
  fail(): void;
}

export abstract class SampleRenderer<L extends SampleLayer> extends WebGLBaseTileLayerRenderer<L, Tile, SampleTextures> {
  protected program: WebGLProgram | null = null;
  private unwatch: () => void = () => undefined;
  private readonly local = createTransform();
  private readonly matrix = createMatrix();
  private readonly corners = new WebGLArrayBuffer(ARRAY_BUFFER, STATIC_DRAW);
  private readonly triangles = new WebGLArrayBuffer(ELEMENT_ARRAY_BUFFER, STATIC_DRAW);

  constructor(layer: L, private readonly fragment: string, options: Options) {
    super(layer, options);
    this.corners.fromArray(CORNERS);
    this.triangles.fromArray(TRIANGLES);
  }

  override afterHelperCreated(): void {
    super.afterHelperCreated();
    this.unwatch();
    const layer = this.getLayer();
    this.unwatch = watchContext(this.helper.getCanvas(), () => layer.changed(), () => layer.fail());
    try {
      this.program = this.helper.getProgram(this.fragment, VERTEX);
      this.helper.flushBufferData(this.corners);
      this.helper.flushBufferData(this.triangles);
    } catch {
      this.program = null;
      layer.fail();
    }
  }

  /** Whose canvas is given up has nothing to lose. */
  override removeHelper(): void {
    this.unwatch();
    super.removeHelper();
  }

  /** OpenLayers reads ahead once a frame is drawn, when the layer may be no more. */
  override enqueueTiles(...asked: Parameters<WebGLBaseTileLayerRenderer<L, Tile, SampleTextures>['enqueueTiles']>): void {
    if (!this.disposed) super.enqueueTiles(...asked);
  }

  override createTileRepresentation(options: TileRepresentationOptions<Tile>): SampleTextures {
    return new SampleTextures(options);
  }

  /** With the program and its textures as they are by then. */
  protected drawTile(
    samples: { width: number; height: number }, [, x = 0, y = 0]: readonly number[],
    { transform, frame, extent, resolution, size, origin, depth }: Spot,
  ): void {
    const { helper } = this;
    helper.bindBuffer(this.corners);
    helper.bindBuffer(this.triangles);
    helper.enableAttributes([{ name: 'a_corner', size: 2, type: 0x1406 }]);
    helper.setUniformFloatVec2('u_size', [samples.width, samples.height]);
    const overlapping = transform.map((value, index) => value + (index === 0 ? OVERLAP / (frame[0] ?? 1) : index === 3 ? -OVERLAP / (frame[1] ?? 1) : 0));
    helper.setUniformMatrixValue(BaseUniforms.TILE_TRANSFORM, mat4FromTransform(this.matrix, overlapping));
    helper.setUniformFloatValue(BaseUniforms.DEPTH, depth);
    const [width = 0, height = 0] = size.map((length) => length * resolution);
    helper.setUniformFloatVec2('u_tileExtent', [width, height]);
    this.applyRenderExtentUniform(extent, translateTransform(
      resetTransform(this.local), -((origin[0] ?? 0) + x * width), -((origin[1] ?? 0) - y * height)));
    helper.drawElements(0, this.triangles.getSize());
  }
}
