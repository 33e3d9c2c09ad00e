//! Bare samples in their own dtype: little-endian, `(height, width, channels)` in C order, no header.

use super::{Content, ContentKind, EncodeOptions, Encoder};
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

    fn encode(&self, content: Content<'_>, _options: &EncodeOptions) -> Result<Vec<u8>> {
        content.samples()?.to_le_bytes()
    }
}
