//! Bare samples in their own dtype: little-endian, `(height, width, channels)` in C order, no header.

use super::{Content, ContentKind, EncodeOptions, Encoder};
use crate::array::{Part, Pixels};
use crate::error::Result;

/// Bare samples.
pub(super) struct Bin;

impl Encoder for Bin {
    fn extensions(&self) -> &'static [&'static str] {
        &["bin"]
    }

    fn media_type(&self) -> &'static str {
        "application/octet-stream"
    }

    fn content(&self) -> ContentKind {
        ContentKind::Samples
    }

    fn encode(&self, content: Content<'_>, options: &EncodeOptions) -> Result<Vec<u8>> {
        let pixels = content.samples()?;
        let [height, width, channels] = pixels.shape();
        match options.padded {
            Some((rows, columns)) if (height, width) != (rows as usize, columns as usize) => {
                let part = Part {
                    at: [0, 0, 0],
                    pixels: pixels.clone(),
                };
                let shape = [rows as usize, columns as usize, channels];
                Pixels::mosaic(pixels.dtype(), shape, &[part])?.to_le_bytes()
            }
            _ => pixels.to_le_bytes(),
        }
    }
}
