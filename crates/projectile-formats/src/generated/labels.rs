//! Segmented cells: numbered regions with background between them.

use std::sync::Arc;

use projectile_core::{Photometric, Resampling, Source};

use super::{Computed, Field, Row, hash, info};

/// Pixels a side.
const SIZE: u64 = 4096;
/// Pixels between the cells of the grid in which each region has its seed.
const GRID: i64 = 64;
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

/// The nearest seed of a pixel so far, and how far the second nearest is.
#[derive(Clone, Copy)]
struct Nearest {
    first: f32,
    second: f32,
    label: i32,
}

impl Field for Labels {
    type Sample = i32;

    fn row(&self, row: &Row<'_>, out: &mut [i32]) {
        let y = row.centre_y();
        let cells = SIZE as i64 / GRID;
        let mut nearest = vec![
            Nearest {
                first: f32::MAX,
                second: f32::MAX,
                label: 0
            };
            out.len()
        ];
        let grid_y = y as i64 / GRID;
        let last = row.centre_x() + row.pitch() * out.len() as f64;
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
                let reach = ((grid_x - 2) * GRID) as f64..((grid_x + 3) * GRID) as f64;
                let within = row.columns_within(reach.start, reach.end, nearest.len());
                let dy = y as f32 - seed_y;
                for (i, near) in nearest[within.clone()].iter_mut().enumerate() {
                    let x = (row.centre_x() + (within.start + i) as f64 * row.pitch()) as f32;
                    let distance = ((x - seed_x) * (x - seed_x) + dy * dy).sqrt();
                    near.second = near.second.min(distance.max(near.first));
                    if distance < near.first {
                        (near.first, near.label) = (distance, label);
                    }
                }
            }
        }
        for (out, near) in out.iter_mut().zip(&nearest) {
            // A gap of four pixels or so between neighbours, and no region without an end.
            let background = near.second - near.first < 5.0 || near.first > 46.0;
            *out = if background { 0 } else { near.label };
        }
    }
}
