//! `.npy`: samples in their own dtype, with a header (NumPy's NPY format, version 1.0).

use super::{Content, ContentKind, EncodeOptions, Encoder};
use crate::error::Result;

/// `.npy`, of shape `(height, width)` for one channel, else `(height, width, channels)`.
pub(super) struct Npy;

impl Encoder for Npy {
    fn extensions(&self) -> &'static [&'static str] {
        &["npy"]
    }

    fn media_type(&self) -> &'static str {
        "application/x-npy"
    }

    fn content(&self) -> ContentKind {
        ContentKind::Samples
    }

    fn encode(&self, content: Content<'_>, _options: &EncodeOptions) -> Result<Vec<u8>> {
        let pixels = content.samples()?;
        let [height, width, channels] = pixels.shape();
        let shape = if channels == 1 {
            format!("({height}, {width})")
        } else {
            format!("({height}, {width}, {channels})")
        };
        let dtype = pixels.dtype();
        let order = if dtype.size() == 1 { '|' } else { '<' };
        let mut header = format!(
            "{{'descr': '{order}{}', 'fortran_order': False, 'shape': {shape}, }}",
            dtype.code()
        );
        // Magic, version and length take 10 bytes; all of it is padded to a multiple of 64 and ends in a newline.
        let padded = (10 + header.len() + 1).next_multiple_of(64);
        header.extend(std::iter::repeat_n(' ', padded - 11 - header.len()));
        header.push('\n');

        let samples = pixels.to_le_bytes()?;
        let mut bytes = Vec::with_capacity(padded + samples.len());
        bytes.extend_from_slice(b"\x93NUMPY\x01\x00");
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(&samples);
        Ok(bytes)
    }
}
