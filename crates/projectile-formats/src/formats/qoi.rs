//! Quite OK images.

use std::path::Path;

use image::codecs::qoi::QoiDecoder;
use projectile_core::Result;

use crate::decode::through_image;
use crate::format::{Format, NamedSource};
use crate::open::OpenOptions;

pub(crate) struct Qoi;

impl Format for Qoi {
    fn name(&self) -> &'static str {
        "QOI"
    }

    fn about(&self) -> &'static str {
        "RGB and RGBA"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["qoi"]
    }

    fn sniff(&self, head: &[u8]) -> bool {
        head.starts_with(b"qoif")
    }

    fn open(&self, path: &Path, options: &OpenOptions) -> Result<Vec<NamedSource>> {
        through_image::open(self.name(), path, options, QoiDecoder::new)
    }
}
