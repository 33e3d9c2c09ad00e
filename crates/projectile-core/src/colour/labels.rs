//! Integer labels in stable colours.

use super::linear::unpainted;
use super::{Layout, Raster};
use crate::array::{Pixels, Sample, with_samples};
use crate::error::{Error, Result};

/// The colour of a label: always the same, bright, and far from its neighbours'. 0 is no label.
pub fn label_colour(label: i64) -> [u8; 3] {
    // Steps of the golden ratio spread the hues of neighbouring numbers as far apart as can be; a second and third
    // stream of bits vary lightness and saturation, so that equal hues still differ.
    let mixed = (label as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let hue = (mixed >> 40) as f32 / (1u32 << 24) as f32 * 6.0;
    let bits = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let saturation = 0.55 + 0.4 * ((bits >> 56) as f32 / 255.0);
    let value = 0.75 + 0.25 * ((bits >> 48 & 255) as f32 / 255.0);
    // HSV to RGB, a channel at a time: each is a trapezoid over the hue.
    [5.0f32, 3.0, 1.0].map(|shift| {
        let k = (shift + hue) % 6.0;
        let depth = k.min(4.0 - k).clamp(0.0, 1.0);
        (value * (1.0 - saturation * depth) * 255.0 + 0.5) as u8
    })
}

/// Colours one-channel labels; 0 and bad ones are transparent.
pub(super) fn paint(pixels: &Pixels, nodata: Option<f64>) -> Result<Raster> {
    if pixels.channels() != 1 {
        return Err(Error::internal(format!(
            "labels have one channel, not {}",
            pixels.channels()
        )));
    }
    let contiguous = pixels.to_contiguous()?;
    let data = with_samples!(contiguous.samples(), slice => colours(slice, nodata), complex => return Err(unpainted()));
    Ok(Raster {
        layout: Layout::Rgba,
        bits: 8,
        height: pixels.height(),
        width: pixels.width(),
        data,
        palette: Vec::new(),
    })
}

fn colours<T: Sample>(samples: &[T], nodata: Option<f64>) -> Vec<u8> {
    let mut data = Vec::with_capacity(samples.len() * 4);
    // Neighbours mostly carry the same label.
    let mut last: Option<(T, [u8; 4])> = None;
    for &sample in samples {
        let colour = match last {
            Some((label, colour)) if label == sample => colour,
            _ => {
                let value = sample.to_f64();
                let hidden = value == 0.0 || sample.is_nan() || nodata == Some(value);
                let [r, g, b] = label_colour(value as i64);
                if hidden { [0; 4] } else { [r, g, b, 255] }
            }
        };
        last = Some((sample, colour));
        data.extend(colour);
    }
    data
}
