//! The tile grid of an image: the seed's scheme, in integers.

use crate::error::{Error, Result};
use crate::source::Region;

/// The greatest tile size that is rendered, in pixels a side.
pub const MAX_TILE_SIZE: u32 = 4096;

/// The quad-tree of tiles over an image of `height × width` pixels: zoom 0 is one tile that covers it from its top
/// left corner, and each zoom halves what a tile covers, down to one source pixel at `max_zoom`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    height: u64,
    width: u64,
}

/// Where a tile's pixels come from: a region of the image reduced by `2^reduction`, each pixel drawn `repeat` times
/// a side, into the top left of a tile of `size × size` pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    /// Base-2 logarithm of the source pixels per reduced pixel, a side.
    pub reduction: u32,
    /// The reduced pixels that exist; empty for a tile beyond the image.
    pub region: Region,
    /// Tile pixels per reduced pixel, a side; more than 1 only where `reduction` is 0.
    pub repeat: u32,
    /// The tile's side, in pixels.
    pub size: u32,
}

impl Placement {
    /// Whether no pixel of the image lies in the tile.
    pub fn is_empty(&self) -> bool {
        self.region.height == 0 || self.region.width == 0
    }

    /// Tile rows and columns that show pixels of the image.
    pub fn covered(&self) -> (usize, usize) {
        let repeat = u64::from(self.repeat);
        (
            (self.region.height * repeat) as usize,
            (self.region.width * repeat) as usize,
        )
    }

    /// Whether every pixel of the tile shows a pixel of the image.
    pub fn is_full(&self) -> bool {
        self.covered() == (self.size as usize, self.size as usize)
    }
}

impl Grid {
    /// The grid of an image of `height × width` pixels, each from 1 to 2^62.
    pub fn new(height: u64, width: u64) -> Self {
        Self {
            height: height.clamp(1, 1 << 62),
            width: width.clamp(1, 1 << 62),
        }
    }

    /// `ceil(log2(max(height, width)))`: the zoom at which a tile covers one source pixel.
    ///
    /// ```
    /// # use projectile_core::Grid;
    /// assert_eq!(Grid::new(1, 1).max_zoom(), 0);
    /// assert_eq!(Grid::new(1000, 1024).max_zoom(), 10);
    /// assert_eq!(Grid::new(1025, 3).max_zoom(), 11);
    /// ```
    pub fn max_zoom(&self) -> u32 {
        let longest = self.height.max(self.width);
        u64::BITS - (longest - 1).leading_zeros()
    }

    /// Rows and columns of the image reduced by `2^reduction`.
    pub fn reduced(&self, reduction: u32) -> (u64, u64) {
        (
            ceil_shift(self.height, reduction),
            ceil_shift(self.width, reduction),
        )
    }

    /// Where tile (x, y) of zoom `z` lies, rendered at `size × size` pixels.
    ///
    /// # Errors
    /// [`BadRequest`](crate::ErrorKind::BadRequest) when `size` is no power of two from 1 to [`MAX_TILE_SIZE`];
    /// [`NotFound`](crate::ErrorKind::NotFound) outside the grid of `2^z × 2^z` tiles or beyond `max_zoom`.
    pub fn place(&self, z: u32, x: u64, y: u64, size: u32) -> Result<Placement> {
        if !size.is_power_of_two() || size > MAX_TILE_SIZE {
            return Err(Error::bad_request(
                "s",
                format!("tile size {size} is no power of 2 from 1 to {MAX_TILE_SIZE}, e.g. 256"),
            ));
        }
        let max_zoom = self.max_zoom();
        if z > max_zoom {
            return Err(Error::not_found(format!(
                "zoom {z} is beyond the image's last, {max_zoom}"
            )));
        }
        let tiles = 1u64 << z;
        if x >= tiles || y >= tiles {
            return Err(Error::not_found(format!(
                "tile ({x}, {y}) is outside zoom {z}: x and y are 0 to {}",
                tiles - 1
            )));
        }
        // Base-2 logarithm of what a tile covers, in source pixels a side.
        let cover = max_zoom - z;
        let side = size.trailing_zeros();
        let (reduction, repeat) = if cover >= side {
            (cover - side, 0)
        } else {
            (0, side - cover)
        };
        let (rows, columns) = self.reduced(reduction);
        let (y, height) = clip(y << (cover - reduction), 1 << (cover - reduction), rows);
        let (x, width) = clip(x << (cover - reduction), 1 << (cover - reduction), columns);
        Ok(Placement {
            reduction,
            region: Region { y, x, height, width },
            repeat: 1 << repeat,
            size,
        })
    }
}

/// The part of `start..start + length` below `end`.
fn clip(start: u64, length: u64, end: u64) -> (u64, u64) {
    let start = start.min(end);
    (start, length.min(end - start))
}

/// `ceil(value / 2^shift)` for shifts of any size.
pub(crate) fn ceil_shift(value: u64, shift: u32) -> u64 {
    match 1u64.checked_shl(shift) {
        Some(divisor) => value.div_ceil(divisor),
        None => u64::from(value > 0),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ErrorKind;

    #[test]
    fn a_tile_outside_the_grid_is_not_found_and_a_bad_size_is_a_bad_request() {
        let grid = Grid::new(300, 200);
        assert_eq!(grid.place(10, 0, 0, 256).unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(grid.place(1, 2, 0, 256).unwrap_err().kind(), ErrorKind::NotFound);
        for size in [0, 3, 300, 8192, u32::MAX] {
            assert_eq!(grid.place(0, 0, 0, size).unwrap_err().parameter(), Some("s"));
        }
    }

    #[test]
    fn a_tile_inside_the_grid_but_beyond_the_image_is_empty() {
        assert!(Grid::new(300, 200).place(1, 1, 1, 256).unwrap().is_empty());
    }

    proptest! {
        /// The seed's definition, in wide integers: rows `[y * cover, (y + 1) * cover)` of the source.
        #[test]
        fn placement_covers_what_the_seed_says(
            height in 1u64..1 << 50, width in 1u64..1 << 50, zoom in 0.0..=1.0f64,
            fx in 0.0..1.0f64, fy in 0.0..1.0f64, side in 0u32..=12,
        ) {
            let grid = Grid::new(height, width);
            let z = (f64::from(grid.max_zoom()) * zoom) as u32;
            let tiles = (1u64 << z) as f64;
            let (x, y) = ((fx * tiles) as u64, (fy * tiles) as u64);
            let placement = grid.place(z, x, y, 1 << side).unwrap();
            let cover = 1u128 << (grid.max_zoom() - z);
            let factor = 1u128 << placement.reduction;
            prop_assert_eq!(cover.max(1 << side), u128::from(placement.size).max(cover));
            prop_assert_eq!(cover * u128::from(placement.repeat), u128::from(placement.size) * factor);
            let expect = |tile: u64, length: u64| {
                let start = (u128::from(tile) * cover).min(u128::from(length).div_ceil(factor) * factor);
                let end = (u128::from(tile + 1) * cover).min(u128::from(length));
                (start / factor, end.saturating_sub(start).div_ceil(factor))
            };
            let region = placement.region;
            prop_assert_eq!((u128::from(region.y), u128::from(region.height)), expect(y, height));
            prop_assert_eq!((u128::from(region.x), u128::from(region.width)), expect(x, width));
        }

        /// Each source pixel lies in exactly one tile of a zoom.
        #[test]
        fn tiles_of_a_zoom_share_out_the_image(height in 1u64..200, width in 1u64..200, z in 0u32..8) {
            let grid = Grid::new(height, width);
            let z = z.min(grid.max_zoom());
            let size = 1 << (grid.max_zoom() - z).min(12);
            let mut seen = 0;
            for y in 0..1 << z {
                for x in 0..1 << z {
                    let region = grid.place(z, x, y, size).unwrap().region;
                    seen += region.height * region.width;
                }
            }
            prop_assert_eq!(seen, height * width);
        }
    }
}
