//! JPEG: gray where gray, else colour; transparent pixels show the background.

use jpeg_encoder::{ColorType, SamplingFactor};

use super::{Content, ContentKind, EncodeOptions, Encoder};
use crate::colour::Layout;
use crate::error::{Error, Result};

/// JPEG.
pub(super) struct Jpeg;

/// Quality where none is asked for: what most tile servers give.
const QUALITY: u8 = 85;

impl Encoder for Jpeg {
    fn extensions(&self) -> &'static [&'static str] {
        &["jpg", "jpeg"]
    }

    fn media_type(&self) -> &'static str {
        "image/jpeg"
    }

    fn content(&self) -> ContentKind {
        ContentKind::Colours
    }

    fn encode(&self, content: Content<'_>, options: &EncodeOptions) -> Result<Vec<u8>> {
        let raster = content.colours()?;
        let flat;
        let raster = if raster.bits == 8 && matches!(raster.layout, Layout::Gray | Layout::Rgb) {
            raster
        } else {
            flat = raster.clone().flatten(options.background.unwrap_or([255; 3]));
            &flat
        };
        let colour = if raster.layout == Layout::Gray {
            ColorType::Luma
        } else {
            ColorType::Rgb
        };
        let quality = options.quality.unwrap_or(QUALITY);
        let mut bytes = Vec::with_capacity(raster.data.len() / 4);
        let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, quality);
        // Thin coloured lines are what people zoom in for: chroma is halved only where quality is not asked for.
        encoder.set_sampling_factor(if quality >= 90 {
            SamplingFactor::F_1_1
        } else {
            SamplingFactor::F_2_2
        });
        encoder
            .encode(&raster.data, raster.width as u16, raster.height as u16, colour)
            .map_err(|error| Error::internal(format!("JPEG encoder: {error}")))?;
        Ok(bytes)
    }
}
