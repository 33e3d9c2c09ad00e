//! Radiance pictures.

use std::path::Path;

use image::codecs::hdr::HdrDecoder;
use projectile_core::Result;

use crate::decode::through_image;
use crate::format::{Format, NamedSource};
use crate::open::OpenOptions;

pub(crate) struct Hdr;

impl Format for Hdr {
    fn name(&self) -> &'static str {
        "HDR"
    }

    fn about(&self) -> &'static str {
        "RGBE as float32"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["hdr", "rgbe"]
    }

    fn sniff(&self, head: &[u8]) -> bool {
        head.starts_with(b"#?RADIANCE") || head.starts_with(b"#?RGBE")
    }

    fn open(&self, path: &Path, options: &OpenOptions) -> Result<Vec<NamedSource>> {
        through_image::open(self.name(), path, options, HdrDecoder::new)
    }
}
