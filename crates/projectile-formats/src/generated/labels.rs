//! Segmented cells: numbered regions with background between them.
#![expect(
    clippy::as_conversions,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "places and columns are inside of an image whose sizes are constants"
)]

use std::sync::Arc;

use projectile_core::{Photometric, Resampling, Source};

use super::{Computed, Field, Row, hash, info};

/// Pixels a side.
const SIZE: u64 = 4096;
/// Pixels between the cells of the grid in which each region has its seed.
const GRID: i64 = 128;
const SEED: u64 = 0x1abe_1500;

#[derive(Debug)]
struct Labels;

pub(super) fn source() -> Arc<dyn Source> {
    let mut info = info("yx", &[SIZE, SIZE]);
    info.photometric = Photometric::Labels;
    info.resampling = Some(Resampling::MODE);
    info.details = vec![("labels".into(), "0 is the background".into())];
    Computed::shared(Labels, info)
}

impl Field for Labels {
    type Sample = i32;

    fn row(&self, row: &Row<'_>, out: &mut [i32]) {
        let (y, count) = (row.centre_y(), out.len());
        let cells = SIZE as i64 / GRID;
        // Squared distances of each pixel to its nearest and second nearest seed; `out` holds the nearest's label.
        let (mut first, mut second) = (vec![f32::MAX; count], vec![f32::MAX; count]);
        let places: Vec<f32> = (0..count)
            .map(|i| (row.centre_x() + i as f64 * row.pitch()) as f32)
            .collect();
        let grid_y = y as i64 / GRID;
        let last = row.centre_x() + row.pitch() * count as f64;
        let columns = (row.centre_x() as i64 / GRID - 2)..=(last as i64 / GRID + 2);
        for grid_y in grid_y - 2..=grid_y + 2 {
            for grid_x in columns.clone() {
                let hash = hash::place(SEED, grid_x, grid_y);
                let jitter = |n| 0.5 + 0.7 * (hash::nth(hash, n) - 0.5);
                let seed_x = (grid_x as f32 + jitter(1)) * GRID as f32;
                let seed_y = (grid_y as f32 + jitter(2)) * GRID as f32;
                let exists = (0..cells).contains(&grid_x) && (0..cells).contains(&grid_y);
                let label = if exists && hash::nth(hash, 3) > 0.07 {
                    (grid_y * cells + grid_x + 1) as i32
                } else {
                    0
                };
                // A seed two grid cells away may still be the second nearest; one three away never is.
                let within =
                    row.columns_within(((grid_x - 2) * GRID) as f64, ((grid_x + 3) * GRID) as f64, count);
                let dy = y as f32 - seed_y;
                let pixels = first[within.clone()].iter_mut().zip(&mut second[within.clone()]);
                let pixels = pixels.zip(&mut out[within.clone()]).zip(&places[within]);
                for (((first, second), out), place) in pixels {
                    let dx = place - seed_x;
                    let distance = dx * dx + dy * dy;
                    *second = second.min(distance.max(*first));
                    *out = if distance < *first { label } else { *out };
                    *first = first.min(distance);
                }
            }
        }
        for ((out, first), second) in out.iter_mut().zip(&first).zip(&second) {
            let (first, second) = (first.sqrt(), second.sqrt());
            // A gap of a few pixels between neighbours, and no region without an end.
            if second - first < 7.0 || first > 92.0 {
                *out = 0;
            }
        }
    }
}
