//! Pieces as pictures: painted and encoded as tiles of the server are.

use projectile_core::encode::{Content, EncodeOptions};
use projectile_core::{Encoding, Image, Paint, Pixels, Resampling, Result, Selection};

use crate::options::{Compression, ExportOptions};

/// How pieces become pictures.
#[derive(Debug)]
pub(crate) struct Pictures {
    paint: Paint,
    encoding: Encoding,
}

/// What pictures of tiles are compressed by, the default first.
pub(crate) const KINDS: [Compression; 3] = [Compression::Png, Compression::Jpeg, Compression::WebP];

impl Pictures {
    /// Pictures of an image, as the options say, for the format of that name.
    pub(crate) fn new(image: &Image, format: &str, options: &ExportOptions) -> Result<Self> {
        let extension = match options.compression_of(format, &KINDS)? {
            Compression::Jpeg => "jpg",
            Compression::WebP => "webp",
            _ => "png",
        };
        let mut encoding = Encoding::by_extension(extension)?;
        encoding.options = EncodeOptions {
            effort: options.effort,
            quality: options.quality,
            ..EncodeOptions::default()
        };
        Ok(Self {
            paint: image.paint(&options.style, &options.cancel)?,
            encoding,
        })
    }

    /// What is read.
    pub(crate) fn selection(&self) -> Selection {
        self.paint.selection().clone()
    }

    /// What follows the dot in a picture's name.
    pub(crate) fn extension(&self) -> &'static str {
        self.encoding.encoder.name()
    }

    /// A picture of the pixels, and no more.
    pub(crate) fn of(&self, pixels: &Pixels) -> Result<Vec<u8>> {
        let raster = self.paint.raster(pixels)?;
        self.encoding
            .encoder
            .encode(Content::Colours(&raster), &self.encoding.options)
    }

    /// A picture of `size` pixels a side, with each pixel `repeat` times a side in its top left.
    pub(crate) fn square(&self, pixels: &Pixels, repeat: usize, size: usize) -> Result<Vec<u8>> {
        let raster = self.paint.raster(pixels)?.place(repeat, (size, size));
        self.encoding
            .encoder
            .encode(Content::Colours(&raster), &self.encoding.options)
    }
}

/// How an image is reduced, as the options say.
pub(crate) fn resampling(image: &Image, options: &ExportOptions) -> Resampling {
    options.style.resampling.unwrap_or_else(|| image.resampling())
}

/// Notes on axes of which only one index is written.
pub(crate) fn note_of_planes(image: &Image, selection: &Selection) -> Vec<String> {
    let axes = image.info().axes.extra().zip(&selection.indices);
    let chosen: Vec<_> = axes
        .filter(|(axis, _)| axis.size > 1)
        .map(|(axis, index)| format!("{} = {index} of {}", axis.name, axis.size))
        .collect();
    if chosen.is_empty() {
        return Vec::new();
    }
    vec![format!("one plane is written: {}", chosen.join(", "))]
}
