//! Windows bitmaps.

use std::path::Path;

use image::codecs::bmp::BmpDecoder;
use projectile_core::Result;

use crate::decode::through_image;
use crate::format::{Format, NamedSource};
use crate::open::OpenOptions;

pub(crate) struct Bmp;

impl Format for Bmp {
    fn name(&self) -> &'static str {
        "BMP"
    }

    fn about(&self) -> &'static str {
        "1 to 32 bits, palette, RLE, bit fields"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["bmp"]
    }

    fn sniff(&self, head: &[u8]) -> bool {
        head.starts_with(b"BM")
            && head
                .get(14..18)
                .is_some_and(|size| matches!(size, [12 | 16 | 40 | 52 | 56 | 64 | 108 | 124, 0, 0, 0]))
    }

    fn open(&self, path: &Path, options: &OpenOptions) -> Result<Vec<NamedSource>> {
        through_image::open(self.name(), path, options, BmpDecoder::new)
    }
}
