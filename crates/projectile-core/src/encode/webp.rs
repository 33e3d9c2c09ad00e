//! WebP: lossless, or lossy where a quality is asked for.

use super::{Content, ContentKind, Effort, EncodeOptions, Encoder};
use crate::colour::Layout;
use crate::error::{Error, Result};

/// WebP.
pub(super) struct WebP;

impl Encoder for WebP {
    fn extensions(&self) -> &'static [&'static str] {
        &["webp"]
    }

    fn media_type(&self) -> &'static str {
        "image/webp"
    }

    fn content(&self) -> ContentKind {
        ContentKind::Colours
    }

    fn encode(&self, content: Content<'_>, options: &EncodeOptions) -> Result<Vec<u8>> {
        let raster = content.colours()?;
        let failed = |why: String| Error::internal(format!("WebP encoder: {why}"));
        let opaque = !raster.has_transparency();
        let picture = if opaque && raster.layout == Layout::Rgb && raster.bits == 8 {
            raster.clone()
        } else if opaque {
            raster.clone().flatten([255; 3])
        } else {
            raster.to_rgba()
        };
        let (width, height) = (picture.width as u32, picture.height as u32);
        let colours: Vec<u8>;
        let encoder = match picture.layout {
            Layout::Rgba => webp::Encoder::from_rgba(&picture.data, width, height),
            Layout::Gray => {
                colours = picture.data.iter().flat_map(|&gray| [gray; 3]).collect();
                webp::Encoder::from_rgb(&colours, width, height)
            }
            _ => webp::Encoder::from_rgb(&picture.data, width, height),
        };
        let mut config = webp::WebPConfig::new().map_err(|()| failed("no configuration".into()))?;
        // For lossless, quality is libwebp's effort, and exact keeps colours under transparent pixels.
        config.method = if options.effort == Effort::Small { 4 } else { 0 };
        config.lossless = i32::from(options.quality.is_none());
        config.exact = 1;
        let effort = if options.effort == Effort::Small {
            75.0
        } else {
            0.0
        };
        config.quality = options.quality.map_or(effort, f32::from);
        let bytes = encoder
            .encode_advanced(&config)
            .map_err(|error| failed(format!("{error:?}")))?;
        Ok(bytes.to_vec())
    }
}
