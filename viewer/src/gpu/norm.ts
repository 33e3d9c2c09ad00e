// How values are spread over the colours. The shader does the same sums (shader.ts).

export const NORMS = ['linear', 'sqrt', 'log', 'symlog', 'asinh'] as const;
export type Norm = (typeof NORMS)[number];

export const isNorm = (text: string): text is Norm => (NORMS as readonly string[]).includes(text);

/** A log scale has no zero: it begins at most so far below its end. */
const DECADES = 1e-4;

export interface Scale {
  norm: Norm;
  lo: number;
  hi: number;
  /** About where a symlog or asinh scale leaves off being linear. */
  linear: number;
}

/** The scale that a window gives; a log scale of no positive value is linear. */
export function scaleOf(norm: Norm, lo: number, hi: number): Scale {
  const reach = Math.max(Math.abs(lo), Math.abs(hi)) || 1;
  const linear = norm === 'asinh' ? reach / 10 : reach / 1000;
  if (norm !== 'log') return { norm, lo, hi, linear };
  if (hi <= 0) return { norm: 'linear', lo, hi, linear };
  return { norm, lo: lo > 0 ? lo : hi * DECADES, hi, linear };
}

function bend({ norm, lo, linear }: Scale, value: number): number {
  switch (norm) {
    case 'linear': return value;
    case 'sqrt': return Math.sqrt(Math.max(0, value - lo));
    case 'log': return Math.log(Math.max(value, 1e-37));
    case 'symlog': return Math.sign(value) * Math.log1p(Math.abs(value) / linear);
    case 'asinh': return Math.asinh(value / linear);
  }
}

function unbend({ norm, lo, linear }: Scale, bent: number): number {
  switch (norm) {
    case 'linear': return bent;
    case 'sqrt': return lo + bent * bent;
    case 'log': return Math.exp(bent);
    case 'symlog': return Math.sign(bent) * Math.expm1(Math.abs(bent)) * linear;
    case 'asinh': return Math.sinh(bent) * linear;
  }
}

/** Where a value lies between the ends (0 to 1), before it is clamped. 0 where the window is a point. */
export function place(scale: Scale, value: number, gamma = 1): number {
  const [first, last] = [bend(scale, scale.lo), bend(scale, scale.hi)];
  const share = last > first ? (bend(scale, value) - first) / (last - first) : 0;
  return gamma === 1 || share <= 0 ? share : share ** gamma;
}

/** The value at a share of the colours. */
export function valueAt(scale: Scale, share: number, gamma = 1): number {
  const [first, last] = [bend(scale, scale.lo), bend(scale, scale.hi)];
  return unbend(scale, first + (gamma === 1 ? share : share ** (1 / gamma)) * (last - first));
}
