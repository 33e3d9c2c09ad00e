//! The Mandelbrot set at 2^46 pixels a side, each level computed at the centres of its pixels.
#![expect(
    clippy::as_conversions,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "lanes are below their constant number, and places are below 2^46, which a double holds"
)]

use std::sync::Arc;

use projectile_core::{Resampling, Source};

use super::{Computed, Field, Row, info, levels};

/// Pixels a side, as a power of two.
///
/// The picture spans 4 units, so a pixel is 2^-44 and its centre a multiple of 2^-45. Coordinates are below 4 (two
/// bits before the point), so a centre takes at most 2 + 45 = 47 of the 53 bits of a double: it is exact, and so is
/// the centre of every block of every coarser level. The 6 bits left over keep the rounding of the iteration itself
/// (2^-53 a step) far below the distance between neighbours; more pixels would begin to show it as grain.
const LOG_SIZE: u32 = 46;
/// Units from one edge to the other.
const SPAN: f64 = 4.0;
/// The left and the upper edge.
const LEFT: f64 = -2.75;
const TOP: f64 = 2.0;

/// Iterations after which a point counts as inside; a multiple of [`BATCH`].
const CAP: u32 = 4096;
/// Iterations between two looks at what has escaped.
const BATCH: u32 = 8;
/// Points that are iterated together, in the processor's vector registers.
const LANES: usize = 8;
/// The square of the radius beyond which a point has escaped: large, so that the smooth count has no seams.
const ESCAPE: f64 = 65_536.0;

#[derive(Debug)]
struct Mandelbrot;

pub(super) fn source() -> Arc<dyn Source> {
    let size = 1u64 << LOG_SIZE;
    let mut info = info("yx", &[size, size]);
    info.levels = levels(size, size, size);
    info.resampling = Some(Resampling::NEAREST);
    info.colormap = Some("inferno".into());
    info.window = Some((0.5, 11.0));
    info.details = vec![
        (
            "value".into(),
            "log2(1 + smooth iteration count), 0 inside the set".into(),
        ),
        ("centre".into(), "-0.75 + 0i".into()),
        ("span".into(), "4 units".into()),
    ];
    Computed::shared(Mandelbrot, info)
}

/// What a batch of points is doing; each field has a value per lane.
struct Lanes {
    /// The point.
    cr: [f64; LANES],
    /// Where its orbit is.
    zr: [f64; LANES],
    zi: [f64; LANES],
    /// Where its orbit was some time ago: to come back there is to be periodic, so inside.
    past_r: [f64; LANES],
    past_i: [f64; LANES],
    /// Iterations so far.
    count: [u32; LANES],
    /// The pixel; `usize::MAX` for an idle lane.
    pixel: [usize; LANES],
}

impl Field for Mandelbrot {
    type Sample = f32;

    fn row(&self, row: &Row<'_>, out: &mut [f32]) {
        // Products of whole numbers with a power of two, and sums within 53 bits: all exact.
        let unit = SPAN / (1u64 << LOG_SIZE) as f64;
        let ci = TOP - row.centre_y() * unit;
        let (first, pitch) = (row.centre_x(), row.pitch());
        let re = |pixel: usize| LEFT + (first + pixel as f64 * pitch) * unit;
        let mut pending = 0..out.len();
        let mut lanes = Lanes {
            cr: [0.0; LANES],
            zr: [0.0; LANES],
            zi: [0.0; LANES],
            past_r: [0.0; LANES],
            past_i: [0.0; LANES],
            count: [0; LANES],
            pixel: [usize::MAX; LANES],
        };
        let mut busy = 0;
        for lane in 0..LANES {
            busy += usize::from(lanes.load(lane, &mut pending, re, ci, out));
        }
        while busy > 0 {
            let before = (lanes.zr, lanes.zi);
            lanes.iterate(ci);
            for lane in 0..LANES {
                let pixel = lanes.pixel[lane];
                if pixel == usize::MAX {
                    continue;
                }
                let (zr, zi) = (lanes.zr[lane], lanes.zi[lane]);
                // What has overflowed to a NaN has escaped too.
                let inside = zr * zr + zi * zi <= ESCAPE;
                if inside && !lanes.is_settled(lane) {
                    continue;
                }
                out[pixel] = if inside {
                    0.0
                } else {
                    let count = lanes.count[lane] - BATCH;
                    escape_value(lanes.cr[lane], ci, before.0[lane], before.1[lane], count)
                };
                busy -= usize::from(!lanes.load(lane, &mut pending, re, ci, out));
            }
        }
    }
}

impl Lanes {
    /// Gives a lane the next point whose fate is not known by formula; `false` when there is none.
    fn load(
        &mut self,
        lane: usize,
        pending: &mut std::ops::Range<usize>,
        re: impl Fn(usize) -> f64,
        ci: f64,
        out: &mut [f32],
    ) -> bool {
        let next = pending.find(|&pixel| {
            let known = in_main_bulbs(re(pixel), ci);
            if known {
                out[pixel] = 0.0;
            }
            !known
        });
        self.pixel[lane] = next.unwrap_or(usize::MAX);
        self.cr[lane] = next.map_or(0.0, re);
        self.count[lane] = 0;
        for at in [&mut self.zr, &mut self.zi, &mut self.past_r, &mut self.past_i] {
            at[lane] = 0.0;
        }
        next.is_some()
    }

    /// One batch of iterations for all lanes, without looking at any: what escapes runs off to infinity unharmed.
    fn iterate(&mut self, ci: f64) {
        let (mut zr, mut zi, cr) = (self.zr, self.zi, self.cr);
        for _ in 0..BATCH {
            for lane in 0..LANES {
                let (r, i) = (zr[lane], zi[lane]);
                zr[lane] = r * r - i * i + cr[lane];
                zi[lane] = (r + r) * i + ci;
            }
        }
        (self.zr, self.zi) = (zr, zi);
        for count in &mut self.count {
            *count = count.wrapping_add(BATCH);
        }
    }

    /// Whether the point is inside as far as we can tell: its orbit came back, or the iterations are used up.
    fn is_settled(&mut self, lane: usize) -> bool {
        let (zr, zi, count) = (self.zr[lane], self.zi[lane], self.count[lane]);
        // An orbit that creeps by less than this for 8 steps would need millions more to escape.
        let back = (zr - self.past_r[lane]).abs() < 1e-12 && (zi - self.past_i[lane]).abs() < 1e-12;
        if count.is_power_of_two() {
            (self.past_r[lane], self.past_i[lane]) = (zr, zi);
        }
        back || count >= CAP
    }
}

/// Whether the point is in the main cardioid or the disc to its left, which hold most of the set's area.
fn in_main_bulbs(cr: f64, ci: f64) -> bool {
    let ci2 = ci * ci;
    let q = (cr - 0.25) * (cr - 0.25) + ci2;
    q * (q + (cr - 0.25)) <= 0.25 * ci2 || (cr + 1.0) * (cr + 1.0) + ci2 <= 0.0625
}

/// The value of a point that escapes within the next batch, from where its orbit is after `count` iterations.
fn escape_value(cr: f64, ci: f64, mut zr: f64, mut zi: f64, mut count: u32) -> f32 {
    let mut square = zr * zr + zi * zi;
    for _ in 0..BATCH {
        if square > ESCAPE {
            break;
        }
        (zr, zi) = (zr * zr - zi * zi + cr, (zr + zr) * zi + ci);
        square = zr * zr + zi * zi;
        count += 1;
    }
    let smooth = f64::from(count) + 1.0 - (0.5 * square.log2()).log2();
    (1.0 + smooth.max(0.0)).log2() as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The value of the point in the middle of a pixel, iterated plainly.
    fn plain(cr: f64, ci: f64) -> f32 {
        let (mut zr, mut zi) = (0.0f64, 0.0f64);
        for count in 0..CAP {
            (zr, zi) = (zr * zr - zi * zi + cr, (zr + zr) * zi + ci);
            let square = zr * zr + zi * zi;
            if square > ESCAPE {
                let smooth = f64::from(count + 1) + 1.0 - (0.5 * square.log2()).log2();
                return (1.0 + smooth.max(0.0)).log2() as f32;
            }
        }
        0.0
    }

    fn row(factor: u64, y: u64, x: u64, count: usize) -> Vec<f32> {
        let mut out = vec![-1.0; count];
        Mandelbrot.row(
            &Row {
                factor,
                y,
                x,
                step: 1,
                channel: 0,
                indices: &[],
            },
            &mut out,
        );
        out
    }

    /// The pixel of a level that holds a point.
    fn pixel(factor: u64, re: f64, im: f64) -> (u64, u64) {
        let per_unit = (1u64 << LOG_SIZE) as f64 / SPAN / factor as f64;
        (((TOP - im) * per_unit) as u64, ((re - LEFT) * per_unit) as u64)
    }

    #[test]
    fn points_whose_fate_is_known() {
        for factor in [1u64, 1 << 20, 1 << 36] {
            for inside in [
                (0.0, 0.0),
                (-1.0, 0.0),
                (-0.1225, 0.7448),
                (-1.3107, 0.0),
                (0.25 - 1e-3, 0.0),
                (-1.755, 0.0),
            ] {
                let (y, x) = pixel(factor, inside.0, inside.1);
                assert_eq!(row(factor, y, x, 1), [0.0], "{inside:?} at factor {factor}");
            }
            for outside in [(0.5, 0.0), (-2.5, 0.5), (0.3, 0.6), (1.0, 1.0), (-0.75, 0.2)] {
                let (y, x) = pixel(factor, outside.0, outside.1);
                assert!(row(factor, y, x, 1)[0] > 0.5, "{outside:?} at factor {factor}");
            }
        }
    }

    #[test]
    fn lanes_equal_the_plain_iteration() {
        for (re, im, factor) in [
            (-0.75, 0.1, 1u64 << 38),
            (-0.743_643_887, 0.131_825_904, 1 << 20),
            (-1.25, 0.02, 1 << 30),
        ] {
            let (y, x) = pixel(factor, re, im);
            let unit = SPAN / (1u64 << LOG_SIZE) as f64 * factor as f64;
            let ci = TOP - (y as f64 + 0.5) * unit;
            let expected: Vec<f32> = (x..x + 203)
                .map(|x| plain(LEFT + (x as f64 + 0.5) * unit, ci))
                .collect();
            assert_eq!(row(factor, y, x, 203), expected);
        }
    }

    #[test]
    fn the_centres_of_the_last_levels_pixels_are_exact_and_distinct() {
        let unit = SPAN / (1u64 << LOG_SIZE) as f64;
        for x in [0, 1, (1 << 45) - 1, 1 << 45, (1 << LOG_SIZE) - 2] {
            let at = |x: u64| LEFT + (x as f64 + 0.5) * unit;
            // Doubling all scales up to whole numbers, exactly: 2 x + 1 half pixels from the left edge.
            assert_eq!((at(x) - LEFT) / (unit / 2.0), (2 * x + 1) as f64);
            assert_eq!(at(x + 1) - at(x), unit);
        }
    }

    #[test]
    fn deep_tiles_have_detail() {
        let (y, x) = pixel(1, -0.743_643_887_037_151, 0.131_825_904_205_33);
        let mut values = row(1, y, x - 128, 256);
        values.sort_by(f32::total_cmp);
        values.dedup();
        assert!(values.len() > 100, "{} different values", values.len());
    }
}
