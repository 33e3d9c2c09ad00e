//! One channel through a colormap, byte for byte as matplotlib does it.
//!
//! `Normalize` subtracts in float64 and divides in float64, each time rounding to its own type: that of a float
//! array, float32 for bool and integers of up to 16 bits, float64 for wider ones. `Colormap` multiplies by its number
//! of entries in that type and truncates. Only near a whole number can those roundings change the entry, so most
//! samples take a multiplication, and those near a boundary the exact way.

use half::f16;

use super::linear::unpainted;
use super::{Colormap, Layout, Raster, Window};
use crate::array::{DType, Pixels, Sample, with_samples};
use crate::error::{Error, Result};

/// The type in which matplotlib computes for samples of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Precision {
    Half,
    Single,
    Double,
}

impl Precision {
    fn of(dtype: DType) -> Self {
        match dtype {
            DType::Float16 => Self::Half,
            DType::Bool | DType::UInt8 | DType::Int8 | DType::UInt16 | DType::Int16 | DType::Float32 => {
                Self::Single
            }
            _ => Self::Double,
        }
    }

    fn round(self, value: f64) -> f64 {
        match self {
            Self::Half => f16::from_f64(value).to_f64(),
            Self::Single => f64::from(value as f32),
            Self::Double => value,
        }
    }
}

/// Colours one-channel pixels.
pub(super) fn paint(pixels: &Pixels, map: &Colormap, window: Window, nodata: Option<f64>) -> Result<Raster> {
    if pixels.channels() != 1 {
        return Err(Error::internal(format!(
            "a colormap colours one channel, not {}",
            pixels.channels()
        )));
    }
    let contiguous = pixels.to_contiguous()?;
    let scale = Scale {
        window,
        entries: map.table.len(),
        precision: Precision::of(pixels.dtype()),
    };
    let (indices, bad) = with_samples!(contiguous.samples(), slice => scale.indices(slice, nodata), complex => return Err(unpainted()));
    let size = (pixels.height(), pixels.width());
    Ok(if map.table.len() <= 256 {
        with_palette(map, &indices, &bad, size)
    } else {
        with_colours(map, &indices, &bad, size)
    })
}

struct Scale {
    window: Window,
    entries: usize,
    precision: Precision,
}

/// How near a whole number a scaled sample may be before it is computed exactly: beyond what two roundings to
/// float32 can move it.
const DOUBTFUL: f64 = 1e-3;
/// Adding it to a small float64 leaves the nearest whole number in the low bits.
const WHOLE: f64 = 4_503_599_627_370_496.0;

impl Scale {
    /// The map's entry for each sample, and which are bad (empty when none is).
    fn indices<T: Sample>(&self, samples: &[T], nodata: Option<f64>) -> (Vec<u16>, Vec<bool>) {
        let point = self.window.vmin == self.window.vmax;
        let indices = if point {
            vec![0; samples.len()]
        } else if size_of::<T>() == 1 {
            self.by_table(samples)
        } else if self.precision == Precision::Half {
            samples
                .iter()
                .map(|&sample| self.exact(sample.to_f64()))
                .collect()
        } else {
            self.fast(samples)
        };
        // matplotlib fills the result with 0 where the window is a point, so that NaN is not bad there.
        let is_bad = |sample: &T| (sample.is_nan() && !point) || nodata == Some(sample.to_f64());
        let bad = if samples.iter().any(is_bad) {
            samples.iter().map(is_bad).collect()
        } else {
            Vec::new()
        };
        (indices, bad)
    }

    /// The entry of a value, with matplotlib's roundings; 0 for NaN.
    fn exact(&self, value: f64) -> u16 {
        let Window { vmin, vmax } = self.window;
        let entries = self.entries as f64;
        let shifted = self.precision.round(value - vmin);
        let scaled = self
            .precision
            .round(self.precision.round(shifted / (vmax - vmin)) * entries);
        if scaled >= entries {
            self.entries as u16 - 1
        } else {
            scaled.max(0.0) as u16
        }
    }

    fn by_table<T: Sample>(&self, samples: &[T]) -> Vec<u16> {
        // Of a one-byte type there are 256 samples: the distance from the least is the place in the table.
        let least = T::from_f64(f64::NEG_INFINITY).to_f64();
        let table: Vec<u16> = (0..256).map(|i| self.exact(least + f64::from(i))).collect();
        samples
            .iter()
            .map(|sample| table[(sample.to_f64() - least) as usize & 255])
            .collect()
    }

    fn fast<T: Sample>(&self, samples: &[T]) -> Vec<u16> {
        let (vmin, scale) = (self.window.vmin, self.window.scale(self.entries as f64));
        let entries = self.entries as f64;
        let mut indices = vec![0; samples.len()];
        for (samples, indices) in samples.chunks(64).zip(indices.chunks_mut(64)) {
            let mut doubtful = false;
            for (&sample, index) in samples.iter().zip(indices.iter_mut()) {
                let scaled = (sample.to_f64() - vmin) * scale;
                let near = scaled.clamp(-0.5, entries + 0.5);
                doubtful |= (near - ((near + WHOLE) - WHOLE)).abs() < DOUBTFUL;
                // Rounding half below the value truncates it; `max` first, since it turns NaN into a number.
                let inside = scaled.max(0.25).min(entries - 0.25);
                *index = (inside - 0.5 + WHOLE).to_bits() as u16;
            }
            if doubtful {
                for (&sample, index) in samples.iter().zip(indices.iter_mut()) {
                    *index = self.exact(sample.to_f64());
                }
            }
        }
        indices
    }
}

/// A palette picture; bad pixels take an index that is free, if there is one.
fn with_palette(map: &Colormap, indices: &[u16], bad: &[bool], size: (usize, usize)) -> Raster {
    let mut palette: Vec<[u8; 4]> = map.table.iter().map(|&[r, g, b]| [r, g, b, 255]).collect();
    let mut data: Vec<u8> = indices.iter().map(|&index| index as u8).collect();
    if !bad.is_empty() {
        let mut used = [false; 256];
        data.iter()
            .zip(bad)
            .filter(|(_, bad)| !**bad)
            .for_each(|(&index, _)| used[usize::from(index)] = true);
        let Some(free) = used.iter().position(|used| !used) else {
            return with_colours(map, indices, bad, size);
        };
        if free >= palette.len() {
            palette.resize(free + 1, [0; 4]);
        }
        palette[free] = [0; 4];
        data.iter_mut()
            .zip(bad)
            .filter(|(_, bad)| **bad)
            .for_each(|(index, _)| *index = free as u8);
    }
    Raster {
        layout: Layout::Indexed,
        bits: 8,
        height: size.0,
        width: size.1,
        data,
        palette,
    }
}

fn with_colours(map: &Colormap, indices: &[u16], bad: &[bool], (height, width): (usize, usize)) -> Raster {
    let colours = indices.iter().map(|&index| map.table[usize::from(index)]);
    let (layout, data) = if bad.is_empty() {
        (Layout::Rgb, colours.flatten().collect())
    } else {
        let rgba = colours
            .zip(bad)
            .map(|([r, g, b], &bad)| if bad { [0; 4] } else { [r, g, b, 255] });
        (Layout::Rgba, rgba.flatten().collect())
    };
    Raster {
        layout,
        bits: 8,
        height,
        width,
        data,
        palette: Vec::new(),
    }
}
