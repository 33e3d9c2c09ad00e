//! PNG: gray where gray, a palette where colormapped, 16 bits where asked.

use super::{Content, ContentKind, Effort, EncodeOptions, Encoder, stored};
use crate::colour::{Layout, Raster};
use crate::error::{Error, Result};

/// PNG.
pub(super) struct Png;

impl Encoder for Png {
    fn extensions(&self) -> &'static [&'static str] {
        &["png"]
    }

    fn media_type(&self) -> &'static str {
        "image/png"
    }

    fn content(&self) -> ContentKind {
        ContentKind::Colours
    }

    fn is_copy(&self, options: &EncodeOptions) -> bool {
        options.effort == Effort::Stored
    }

    fn encode(&self, content: Content<'_>, options: &EncodeOptions) -> Result<Vec<u8>> {
        let raster = content.colours()?;
        let compression = match options.effort {
            Effort::Stored => return Ok(stored::png(raster)),
            Effort::Fast => png::Compression::Fastest,
            Effort::Small => png::Compression::Balanced,
        };
        compressed(raster, compression).map_err(|error| Error::internal(format!("PNG encoder: {error}")))
    }
}

fn compressed(raster: &Raster, compression: png::Compression) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::with_capacity(raster.data.len() / 2 + 1024);
    let mut encoder = png::Encoder::new(&mut bytes, raster.width as u32, raster.height as u32);
    encoder.set_color(match raster.layout {
        Layout::Gray => png::ColorType::Grayscale,
        Layout::GrayAlpha => png::ColorType::GrayscaleAlpha,
        Layout::Rgb => png::ColorType::Rgb,
        Layout::Rgba => png::ColorType::Rgba,
        Layout::Indexed => png::ColorType::Indexed,
    });
    encoder.set_depth(if raster.bits == 16 {
        png::BitDepth::Sixteen
    } else {
        png::BitDepth::Eight
    });
    if raster.layout == Layout::Indexed {
        encoder.set_palette(
            raster
                .palette
                .iter()
                .flat_map(|&[r, g, b, _]| [r, g, b])
                .collect::<Vec<_>>(),
        );
        if let Some(alphas) = alphas(raster) {
            encoder.set_trns(alphas);
        }
    }
    encoder.set_compression(compression);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&raster.data)?;
    writer.finish()?;
    Ok(bytes)
}

/// The alphas of a palette up to its last that is not opaque, as `tRNS` wants them.
pub(super) fn alphas(raster: &Raster) -> Option<Vec<u8>> {
    let last = raster.palette.iter().rposition(|colour| colour[3] != 255)?;
    Some(raster.palette[..=last].iter().map(|colour| colour[3]).collect())
}
