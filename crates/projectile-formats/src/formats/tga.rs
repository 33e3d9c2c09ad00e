//! Targa: it has no signature, so the name decides.

use std::path::Path;

use image::codecs::tga::TgaDecoder;
use projectile_core::Result;

use crate::decode::through_image;
use crate::format::{Format, NamedSource};
use crate::open::OpenOptions;

pub(crate) struct Tga;

impl Format for Tga {
    fn name(&self) -> &'static str {
        "TGA"
    }

    fn about(&self) -> &'static str {
        "gray, palette and colour, 8 to 32 bits, RLE"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["tga", "icb", "vda", "vst"]
    }

    fn sniff(&self, head: &[u8]) -> bool {
        let _ = head;
        false
    }

    fn open(&self, path: &Path, options: &OpenOptions) -> Result<Vec<NamedSource>> {
        through_image::open(self.name(), path, options, TgaDecoder::new)
    }
}
