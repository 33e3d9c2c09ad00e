//! Reading ahead: the tiles of a view, asked for together.

use super::display::selection;
use super::image::Image;
use super::request::Style;
use super::supply::Levelling;
use crate::error::Result;
use crate::geometry::TileBlock;
use crate::source::{Cancel, Residence};

impl Image {
    /// Reads what the tiles of a block will be made of, at once, for a source that is far away and keeps what it read.
    /// Nothing depends on it. Blocks.
    ///
    /// # Errors
    /// As [`render`](Self::render) of those tiles.
    pub fn fetch(&self, block: &TileBlock, style: &Style, cancel: &Cancel) -> Result<()> {
        if let Some((image, style)) = self.projected(style)? {
            return image.fetch(block, &style, cancel);
        }
        let (reduction, region) = self.grid().place_block(block)?;
        let selection = selection(self.info(), style)?;
        if self.residence() != Residence::Remote || region.height == 0 || region.width == 0 {
            return Ok(());
        }
        let resampling = style.resampling.unwrap_or_else(|| self.resampling());
        Levelling::of(self, resampling, &selection).fetch(reduction, region, &selection, cancel)
    }
}
