//! How samples of an image become colours, for whoever streams them.

use super::display::{Look, look, selection};
use super::image::Image;
use super::request::Style;
use crate::array::Pixels;
use crate::colour::{Painter, Raster};
use crate::error::Result;
use crate::source::{Cancel, Selection};

/// A style, resolved for an image: which samples it needs, and how they become colours.
#[derive(Clone, Debug)]
pub struct Paint {
    selection: Selection,
    painter: Painter,
    nodata: Option<f64>,
}

impl Paint {
    /// The samples that are to be read.
    pub fn selection(&self) -> &Selection {
        &self.selection
    }

    /// Colours of such samples.
    ///
    /// # Errors
    /// [`Internal`](crate::ErrorKind::Internal) when the pixels are not of the channels selected.
    pub fn raster(&self, pixels: &Pixels) -> Result<Raster> {
        let magnitude = pixels.magnitude();
        crate::colour::paint(magnitude.as_ref().unwrap_or(pixels), &self.painter, self.nodata)
    }
}

impl Image {
    /// How tiles of a style are painted. Blocks while a sample is read, where the style leaves the window to it.
    ///
    /// # Errors
    /// [`BadRequest`](crate::ErrorKind::BadRequest) for what the style asks, and what reading gives.
    pub fn paint(&self, style: &Style, cancel: &Cancel) -> Result<Paint> {
        let Look { selection, painter } = look(self, style, cancel)?;
        Ok(Paint {
            selection,
            painter,
            nodata: self.info().nodata,
        })
    }

    /// The samples that a style selects.
    ///
    /// # Errors
    /// [`BadRequest`](crate::ErrorKind::BadRequest) for an axis, an index or a channel that is not there.
    pub fn select(&self, style: &Style) -> Result<Selection> {
        selection(self.info(), style)
    }
}
