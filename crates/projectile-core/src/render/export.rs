//! A region of an image at full resolution, as a file.

use super::display::{Look, look, selection};
use super::image::Image;
use super::request::Style;
use super::tile::Tile;
use crate::colour::paint;
use crate::encode::{Content, ContentKind, Encoding};
use crate::error::{Error, Result};
use crate::source::{Cancel, ReadRequest, Region};

/// The most bytes of samples, or of pictures with four bytes a pixel, that a file is made of.
const MOST_BYTES: u128 = 1 << 28;

/// What part of an image becomes a file, and how.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ExportRequest {
    /// Pixels of the full-resolution image; what of it lies outside is left out.
    pub region: Region,
    /// Which plane and channels; how a picture of them looks.
    pub style: Style,
    /// The format: samples as they are stored, or colours as they are shown.
    pub encoding: Encoding,
}

impl Image {
    /// A region at full resolution as a file: its samples, or their colours, by what the encoder takes. Blocks.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound) for a region outside of the image, [`Limit`](crate::ErrorKind::Limit)
    /// beyond 256 MiB, [`BadRequest`](crate::ErrorKind::BadRequest) for what the style asks, and what reading gives.
    pub fn export(&self, request: &ExportRequest, cancel: &Cancel) -> Result<Tile> {
        if let Some((image, style)) = self.projected(&request.style)? {
            let request = ExportRequest {
                style,
                ..request.clone()
            };
            return image.export(&request, cancel);
        }
        let info = self.info();
        let encoder = request.encoding.encoder;
        let region = inside(request.region, info.axes.height(), info.axes.width())?;
        let (selection, painter) = match encoder.content() {
            ContentKind::Samples => (selection(info, &request.style)?, None),
            ContentKind::Colours => {
                let Look { selection, painter } = look(self, &request.style, cancel)?;
                (selection, Some(painter))
            }
        };
        let bytes = info.dtype.size() as u128 * selection.channel_count(info.axes.channels()) as u128;
        let bytes = if painter.is_some() { bytes.max(4) } else { bytes };
        if u128::from(region.height) * u128::from(region.width) * bytes > MOST_BYTES {
            return Err(Error::limit(format!(
                "a region of {} × {} pixels takes more than {} MiB: choose a smaller one",
                region.width,
                region.height,
                MOST_BYTES >> 20
            )));
        }
        let samples = region.height * region.width * selection.channel_count(info.axes.channels()) as u64;
        self.check_projected(samples)?;
        let pixels = self.read(ReadRequest {
            level: 0,
            region,
            step: 1,
            selection,
            cancel: cancel.clone(),
        })?;
        cancel.check()?;
        let (bytes, samples) = match painter {
            None => {
                let bytes = encoder.encode(Content::Samples(&pixels), &request.encoding.options)?;
                (bytes, Some((pixels.dtype(), pixels.shape())))
            }
            Some(painter) => {
                let pixels = pixels.magnitude().unwrap_or(pixels);
                let raster = paint(&pixels, &painter, info.nodata)?;
                (
                    encoder.encode(Content::Colours(&raster), &request.encoding.options)?,
                    None,
                )
            }
        };
        Ok(Tile {
            bytes,
            media_type: encoder.media_type(),
            provisional: false,
            samples,
            damage: None,
        })
    }
}

/// What of a region is inside of the image.
fn inside(region: Region, height: u64, width: u64) -> Result<Region> {
    if region.y >= height || region.x >= width {
        return Err(Error::not_found(format!(
            "the region begins at ({}, {}), outside of the image of {width} × {height} pixels",
            region.x, region.y
        )));
    }
    Ok(Region {
        height: region.height.min(height - region.y),
        width: region.width.min(width - region.x),
        ..region
    })
}
