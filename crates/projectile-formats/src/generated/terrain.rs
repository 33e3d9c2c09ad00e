//! A landscape: fractal noise for the lowlands and the sea floor, ridged noise where there are mountains.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "places and columns are inside of an image whose sizes are constants"
)]

use std::sync::Arc;

use projectile_core::{Resampling, Source};

use super::noise::Noise;
use super::{Computed, Field, Row, info, levels};

/// Pixels a side.
const SIZE: u64 = 16_384;
/// The longest and the shortest wavelength, as powers of two of pixels.
const OCTAVES: std::ops::RangeInclusive<u32> = 2..=12;
/// How many of the longest wavelengths say where the mountains are.
const CONTINENTS: u32 = 3;
/// The mean of a ridge octave, taken off so that leaving out fine ones doesn't sink the mountains.
const RIDGE_MEAN: f32 = 0.48;

#[derive(Debug)]
struct Terrain;

pub(super) fn source() -> Arc<dyn Source> {
    let mut info = info("yx", &[SIZE, SIZE]);
    info.levels = levels(SIZE, SIZE, SIZE);
    info.resampling = Some(Resampling::AVERAGE);
    info.colormap = Some("terrain".into());
    // `terrain` turns from sea to land at a quarter of its range.
    info.window = Some((-1000.0, 3000.0));
    info.details = vec![("unit".into(), "metres".into())];
    Computed::shared(Terrain, info)
}

impl Field for Terrain {
    type Sample = f32;

    /// Elevation in metres. Coarse levels leave out the waves that are shorter than two of their pixels, so they are
    /// smooth as an average would be.
    fn row(&self, row: &Row<'_>, out: &mut [f32]) {
        let count = out.len();
        let (mut plains, mut ridges) = (vec![0f32; count], vec![0f32; count]);
        let mut continents = Vec::new();
        let mut weight = 1.0f32;
        for log in OCTAVES.rev() {
            let octave = OCTAVES.end() - log;
            if octave == CONTINENTS {
                continents.clone_from(&plains);
            }
            if (1u64 << log) < 2 * row.factor {
                break;
            }
            let noise = Noise {
                seed: 0x7e44_a100 + u64::from(log),
                log,
            };
            let (plains, ridges) = (&mut plains[..count], &mut ridges[..count]);
            noise.each(row, count, |i, value| {
                let value = 2.0 * value;
                let ridge = 1.0 - 1.3 * value.abs();
                plains[i] += weight * value;
                ridges[i] += weight * (ridge * ridge - RIDGE_MEAN);
            });
            weight *= if octave < CONTINENTS { 0.6 } else { 0.54 };
        }
        if continents.is_empty() {
            continents.clone_from(&plains);
        }
        for (i, out) in out.iter_mut().enumerate() {
            *out = elevation(continents[i], plains[i], ridges[i]);
        }
    }
}

fn elevation(continents: f32, plains: f32, ridges: f32) -> f32 {
    // Mountains rise where the land is high already, smoothly from 0 to 1.
    let inland = ((continents + 0.05) / 0.5).clamp(0.0, 1.0);
    let mountains = inland * inland * (3.0 - 2.0 * inland);
    let low = 150.0 + 1150.0 * plains;
    let land = low + mountains * (800.0 + 1350.0 * ridges);
    // The sea floor falls off more gently than the land rises.
    land.max(-4000.0) * if land < 0.0 { 0.6 } else { 1.0 }
}
