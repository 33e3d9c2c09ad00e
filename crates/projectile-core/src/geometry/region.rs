//! Regions that other tilings ask for: of a level, or at any size.

use super::grid::{Grid, Placement};
use crate::error::{Error, Result};
use crate::source::Region;

/// The most pixels that are answered at a time.
pub const MOST_PIXELS: u64 = 1 << 24;
/// The most pixels of a level that are read for one answer.
const MOST_READ: u64 = 1 << 26;

/// Which part of some pixels is shown, and at which size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fit {
    /// Where it begins, in rows and columns of the pixels that are there; perhaps within one.
    pub start: (f64, f64),
    /// How many rows and columns it takes.
    pub length: (f64, f64),
    /// Rows and columns of the answer.
    pub size: (usize, usize),
}

impl Grid {
    /// A region of the image reduced by `2^reduction`, in reduced pixels, each of which is shown once. What of it is
    /// outside of the image is left out.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound) for a reduction beyond one pixel, or a region that begins outside of
    /// the image; [`Limit`](crate::ErrorKind::Limit) beyond [`MOST_PIXELS`].
    pub fn place_reduced(&self, reduction: u32, region: Region) -> Result<Placement> {
        if reduction > self.max_zoom() {
            return Err(Error::not_found(format!(
                "the image is one pixel when it is reduced by 2^{}, and this is 2^{reduction}",
                self.max_zoom()
            )));
        }
        let region = self.inside(region, self.reduced(reduction))?;
        let size = allowed(region.height, region.width)?;
        Ok(Placement {
            reduction,
            region,
            repeat: 1,
            size,
            further: (0, 0),
            fit: None,
        })
    }

    /// A region of the full-resolution image, shown at `(rows, columns)` pixels. What of it is outside of the image is
    /// left out, and the size is that of the rest.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound) for a region that begins outside of the image,
    /// [`BadRequest`](crate::ErrorKind::BadRequest) for a size of no pixels, [`Limit`](crate::ErrorKind::Limit) beyond
    /// [`MOST_PIXELS`], and where one axis is shown so much smaller than the other that too much would be read.
    pub fn place_scaled(&self, region: Region, (rows, columns): (u64, u64)) -> Result<Placement> {
        let region = self.inside(region, self.reduced(0))?;
        if rows == 0 || columns == 0 {
            return Err(Error::bad_request("size", "a size of no pixels"));
        }
        let size = allowed(rows, columns)?;
        let least = (region.height / rows).min(region.width / columns).max(1);
        // The coarsest level that is not coarser than what is asked for.
        let reduction = least.ilog2().min(self.max_zoom());
        let (height, width) = self.reduced(reduction);
        let factor = (1u64 << reduction) as f64;
        let (y, x) = (region.y >> reduction, region.x >> reduction);
        let end = |start: u64, length: u64, most: u64| (start + length).div_ceil(1 << reduction).min(most);
        let reduced = Region {
            y,
            x,
            height: end(region.y, region.height, height) - y,
            width: end(region.x, region.width, width) - x,
        };
        if reduced.height.saturating_mul(reduced.width) > MOST_READ {
            return Err(Error::limit(format!(
                "a region of {} × {} pixels at {columns} × {rows} takes more pixels than are read at a time: choose a \
                 size of the region's own shape, or a smaller region",
                region.width, region.height
            )));
        }
        let fit = Fit {
            start: (
                region.y as f64 / factor - y as f64,
                region.x as f64 / factor - x as f64,
            ),
            length: (region.height as f64 / factor, region.width as f64 / factor),
            size: (rows as usize, columns as usize),
        };
        let is_as_it_is = fit.start == (0.0, 0.0) && (reduced.height, reduced.width) == (rows, columns);
        Ok(Placement {
            reduction,
            region: reduced,
            repeat: 1,
            size,
            further: (0, 0),
            fit: (!is_as_it_is).then_some(fit),
        })
    }

    fn inside(&self, region: Region, (height, width): (u64, u64)) -> Result<Region> {
        if region.y >= height || region.x >= width || region.height == 0 || region.width == 0 {
            let (rows, columns) = self.reduced(0);
            return Err(Error::not_found(format!(
                "no pixel is in the region of {} × {} from ({}, {}): the image has {columns} × {rows}",
                region.width, region.height, region.x, region.y
            )));
        }
        Ok(Region {
            height: region.height.min(height - region.y),
            width: region.width.min(width - region.x),
            ..region
        })
    }
}

fn allowed(rows: u64, columns: u64) -> Result<(u32, u32)> {
    match (u32::try_from(rows), u32::try_from(columns)) {
        (Ok(height), Ok(width)) if rows * columns <= MOST_PIXELS => Ok((height, width)),
        _ => Err(Error::limit(format!(
            "{columns} × {rows} pixels are asked for, and at most {MOST_PIXELS} are given at a time"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ErrorKind;

    const fn region(y: u64, x: u64, height: u64, width: u64) -> Region {
        Region { y, x, height, width }
    }

    #[test]
    fn a_region_of_a_level_is_clipped_to_it() {
        let grid = Grid::new(1000, 600);
        let placed = grid.place_reduced(2, region(200, 100, 256, 256)).unwrap();
        assert_eq!(placed.region, region(200, 100, 50, 50));
        assert_eq!(placed.size, (50, 50));
        let kind = |placed: Result<Placement>| placed.unwrap_err().kind();
        assert_eq!(
            kind(grid.place_reduced(2, region(250, 0, 1, 1))),
            ErrorKind::NotFound
        );
        assert_eq!(
            kind(grid.place_reduced(11, region(0, 0, 1, 1))),
            ErrorKind::NotFound
        );
        let huge = Grid::new(1 << 40, 1 << 40);
        let all = region(0, 0, u64::MAX, u64::MAX);
        assert_eq!(kind(huge.place_reduced(0, all)), ErrorKind::Limit);
        assert_eq!(kind(huge.place_scaled(all, (1 << 40, 1))), ErrorKind::Limit);
        assert_eq!(kind(huge.place_scaled(all, (1, 1 << 20))), ErrorKind::Limit);
        assert_eq!(kind(huge.place_scaled(all, (0, 1))), ErrorKind::BadRequest);
    }

    #[test]
    fn a_size_that_is_a_level_is_shown_as_it_is() {
        let grid = Grid::new(1024, 512);
        let scaled = grid.place_scaled(region(0, 0, 1024, 512), (256, 128)).unwrap();
        assert_eq!(scaled, grid.place_reduced(2, region(0, 0, 256, 128)).unwrap());
        let odd = grid.place_scaled(region(0, 0, 1024, 512), (300, 150)).unwrap();
        assert_eq!((odd.reduction, odd.region), (1, region(0, 0, 512, 256)));
        assert_eq!(odd.covered(), (300, 150));
    }

    proptest! {
        /// What is read holds what is asked for, and is less than four times as fine along the axis that decides.
        #[test]
        fn what_is_read_is_enough_and_little(
            height in 1u64..1 << 32, width in 1u64..1 << 32, fy in 0.0..1.0f64, fx in 0.0..1.0f64,
            fh in 0.0..=1.0f64, fw in 0.0..=1.0f64, rows in 1u64..2000, columns in 1u64..2000,
        ) {
            let grid = Grid::new(height, width);
            let (y, x) = ((height as f64 * fy) as u64, (width as f64 * fx) as u64);
            let asked = region(y, x, 1 + (height as f64 * fh) as u64, 1 + (width as f64 * fw) as u64);
            let Ok(placed) = grid.place_scaled(asked, (rows, columns)) else { return Ok(()) };
            let factor = 1u64 << placed.reduction;
            let (end_y, end_x) = ((y + asked.height).min(height), (x + asked.width).min(width));
            prop_assert!(placed.region.y * factor <= y && placed.region.x * factor <= x);
            prop_assert!((placed.region.y + placed.region.height) * factor >= end_y);
            prop_assert!((placed.region.x + placed.region.width) * factor >= end_x);
            prop_assert!((placed.region.y + placed.region.height - 1) * factor < end_y);
            let scale = ((end_y - y) as f64 / rows as f64).min((end_x - x) as f64 / columns as f64).max(1.0);
            prop_assert!(factor as f64 <= scale && scale < factor as f64 * 4.0 || placed.reduction == grid.max_zoom());
            prop_assert_eq!(placed.covered(), (rows as usize, columns as usize));
        }
    }
}
