// What is done for each pixel on the screen: look up the samples, spread them over the colours, add channels up.
import { MOST_CHANNELS } from './samples.ts';

export const VERTEX = `
attribute vec2 a_corner;
uniform mat4 u_tileTransform;
uniform float u_depth;
uniform vec2 u_tileExtent;
varying vec2 v_at;
varying vec2 v_local;
void main() {
  v_at = a_corner;
  v_local = vec2(u_tileExtent.x * a_corner.x, -u_tileExtent.y * a_corner.y);
  gl_Position = u_tileTransform * vec4(a_corner, u_depth, 1.0);
}`;

/** The order of `u_norm` is that of NORMS. */
export const FRAGMENT = `
precision highp float;
varying vec2 v_at;
varying vec2 v_local;
uniform vec4 u_renderExtent;
uniform sampler2D u_first;
uniform sampler2D u_second;
uniform sampler2D u_bad;
uniform sampler2D u_lut;
uniform float u_hasBad;
uniform float u_bands;
uniform float u_side;
uniform vec2 u_size;
uniform vec2 u_smooth;
uniform float u_composite;
uniform int u_slot;
uniform float u_norm;
uniform float u_gamma;
uniform float u_inverted;
uniform float u_opacity;
uniform vec2 u_clip;
uniform float u_difference;
uniform float u_origin;
uniform vec4 u_underColour;
uniform vec4 u_overColour;
uniform vec4 u_badColour;
uniform vec3 u_scale[${MOST_CHANNELS}];
uniform vec4 u_colour[${MOST_CHANNELS}];

vec4 first, second, badFirst, badSecond;

void read(vec2 texel, out vec4 a, out vec4 b, out vec4 badA, out vec4 badB) {
  vec2 at = (texel + 0.5) / u_size;
  a = texture2D(u_first, at);
  b = vec4(0.0);
  // Two bands are luminance and alpha.
  if (u_bands == 2.0) a = a.raaa;
  if (u_bands > 4.0) {
    b = texture2D(u_second, at);
    if (u_bands == 6.0) b = b.raaa;
  }
  badA = vec4(0.0);
  badB = vec4(0.0);
  if (u_hasBad > 0.0) {
    float bits = floor(texture2D(u_bad, at).r * 255.0 + 0.5);
    badA = mod(floor(bits / vec4(1.0, 2.0, 4.0, 8.0)), 2.0);
    badB = mod(floor(bits / vec4(16.0, 32.0, 64.0, 128.0)), 2.0);
  }
}

/** What of a pixel and the next is mixed: along an axis that is not smooth the nearer one is all. */
vec2 mixed(vec2 part) {
  return mix(step(0.5, part), part, u_smooth);
}

/** One band of which all are values: the usual case, and much less to do. */
void lookSimply(vec2 at) {
  badFirst = vec4(0.0);
  if (u_smooth == vec2(0.0)) {
    first = texture2D(u_first, (min(floor(at), u_size - 1.0) + 0.5) / u_size);
    return;
  }
  vec2 corner = floor(at - 0.5);
  vec2 part = mixed(at - 0.5 - corner);
  vec4 box = (clamp(vec4(corner, corner + 1.0), vec4(0.0), u_size.xyxy - 1.0) + 0.5) / u_size.xyxy;
  float top = mix(texture2D(u_first, box.xy).r, texture2D(u_first, box.zy).r, part.x);
  float bottom = mix(texture2D(u_first, box.xw).r, texture2D(u_first, box.zw).r, part.x);
  first = vec4(mix(top, bottom, part.y));
}

void look(vec2 at) {
  vec2 nearest = min(floor(at), u_size - 1.0);
  read(nearest, first, second, badFirst, badSecond);
  if (u_smooth == vec2(0.0)) return;
  // Values are mixed, not colours, and only those that are values.
  vec2 corner = floor(at - 0.5);
  vec2 part = mixed(at - 0.5 - corner);
  vec4 sumA = vec4(0.0), sumB = vec4(0.0), weightA = vec4(0.0), weightB = vec4(0.0);
  for (int i = 0; i < 4; i++) {
    vec2 step = vec2(mod(float(i), 2.0), floor(float(i) / 2.0));
    vec2 shares = mix(1.0 - part, part, step);
    vec4 a, b, badA, badB;
    read(clamp(corner + step, vec2(0.0), u_size - 1.0), a, b, badA, badB);
    vec4 shareA = shares.x * shares.y * (1.0 - badA);
    vec4 shareB = shares.x * shares.y * (1.0 - badB);
    sumA += shareA * a;
    sumB += shareB * b;
    weightA += shareA;
    weightB += shareB;
  }
  first = sumA / max(weightA, vec4(1e-6));
  second = sumB / max(weightB, vec4(1e-6));
}

float bend(float value, vec3 scale) {
  if (u_norm == 0.0) return value;
  if (u_norm == 1.0) return sqrt(max(value - scale.x, 0.0));
  value += u_origin;
  if (u_norm == 2.0) return log(max(value, 1e-37));
  float x = abs(value) / scale.z;
  if (u_norm == 3.0) return sign(value) * log(1.0 + x);
  return sign(value) * log(x + sqrt(x * x + 1.0));
}

float share(float value, vec3 scale) {
  float low = bend(scale.x, scale);
  float high = bend(scale.y, scale);
  if (!(high > low)) return 0.0;
  float t = clamp((bend(value, scale) - low) / (high - low), 0.0, 1.0);
  if (u_gamma != 1.0) t = pow(t, u_gamma);
  return u_inverted > 0.0 ? 1.0 - t : t;
}

float pick(int i, vec4 a, vec4 b) {
  if (i == 0) return a.x;
  if (i == 1) return a.y;
  if (i == 2) return a.z;
  if (i == 3) return a.w;
  return i == 4 ? b.x : b.y;
}

void main() {
  if (v_local.x < u_renderExtent[0] || v_local.y < u_renderExtent[1]
    || v_local.x > u_renderExtent[2] || v_local.y > u_renderExtent[3]) discard;
  if (gl_FragCoord.x < u_clip.x || gl_FragCoord.x >= u_clip.y) discard;
  // A little off the boundaries between pixels, so that rounding is the same everywhere.
  vec2 at = v_at * u_side + 0.001;
  if (at.x >= u_size.x || at.y >= u_size.y) {
    gl_FragColor = vec4(0.0);
    return;
  }
  if (u_bands == 1.0 && u_hasBad == 0.0 && u_composite == 0.0) lookSimply(at);
  else look(at);
  vec4 colour = vec4(0.0);
  if (u_composite > 0.0) {
    vec3 sum = vec3(0.0);
    float seen = 0.0;
    for (int i = 0; i < ${MOST_CHANNELS}; i++) {
      float value = pick(i, first, second);
      float bad = pick(i, badFirst, badSecond);
      if (u_colour[i].a > 0.0 && bad == 0.0) {
        sum += share(value, u_scale[i]) * u_colour[i].rgb;
        seen = 1.0;
      }
    }
    colour = seen > 0.0 ? vec4(min(sum, 1.0), 1.0) : u_badColour;
  } else if (u_difference > 0.0 ? badFirst.x + badFirst.y == 0.0 : pick(u_slot, badFirst, badSecond) == 0.0) {
    float value = u_difference > 0.0 ? first.x - first.y : pick(u_slot, first, second);
    float entry = min(floor(share(value, u_scale[0]) * 256.0), 255.0);
    colour = texture2D(u_lut, vec2((entry + 0.5) / 256.0, 0.5));
    if (u_underColour.a > 0.0 && value < u_scale[0].x) colour = u_underColour;
    if (u_overColour.a > 0.0 && value > u_scale[0].y) colour = u_overColour;
  } else {
    colour = u_badColour;
  }
  gl_FragColor = vec4(colour.rgb * colour.a, colour.a) * u_opacity;
}`;
