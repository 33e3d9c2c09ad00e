//! Halving along one axis only, for tiles whose axes are at zooms of their own.

use super::{Job, Resampling, Rules};
use crate::array::{Part, Pixels};
use crate::error::{Error, Result};
use crate::source::{Cancel, Region};

impl Resampling {
    /// Pixels of which rows are halved `down` times, and columns `across` times; one of the two is 0.
    ///
    /// # Errors
    /// [`Internal`](crate::ErrorKind::Internal) where neither is, and [`Cancelled`](crate::ErrorKind::Cancelled).
    pub(crate) fn further(
        self,
        pixels: Pixels,
        (down, across): (u32, u32),
        rules: Rules,
        cancel: &Cancel,
    ) -> Result<Pixels> {
        match (down, across) {
            (0, 0) => Ok(pixels),
            (steps, 0) => self.halve_rows(pixels, steps, rules, cancel),
            (0, steps) => Ok(self
                .halve_rows(pixels.transposed(), steps, rules, cancel)?
                .transposed()),
            _ => Err(Error::internal("a tile is reduced further along one axis only")),
        }
    }

    fn halve_rows(self, pixels: Pixels, steps: u32, rules: Rules, cancel: &Cancel) -> Result<Pixels> {
        let pixels = pixels.magnitude().unwrap_or(pixels).with_whole_rows()?;
        let [_, width, channels] = pixels.shape();
        // A row that is one pixel of many channels has nothing beside it to be mixed with: halved both ways it is
        // halved along columns alone. Alpha weighs the channels of its own pixel, so there each column goes alone.
        if !rules.alpha {
            return self
                .halve_column(&pixels.regrouped(width * channels)?, steps, rules, cancel)?
                .regrouped(channels);
        }
        let parts = (0..width).map(|x| {
            let column = pixels.crop(0, x, pixels.height(), 1, 1);
            let pixels = self.halve_column(&column, steps, rules, cancel)?;
            Ok(Part {
                at: [0, x, 0],
                pixels,
            })
        });
        let parts = parts.collect::<Result<Vec<_>>>()?;
        let (dtype, height) = parts.first().map_or((pixels.dtype(), 0), |part| {
            (part.pixels.dtype(), part.pixels.height())
        });
        Pixels::mosaic(dtype, [height, width, channels], &parts)
    }

    /// Halves a single column of pixels.
    fn halve_column(self, column: &Pixels, steps: u32, rules: Rules, cancel: &Cancel) -> Result<Pixels> {
        let blocks = |block: Region| {
            let (y, height) = (block.y as usize, block.height as usize);
            Ok(column.crop(y, 0, height, 1, 1))
        };
        let job = Job {
            blocks: &blocks,
            size: (column.height() as u64, 1),
            channels: column.channels(),
            dtype: column.dtype(),
            keep: steps..=steps,
            rules,
            threads: 1,
            cancel,
            rows: None,
        };
        let mut levels = self.reduce(&job)?;
        levels
            .pop()
            .ok_or_else(|| Error::internal("a reduction gave no level"))
    }
}
