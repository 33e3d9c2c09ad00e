//! Windows stretched to black … white, channel by channel.

use super::{Layout, Raster, Window};
use crate::array::{DType, Pixels, Sample, Samples, with_samples};
use crate::error::{Error, Result};

/// The error for complex samples, which are painted as magnitudes.
pub(super) fn unpainted() -> Error {
    Error::internal("complex samples are painted as magnitudes")
}

/// The layout that shows so many channels.
fn layout(channels: usize) -> Result<Layout> {
    Ok(match channels {
        1 => Layout::Gray,
        2 => Layout::GrayAlpha,
        3 => Layout::Rgb,
        4 => Layout::Rgba,
        n => return Err(Error::internal(format!("{n} channels are no colour"))),
    })
}

/// 8-bit samples as they are.
pub(super) fn as_is(pixels: &Pixels) -> Result<Raster> {
    let layout = layout(pixels.channels())?;
    let rows = pixels.clone().with_whole_rows()?;
    let Samples::UInt8(buffer) = rows.samples() else {
        return Err(Error::internal("samples of another type"));
    };
    let mut data = Vec::with_capacity(rows.height() * rows.width() * rows.channels());
    rows.rows(buffer.as_slice())
        .for_each(|row| data.extend_from_slice(row));
    Ok(Raster {
        layout,
        bits: 8,
        height: rows.height(),
        width: rows.width(),
        data,
        palette: Vec::new(),
    })
}

/// Samples through their windows.
pub(super) fn paint(pixels: &Pixels, windows: &[Window], bits: u8, nodata: Option<f64>) -> Result<Raster> {
    let contiguous = pixels.to_contiguous()?;
    let layout = layout(pixels.channels())?;
    let has_alpha = matches!(layout, Layout::GrayAlpha | Layout::Rgba);
    let full = if bits == 16 { 65535.0 } else { 255.0 };
    let colours = pixels.channels() - usize::from(has_alpha);
    let first = *windows
        .first()
        .ok_or_else(|| Error::internal("no window to paint through"))?;
    let mut scales: Vec<(f64, f64)> = (0..colours)
        .map(|c| windows.get(c).copied().unwrap_or(first))
        .map(|window| (window.vmin, window.scale(full)))
        .collect();
    if has_alpha {
        scales.push((0.0, full / opaque(pixels.dtype())));
    }
    let nodata = nodata.unwrap_or(f64::NAN);
    let (data, bad) = with_samples!(contiguous.samples(), slice => stretch(slice, &scales, bits, nodata), complex => return Err(unpainted()));
    let raster = Raster {
        layout,
        bits,
        height: pixels.height(),
        width: pixels.width(),
        data,
        palette: Vec::new(),
    };
    Ok(if bad.is_empty() {
        raster
    } else {
        hide(raster, &bad)
    })
}

/// The sample of an alpha channel that means opaque.
fn opaque(dtype: DType) -> f64 {
    dtype.range().map_or(1.0, |(_, high)| high)
}

/// Stretched samples, and which pixels have one that is no data (empty when none has).
fn stretch<T: Sample>(samples: &[T], scales: &[(f64, f64)], bits: u8, nodata: f64) -> (Vec<u8>, Vec<bool>) {
    let full = if bits == 16 { 65535.0 } else { 255.0 };
    let level =
        |sample: T, (vmin, scale): (f64, f64)| ((sample.to_f64() - vmin) * scale).clamp(0.0, full) + 0.5;
    let channels = scales.len();
    let mut data = Vec::with_capacity(samples.len() * usize::from(bits / 8));
    if bits == 16 {
        for pixel in samples.chunks_exact(channels) {
            pixel
                .iter()
                .zip(scales)
                .for_each(|(&s, &w)| data.extend((level(s, w) as u16).to_be_bytes()));
        }
    } else if let [only] = *scales {
        data.extend(samples.iter().map(|&sample| level(sample, only) as u8));
    } else {
        for pixel in samples.chunks_exact(channels) {
            data.extend(
                pixel
                    .iter()
                    .zip(scales)
                    .map(|(&sample, &scale)| level(sample, scale) as u8),
            );
        }
    }
    let is_bad = |sample: &T| sample.is_nan() || sample.to_f64() == nodata;
    let bad = if samples.iter().any(is_bad) {
        samples
            .chunks_exact(channels)
            .map(|pixel| pixel.iter().any(is_bad))
            .collect()
    } else {
        Vec::new()
    };
    (data, bad)
}

/// The raster with bad pixels transparent.
fn hide(raster: Raster, bad: &[bool]) -> Raster {
    let sample = usize::from(raster.bits / 8);
    let pixel = raster.pixel_bytes();
    let (layout, alpha) = match raster.layout {
        Layout::Gray => (Layout::GrayAlpha, None),
        Layout::Rgb => (Layout::Rgba, None),
        other => (other, Some(pixel - sample)),
    };
    let mut data = Vec::with_capacity(raster.data.len() + bad.len() * sample);
    for (colour, &bad) in raster.data.chunks_exact(pixel).zip(bad) {
        let shown = &colour[..alpha.unwrap_or(pixel)];
        if bad {
            data.extend((0..shown.len() + sample).map(|_| 0));
        } else {
            data.extend_from_slice(shown);
            match alpha {
                Some(at) => data.extend_from_slice(&colour[at..]),
                None => data.extend((0..sample).map(|_| 255)),
            }
        }
    }
    Raster {
        layout,
        data,
        ..raster
    }
}
