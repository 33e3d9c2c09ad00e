//! Tiles of TIFF: predictors and compression.

use std::io::Write;

use flate2::write::ZlibEncoder;
use projectile_core::array::Part;
use projectile_core::colour::{Layout, Raster};
use projectile_core::encode::{Content, EncodeOptions};
use projectile_core::{DType, Effort, Encoding, Error, Pixels, Result};

use crate::options::Compression;

/// How tiles are compressed.
#[derive(Clone, Debug)]
pub(crate) struct Codec {
    pub(crate) compression: Compression,
    pub(crate) dtype: DType,
    pub(crate) channels: usize,
    pub(crate) effort: Effort,
    pub(crate) quality: Option<u8>,
}

impl Codec {
    /// The number of the compression.
    pub(crate) fn number(&self) -> u16 {
        match self.compression {
            Compression::Deflate | Compression::Png => 8,
            Compression::Zstd => 50000,
            Compression::Jpeg => 7,
            Compression::WebP => 50001,
            Compression::None => 1,
        }
    }

    /// The number of the predictor: differences of neighbours for integers, of bytes for floats, none else.
    pub(crate) fn predictor(&self) -> u16 {
        let helps = matches!(self.compression, Compression::Deflate | Compression::Zstd);
        match self.dtype {
            _ if !helps || self.dtype.is_complex() || self.dtype == DType::Bool => 1,
            dtype if dtype.is_float() => 3,
            _ => 2,
        }
    }

    /// Whether JPEG halves the chroma, as the encoder does below that quality.
    pub(crate) fn halves_chroma(&self) -> bool {
        self.quality.is_none_or(|quality| quality < 90)
    }

    /// A tile of `side × side` pixels: the pixels in its top left, and what is beyond the image.
    pub(crate) fn encode(&self, pixels: Pixels, side: usize) -> Result<Vec<u8>> {
        if matches!(self.compression, Compression::Jpeg | Compression::WebP) {
            return self.picture(&pixels, side);
        }
        let pixels = padded(pixels, side)?;
        let mut bytes = pixels.to_le_bytes()?;
        let row = side * self.channels * self.dtype.size();
        match self.predictor() {
            2 => bytes
                .chunks_exact_mut(row)
                .for_each(|row| differences(row, self.dtype.size(), self.channels)),
            3 => bytes
                .chunks_exact_mut(row)
                .for_each(|row| float_differences(row, self.dtype.size(), self.channels)),
            _ => {}
        }
        compress(self.compression, self.effort, bytes)
    }

    fn picture(&self, pixels: &Pixels, side: usize) -> Result<Vec<u8>> {
        let layout = match self.channels {
            1 => Layout::Gray,
            3 => Layout::Rgb,
            4 => Layout::Rgba,
            other => return Err(Error::internal(format!("pictures of {other} channels"))),
        };
        // What is beyond the image repeats its last pixels: an edge would be seen through a lossy compression.
        let (height, width, pixel) = (pixels.height(), pixels.width(), self.channels);
        let bytes = pixels.to_le_bytes()?;
        let mut data = Vec::with_capacity(side * side * pixel);
        for row in bytes.chunks_exact(width * pixel).take(height) {
            data.extend_from_slice(row);
            let last = &row[(width - 1) * pixel..];
            (width..side).for_each(|_| data.extend_from_slice(last));
        }
        let last = data.len() - side * pixel;
        (height..side).for_each(|_| data.extend_from_within(last..last + side * pixel));
        let raster = Raster {
            layout,
            bits: 8,
            height: side,
            width: side,
            data,
            palette: Vec::new(),
        };
        let name = if self.compression == Compression::Jpeg {
            "jpg"
        } else {
            "webp"
        };
        let options = EncodeOptions {
            effort: self.effort,
            quality: self.quality,
            ..EncodeOptions::default()
        };
        Encoding::by_extension(name)?
            .encoder
            .encode(Content::Colours(&raster), &options)
    }
}

/// The pixels in the top left of a square, zero elsewhere.
pub(crate) fn padded(pixels: Pixels, side: usize) -> Result<Pixels> {
    let [height, width, channels] = pixels.shape();
    if (height, width) == (side, side) {
        return Ok(pixels);
    }
    let dtype = pixels.dtype();
    Pixels::mosaic(dtype, [side, side, channels], &[Part { at: [0; 3], pixels }])
}

/// Compresses what has no shape. Deflate is a zlib stream.
fn compress(by: Compression, effort: Effort, bytes: Vec<u8>) -> Result<Vec<u8>> {
    let wrong = |error: std::io::Error| Error::internal(format!("{}: {error}", by.name()));
    match by {
        Compression::Deflate => {
            let room = Vec::with_capacity(bytes.len() / 2);
            let mut encoder = ZlibEncoder::new(room, flate2::Compression::new(deflate_level(effort)));
            encoder.write_all(&bytes).map_err(wrong)?;
            encoder.finish().map_err(wrong)
        }
        Compression::Zstd => zstd::bulk::compress(&bytes, zstd_level(effort)).map_err(wrong),
        _ => Ok(bytes),
    }
}

/// What an effort is for zlib.
pub(crate) fn deflate_level(effort: Effort) -> u32 {
    match effort {
        Effort::Stored => 0,
        Effort::Fast => 4,
        Effort::Small => 9,
    }
}

/// What an effort is for Zstandard.
pub(crate) fn zstd_level(effort: Effort) -> i32 {
    match effort {
        Effort::Stored => 1,
        Effort::Fast => 3,
        Effort::Small => 15,
    }
}

/// Predictor 2: each sample less the one of the pixel before, from the end so that none is changed before it is used.
fn differences(row: &mut [u8], size: usize, channels: usize) {
    macro_rules! words {
        ($ty:ty) => {{
            let words: &mut [[u8; size_of::<$ty>()]] = row.as_chunks_mut().0;
            for at in (channels..words.len()).rev() {
                let before = <$ty>::from_le_bytes(words[at - channels]);
                words[at] = <$ty>::from_le_bytes(words[at]).wrapping_sub(before).to_le_bytes();
            }
        }};
    }
    match size {
        1 => words!(u8),
        2 => words!(u16),
        4 => words!(u32),
        _ => words!(u64),
    }
}

/// Predictor 3, of Adobe's technical note 3: the bytes of a row's samples sorted by their weight, the greatest first, then
/// each less the one that is `channels` before it.
fn float_differences(row: &mut [u8], size: usize, channels: usize) {
    let samples = row.len() / size;
    let mut sorted = vec![0; row.len()];
    for (at, sample) in row.chunks_exact(size).enumerate() {
        for (byte, &value) in sample.iter().enumerate() {
            sorted[(size - 1 - byte) * samples + at] = value;
        }
    }
    for at in (channels..sorted.len()).rev() {
        sorted[at] = sorted[at].wrapping_sub(sorted[at - channels]);
    }
    row.copy_from_slice(&sorted);
}
