// Labels are drawn twice: first which label is where, then, for each pixel of the screen, its colour or its outline.
import { ROW } from './palette.ts';

/** The index of the label as a colour. What is not there yet stays transparent. */
export const WHICH = `
precision highp float;
varying vec2 v_at;
varying vec2 v_local;
uniform vec4 u_renderExtent;
uniform sampler2D u_first;
uniform float u_side;
uniform vec2 u_size;
void main() {
  if (v_local.x < u_renderExtent[0] || v_local.y < u_renderExtent[1]
    || v_local.x > u_renderExtent[2] || v_local.y > u_renderExtent[3]) discard;
  // A little off the boundaries between pixels, so that rounding is the same everywhere.
  vec2 at = v_at * u_side + 0.001;
  if (at.x >= u_size.x || at.y >= u_size.y) {
    gl_FragColor = vec4(0.0);
    return;
  }
  float index = texture2D(u_first, (min(floor(at), u_size - 1.0) + 0.5) / u_size).r;
  vec3 bytes = vec3(mod(index, 256.0), mod(floor(index / 256.0), 256.0), floor(index / 65536.0));
  gl_FragColor = vec4(bytes / 255.0, 1.0);
}`;

export const WHOLE_SCREEN = `
precision highp float;
attribute vec2 a_position;
void main() {
  gl_Position = vec4(a_position, 0.0, 1.0);
}`;

/** Outlines lie inside of their labels, so that of two that touch both are seen. */
export const COLOURS = `
precision highp float;
uniform sampler2D u_image;
uniform sampler2D u_palette;
uniform float u_opacity;
uniform vec2 u_frame;
uniform float u_rows;
uniform float u_pixel;
uniform float u_outline;

vec4 which(vec2 place) {
  return floor(texture2D(u_image, place / u_frame) * 255.0 + 0.5);
}

/** Whether another label is so far away. What is beyond the image is none. */
bool isEdge(vec4 own, float away) {
  for (int i = 0; i < 8; i++) {
    float angle = float(i) * 0.78539816;
    vec2 place = gl_FragCoord.xy + floor(vec2(cos(angle), sin(angle)) * away + 0.5);
    vec4 other = which(clamp(place, vec2(0.5), u_frame - 0.5));
    if (other.a > 0.0 && other.rgb != own.rgb) return true;
  }
  return false;
}

void main() {
  vec4 own = which(gl_FragCoord.xy);
  float index = dot(own.rgb, vec3(1.0, 256.0, 65536.0));
  vec2 entry = vec2(mod(index, ${ROW}.0) + 0.5, floor(index / ${ROW}.0) + 0.5);
  vec4 label = texture2D(u_palette, entry / vec2(${ROW}.0, u_rows));
  gl_FragColor = vec4(0.0);
  if (own.a == 0.0 || label.a == 0.0) return;
  bool selected = label.a > 0.75;
  if (selected && isEdge(own, 2.0 * u_pixel)) {
    gl_FragColor = vec4(1.0);
    return;
  }
  // A dark line along the white one, for images that are white themselves.
  if (selected && isEdge(own, 3.0 * u_pixel)) {
    gl_FragColor = vec4(0.0, 0.0, 0.0, 1.0);
    return;
  }
  if (u_outline > 0.0 && !isEdge(own, u_outline * u_pixel)) return;
  gl_FragColor = vec4(label.rgb, 1.0) * u_opacity;
}`;
