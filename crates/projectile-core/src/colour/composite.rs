//! Several channels at once, each in its colour.

use super::linear::unpainted;
use super::{Layout, Raster, Window};
use crate::array::{Pixels, Sample, with_samples};
use crate::error::{Error, Result};

/// Adds up the channels' colours. A pixel is transparent only where every channel is bad.
pub(super) fn paint(pixels: &Pixels, parts: &[([u8; 3], Window)], nodata: Option<f64>) -> Result<Raster> {
    if parts.len() != pixels.channels() || parts.is_empty() {
        return Err(Error::internal(format!(
            "{} colours for {} channels",
            parts.len(),
            pixels.channels()
        )));
    }
    let contiguous = pixels.to_contiguous()?;
    let (data, transparent) = with_samples!(contiguous.samples(), slice => blend(slice, parts, nodata), complex => return Err(unpainted()));
    let layout = if transparent { Layout::Rgba } else { Layout::Rgb };
    Ok(Raster {
        layout,
        bits: 8,
        height: pixels.height(),
        width: pixels.width(),
        data,
        palette: Vec::new(),
    })
}

fn blend<T: Sample>(samples: &[T], parts: &[([u8; 3], Window)], nodata: Option<f64>) -> (Vec<u8>, bool) {
    let channels = parts.len();
    let is_bad = |sample: &T| sample.is_nan() || nodata == Some(sample.to_f64());
    let transparent = samples
        .chunks_exact(channels)
        .any(|pixel| pixel.iter().all(is_bad));
    let any_bad = samples.iter().any(is_bad);
    let scales: Vec<_> = parts
        .iter()
        .map(|(colour, window)| (colour, window.vmin, window.scale(1.0)))
        .collect();
    let mut data = Vec::with_capacity(samples.len() / channels * if transparent { 4 } else { 3 });
    for pixel in samples.chunks_exact(channels) {
        let mut sum = [0.5f32; 3];
        for (sample, (colour, vmin, scale)) in pixel.iter().zip(&scales) {
            if any_bad && is_bad(sample) {
                continue;
            }
            let share = ((sample.to_f64() - vmin) * scale).clamp(0.0, 1.0) as f32;
            sum.iter_mut()
                .zip(**colour)
                .for_each(|(sum, c)| *sum += share * f32::from(c));
        }
        data.extend(sum.map(|c| c as u8));
        if transparent {
            data.push(if pixel.iter().all(is_bad) { 0 } else { 255 });
        }
    }
    (data, transparent)
}
