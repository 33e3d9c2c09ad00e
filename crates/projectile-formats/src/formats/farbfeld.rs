//! farbfeld.

use std::path::Path;

use image::codecs::farbfeld::FarbfeldDecoder;
use projectile_core::Result;

use crate::decode::through_image;
use crate::format::{Format, NamedSource};
use crate::open::OpenOptions;

pub(crate) struct Farbfeld;

impl Format for Farbfeld {
    fn name(&self) -> &'static str {
        "farbfeld"
    }

    fn about(&self) -> &'static str {
        "RGBA of 16 bits"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["ff"]
    }

    fn sniff(&self, head: &[u8]) -> bool {
        head.starts_with(b"farbfeld")
    }

    fn open(&self, path: &Path, options: &OpenOptions) -> Result<Vec<NamedSource>> {
        through_image::open(self.name(), path, options, FarbfeldDecoder::new)
    }
}
