//! Gradient noise along one row.
#![expect(
    clippy::as_conversions,
    clippy::arithmetic_side_effects,
    reason = "places and steps are below 2^47, and `run` ends with the columns"
)]

use super::Row;
use super::hash;

/// Gradient noise of one wavelength: smooth, about -0.7 to 0.7, zero on its lattice.
#[derive(Clone, Copy, Debug)]
pub(super) struct Noise {
    /// Tells one noise from another.
    pub(super) seed: u64,
    /// The wavelength is `2^log` full-resolution pixels.
    pub(super) log: u32,
}

/// What one lattice column gives to this row: its value at a distance `d` is `slope * d + value`.
#[derive(Clone, Copy, Default)]
struct Column {
    slope: f32,
    value: f32,
}

fn fade(t: f32) -> f32 {
    t * t * t * (t * (t * 6.0 - 15.0) + 10.0)
}

impl Noise {
    /// Calls `each(i, noise)` for each of `count` pixels of `row`.
    ///
    /// In a row the two corners above and below merge into one line per lattice column, so that a pixel costs ten
    /// multiplications. Places are counted in half pixels, which keeps centres whole numbers and fractions exact.
    #[inline]
    pub(super) fn each(self, row: &Row<'_>, count: usize, mut each: impl FnMut(usize, f32)) {
        let cell_bits = self.log + 1;
        let cell = 1u64 << cell_bits;
        let scale = 1.0 / cell as f32;
        let y = (2 * row.y + 1) * row.factor;
        let lattice_y = (y >> cell_bits) as i64;
        let fy = (y & (cell - 1)) as f32 * scale;
        let v = fade(fy);
        let column = |lattice_x: u64| {
            let corner = |y: i64| {
                let bits = hash::place(self.seed, lattice_x as i64, y);
                let signed = |bits: u32| bits as i32 as f32 * (1.0 / 2_147_483_648.0);
                (signed(bits as u32), signed((bits >> 32) as u32))
            };
            let ((ax, ay), (bx, by)) = (corner(lattice_y), corner(lattice_y + 1));
            Column {
                slope: ax + v * (bx - ax),
                value: (1.0 - v) * (ay * fy) + v * (by * (fy - 1.0)),
            }
        };
        let pitch = 2 * row.factor * row.step;
        let mut x = (2 * row.x + 1) * row.factor;
        let (mut i, mut known) = (0, (u64::MAX, Column::default()));
        while i < count {
            let lattice_x = x >> cell_bits;
            let into = x & (cell - 1);
            let run = ((cell - into).div_ceil(pitch) as usize).min(count - i);
            let left = if known.0 == lattice_x {
                known.1
            } else {
                column(lattice_x)
            };
            let right = column(lattice_x + 1);
            known = (lattice_x + 1, right);
            let (start, pitch_part) = (into as f32 * scale, pitch as f32 * scale);
            for j in 0..run {
                let fx = start + j as f32 * pitch_part;
                let (a, b) = (
                    left.slope * fx + left.value,
                    right.slope * (fx - 1.0) + right.value,
                );
                each(i + j, a + fade(fx) * (b - a));
            }
            i += run;
            x += run as u64 * pitch;
        }
    }
}
