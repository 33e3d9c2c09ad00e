//! `DirectDraw` surfaces.

use std::path::Path;

use image::codecs::dds::DdsDecoder;
use projectile_core::Result;

use crate::decode::through_image;
use crate::format::{Format, NamedSource};
use crate::open::OpenOptions;

pub(crate) struct Dds;

impl Format for Dds {
    fn name(&self) -> &'static str {
        "DDS"
    }

    fn about(&self) -> &'static str {
        "DXT1, DXT3 and DXT5; the largest level"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["dds"]
    }

    fn sniff(&self, head: &[u8]) -> bool {
        head.starts_with(b"DDS ")
    }

    fn open(&self, path: &Path, options: &OpenOptions) -> Result<Vec<NamedSource>> {
        through_image::open(self.name(), path, options, DdsDecoder::new)
    }
}
