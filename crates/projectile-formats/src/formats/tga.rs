//! Targa: it has no signature, so the name decides.

use std::io::Read;
use std::path::Path;

use image::codecs::tga::TgaDecoder;
use projectile_core::Result;

use crate::decode::input::read_error;
use crate::decode::{Input, Picture, guarded, through_image};
use crate::format::{Format, NamedSource};
use crate::open::{Mode, OpenOptions};
use crate::sizes::to_u64;

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
        let input = Input::open(path, options)?;
        guarded(options, || decode(&input)?.into_sources(self.name(), &input))
    }
}

fn decode(input: &Input<'_>) -> Result<Picture> {
    let picture = through_image::decode(input, TgaDecoder::new)?;
    if picture.channels < 4 || attribute_bits(input)? > 0 {
        return Ok(picture);
    }
    // Of four bytes the last means nothing.
    let (data, channels) = picture.data.into_mode(Mode::Rgb, 4);
    Ok(Picture {
        data,
        channels: to_u64(channels),
        ..picture
    })
}

/// How many bits of a pixel are alpha, as the header's image descriptor says.
fn attribute_bits(input: &Input<'_>) -> Result<u8> {
    let mut header = [0; 18];
    input
        .reader()?
        .read_exact(&mut header)
        .map_err(|error| read_error(&error))?;
    Ok(header[17] & 0x0f)
}
