// The colour of a label: that of the server's tiles (projectile-core's colour/labels.rs), computed in the same float32.

/** A whole number, as a bigint where a number would not hold it. */
export type Label = number | bigint;

export type Rgb = readonly [number, number, number];

const GOLDEN = 0x9e37_79b9_7f4a_7c15n;
const SECOND = 0xbf58_476d_1ce4_e5b9n;
const THIRD = 0x94d0_49bb_1331_11ebn;
const [LEAST, GREATEST] = [-(2n ** 63n), 2n ** 63n - 1n];
const f32 = Math.fround;

const bits = (value: bigint): bigint => BigInt.asUintN(64, value);

/** The server looks at labels as float64: beyond 2^53 neighbours share a colour. */
function asFloat(label: Label): bigint {
  const near = BigInt(Number(label));
  return near > GREATEST ? GREATEST : near < LEAST ? LEAST : near;
}

/** Every bit of the number depends on every bit of what it is made from. */
function scrambled(value: bigint): bigint {
  const one = bits((value ^ (value >> 30n)) * SECOND);
  const two = bits((one ^ (one >> 27n)) * THIRD);
  return two ^ (two >> 31n);
}

/** Seed 0 gives the server's colours, any other seed others. 0 is no label. */
export function labelColour(label: Label, seed = 0): Rgb {
  const plain = bits(asFloat(label));
  const mixed = bits((seed === 0 ? plain : scrambled(plain ^ scrambled(BigInt(seed)))) * GOLDEN);
  const hue = f32(f32(Number(mixed >> 40n) / 2 ** 24) * 6);
  const more = bits((mixed ^ (mixed >> 29n)) * SECOND);
  const saturation = f32(f32(0.55) + f32(f32(0.4) * f32(Number(more >> 56n) / 255)));
  const value = f32(0.75 + f32(0.25 * f32(Number((more >> 48n) & 255n) / 255)));
  const channel = (shift: number): number => {
    const k = f32(f32(shift + hue) % 6);
    const depth = Math.min(1, Math.max(0, Math.min(k, f32(4 - k))));
    return Math.floor(f32(f32(f32(value * f32(1 - f32(saturation * depth))) * 255) + 0.5));
  };
  return [channel(5), channel(3), channel(1)];
}

export const cssColour = ([red, green, blue]: Rgb): string => `rgb(${red} ${green} ${blue})`;
