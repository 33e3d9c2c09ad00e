//! Windows icons: the largest of the pictures in one.

use std::path::Path;

use image::codecs::ico::IcoDecoder;
use projectile_core::Result;

use crate::decode::through_image;
use crate::format::{Format, NamedSource};
use crate::open::OpenOptions;

pub(crate) struct Ico;

impl Format for Ico {
    fn name(&self) -> &'static str {
        "ICO"
    }

    fn about(&self) -> &'static str {
        "the largest picture of an icon, as RGBA"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["ico"]
    }

    fn sniff(&self, head: &[u8]) -> bool {
        head.starts_with(&[0, 0, 1, 0])
            && head.get(4..6).is_some_and(|count| count != [0, 0])
            && head.get(9) == Some(&0)
    }

    fn open(&self, path: &Path, options: &OpenOptions) -> Result<Vec<NamedSource>> {
        through_image::open(self.name(), path, options, IcoDecoder::new)
    }
}
