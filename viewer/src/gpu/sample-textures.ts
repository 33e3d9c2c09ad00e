// The samples of a tile as textures.
import type DataTile from 'ol/DataTile.js';
import type ImageTile from 'ol/ImageTile.js';
import BaseTileRepresentation, { type TileRepresentationOptions } from 'ol/webgl/BaseTileRepresentation.js';
import type WebGLHelper from 'ol/webgl/Helper.js';
import type { Samples } from './samples.ts';

export type Tile = ImageTile;

export function texture(
  gl: WebGLRenderingContext, format: number, type: number, width: number, height: number, data: ArrayBufferView,
): WebGLTexture | null {
  const made = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D, made);
  for (const side of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, side, gl.CLAMP_TO_EDGE);
  for (const filter of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, filter, gl.NEAREST);
  gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
  gl.texImage2D(gl.TEXTURE_2D, 0, format, width, height, 0, format, type, data);
  return made;
}

/** Channels `from` to `to` of samples in which they lie side by side. */
function part(values: Float32Array, channels: number, from: number, to: number): Float32Array {
  const count = to - from;
  const out = new Float32Array((values.length / channels) * count);
  for (let pixel = 0, at = 0; at < out.length; pixel += channels) {
    for (let channel = from; channel < to; channel += 1) out[at++] = values[pixel + channel] ?? 0;
  }
  return out;
}

/** The channels that a tile was asked for with, from the key of its source (layer.ts); without any it is the only one. */
const channelsOf = (key: string): number[] =>
  (new URLSearchParams(key.slice(key.indexOf('?'))).get('c') ?? '0').split(',').map(Number);

export class SampleTextures extends BaseTileRepresentation<Tile> {
  samples: Samples | null = null;
  channels: readonly number[] = [];
  first: WebGLTexture | null = null;
  second: WebGLTexture | null = null;
  bad: WebGLTexture | null = null;

  constructor(options: TileRepresentationOptions<Tile>) {
    super(options);
    this.setTile(options.tile);
  }

  override uploadTile(): void {
    const gl = this.helper?.getGL();
    // The loader of the source gives samples (layer.ts).
    const samples = (this.tile as unknown as DataTile).getData() as unknown as Samples | null;
    if (!gl || !samples) return;
    this.channels = channelsOf(this.tile.key);
    this.helper?.getExtension('OES_texture_float');
    this.free(gl);
    this.samples = samples;
    const { width, height, channels, values, bad } = samples;
    if (width > 0 && height > 0) {
      const formats = [gl.LUMINANCE, gl.LUMINANCE_ALPHA, gl.RGB, gl.RGBA];
      const format = (count: number): number => formats[count - 1] ?? gl.RGBA;
      const many = channels > 4;
      this.first = texture(
        gl, format(Math.min(4, channels)), gl.FLOAT, width, height, many ? part(values, channels, 0, 4) : values);
      if (many) {
        this.second = texture(gl, format(channels - 4), gl.FLOAT, width, height, part(values, channels, 4, channels));
      }
      if (bad) this.bad = texture(gl, gl.LUMINANCE, gl.UNSIGNED_BYTE, width, height, bad);
    }
    this.setReady();
  }

  override setHelper(helper: WebGLHelper | null): void {
    const gl = this.helper?.getGL();
    if (gl) this.free(gl);
    super.setHelper(helper);
  }

  private free(gl: WebGLRenderingContext): void {
    for (const each of [this.first, this.second, this.bad]) gl.deleteTexture(each);
    this.first = this.second = this.bad = null;
  }
}
