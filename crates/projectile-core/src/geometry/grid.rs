//! The tile grid of an image: the seed's scheme, in integers.

use std::ops::Range;

use super::region::Fit;
use crate::error::{Error, Result};
use crate::source::Region;

/// The greatest tile size that is rendered, in pixels a side.
pub const MAX_TILE_SIZE: u32 = 4096;

/// The most that the two zooms of an anisotropic tile differ: a tile of 256 × 256 pixels is then made of 2^24.
pub const MOST_APART: u32 = 8;

/// The quad-tree of tiles over an image of `height × width` pixels: zoom 0 is one tile that covers it from its top
/// left corner, and each zoom halves what a tile covers, down to one source pixel at `max_zoom`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    height: u64,
    width: u64,
}

/// Where a tile's pixels come from: a region of the image reduced by `2^reduction`, each pixel drawn `repeat` times
/// a side, into the top left of a tile of `size` rows and columns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placement {
    /// Base-2 logarithm of the source pixels per reduced pixel, a side.
    pub reduction: u32,
    /// The reduced pixels that exist; empty for a tile beyond the image.
    pub region: Region,
    /// Tile pixels per reduced pixel, a side; more than 1 only where `reduction` is 0.
    pub repeat: u32,
    /// Rows and columns of the tile, in pixels.
    pub size: (u32, u32),
    /// Base-2 logarithms of how often rows, and columns, are halved further; one of the two is 0.
    pub further: (u32, u32),
    /// What part of the region is shown at which size, where the region is not shown as it is.
    pub fit: Option<Fit>,
}

/// Neighbouring tiles of one zoom, such as a view shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TileBlock {
    /// Zoom.
    pub z: u32,
    /// Columns of tiles.
    pub x: Range<u64>,
    /// Rows of tiles.
    pub y: Range<u64>,
    /// Each tile's side in pixels, a power of two.
    pub size: u32,
}

impl Placement {
    /// Whether no pixel of the image lies in the tile.
    pub fn is_empty(&self) -> bool {
        self.region.height == 0 || self.region.width == 0
    }

    /// Tile rows and columns that show pixels of the image.
    pub fn covered(&self) -> (usize, usize) {
        if let Some(fit) = self.fit {
            return fit.size;
        }
        let repeat = u64::from(self.repeat);
        (
            (ceil_shift(self.region.height, self.further.0) * repeat) as usize,
            (ceil_shift(self.region.width, self.further.1) * repeat) as usize,
        )
    }

    /// Whether every pixel of the tile shows a pixel of the image.
    pub fn is_full(&self) -> bool {
        self.covered() == (self.size.0 as usize, self.size.1 as usize)
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
        let side = side_of(size)?;
        // Base-2 logarithm of what a tile covers, in source pixels a side.
        let cover = self.cover(z, "x", x)?;
        self.cover(z, "y", y)?;
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
            size: (size, size),
            further: (0, 0),
            fit: None,
        })
    }

    /// Where tile (x, y) of zooms `zx` along rows and `zy` along columns lies: an anisotropic tile, for what is far
    /// longer one way than the other. Neither axis shows pixels more than once.
    ///
    /// # Errors
    /// Those of [`place`](Self::place), and [`BadRequest`](crate::ErrorKind::BadRequest) for zooms more than
    /// [`MOST_APART`] apart, or beyond the last at which a tile's pixels are all of the image's.
    pub fn place_anisotropic(&self, (zx, zy): (u32, u32), x: u64, y: u64, size: u32) -> Result<Placement> {
        let side = side_of(size)?;
        let (across, down) = (self.cover(zx, "x", x)?, self.cover(zy, "y", y)?);
        if zx == zy {
            return self.place(zx, x, y, size);
        }
        if across.min(down) < side {
            let last = self.max_zoom().saturating_sub(side);
            return Err(Error::bad_request(
                "z",
                format!("zooms {zx},{zy} of tiles of {size} pixels: with two zooms neither is beyond {last}"),
            ));
        }
        if zx.abs_diff(zy) > MOST_APART {
            return Err(Error::bad_request(
                "z",
                format!("zooms {zx},{zy} are more than {MOST_APART} apart"),
            ));
        }
        let reduction = across.min(down) - side;
        let (rows, columns) = self.reduced(reduction);
        let (y, height) = clip(y << (down - reduction), 1 << (down - reduction), rows);
        let (x, width) = clip(x << (across - reduction), 1 << (across - reduction), columns);
        Ok(Placement {
            reduction,
            region: Region { y, x, height, width },
            repeat: 1,
            size: (size, size),
            further: (down - side - reduction, across - side - reduction),
            fit: None,
        })
    }

    /// Base-2 logarithm of what a tile of zoom `z` covers, in source pixels a side, where there is a tile `at` it.
    fn cover(&self, z: u32, axis: &str, at: u64) -> Result<u32> {
        let max_zoom = self.max_zoom();
        if z > max_zoom {
            return Err(Error::not_found(format!(
                "zoom {z} is beyond the image's last, {max_zoom}"
            )));
        }
        let tiles = 1u64 << z;
        if at >= tiles {
            return Err(Error::not_found(format!(
                "tile {axis} = {at} is outside zoom {z}: {axis} is 0 to {}",
                tiles - 1
            )));
        }
        Ok(max_zoom - z)
    }
}

/// Base-2 logarithm of a tile's size.
fn side_of(size: u32) -> Result<u32> {
    if size.is_power_of_two() && size <= MAX_TILE_SIZE {
        return Ok(size.trailing_zeros());
    }
    Err(Error::bad_request(
        "s",
        format!("tile size {size} is no power of 2 from 1 to {MAX_TILE_SIZE}, e.g. 256"),
    ))
}

impl Grid {
    /// What all tiles of a block show together: the base-2 logarithm of the source pixels per reduced pixel, and the
    /// region of reduced pixels.
    ///
    /// # Errors
    /// [`BadRequest`](crate::ErrorKind::BadRequest) for a block of no tiles, and those of [`place`](Self::place).
    pub fn place_block(&self, block: &TileBlock) -> Result<(u32, Region)> {
        for (name, range) in [("x1", &block.x), ("y1", &block.y)] {
            if range.is_empty() {
                return Err(Error::bad_request(
                    name,
                    format!("{name} = {}: more than {}", range.end, range.start),
                ));
            }
        }
        let first = self.place(block.z, block.x.start, block.y.start, block.size)?;
        let last = self.place(block.z, block.x.end - 1, block.y.end - 1, block.size)?;
        let (from, to) = (first.region, last.region);
        let region = Region {
            y: from.y,
            x: from.x,
            height: to.y + to.height - from.y,
            width: to.x + to.width - from.x,
        };
        Ok((first.reduction, region))
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
    fn zooms_that_are_too_far_apart_or_beyond_the_pixels_are_bad_requests() {
        let grid = Grid::new(1 << 20, 1 << 20);
        assert_eq!(
            grid.place_anisotropic((3, 12), 0, 0, 256)
                .unwrap_err()
                .parameter(),
            Some("z")
        );
        assert_eq!(
            grid.place_anisotropic((13, 12), 0, 0, 256)
                .unwrap_err()
                .parameter(),
            Some("z")
        );
        assert_eq!(
            grid.place_anisotropic((3, 4), 8, 0, 256).unwrap_err().kind(),
            ErrorKind::NotFound
        );
        assert_eq!(
            grid.place_anisotropic((3, 4), 7, 15, 256).unwrap().further,
            (0, 1)
        );
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
            prop_assert_eq!(cover.max(1 << side), u128::from(placement.size.0).max(cover));
            prop_assert_eq!(cover * u128::from(placement.repeat), u128::from(placement.size.0) * factor);
            let expect = |tile: u64, length: u64| {
                let start = (u128::from(tile) * cover).min(u128::from(length).div_ceil(factor) * factor);
                let end = (u128::from(tile + 1) * cover).min(u128::from(length));
                (start / factor, end.saturating_sub(start).div_ceil(factor))
            };
            let region = placement.region;
            prop_assert_eq!((u128::from(region.y), u128::from(region.height)), expect(y, height));
            prop_assert_eq!((u128::from(region.x), u128::from(region.width)), expect(x, width));
        }

        /// Along each axis an anisotropic tile covers what a square one of that axis' zoom does.
        #[test]
        fn each_axis_of_an_anisotropic_tile_is_placed_by_its_own_zoom(
            height in 1u64..1 << 40, width in 1u64..1 << 40, apart in 0..=MOST_APART, wide: bool, side in 0u32..=9,
            zoom in 0.0..=1.0f64, fx in 0.0..1.0f64, fy in 0.0..1.0f64,
        ) {
            let grid = Grid::new(height, width);
            let last = grid.max_zoom().saturating_sub(side);
            let high = (f64::from(last) * zoom) as u32;
            let low = high.saturating_sub(apart);
            let (zx, zy) = if wide { (low, high) } else { (high, low) };
            prop_assume!(zx != zy);
            let (x, y) = ((fx * (1u64 << zx) as f64) as u64, (fy * (1u64 << zy) as f64) as u64);
            let apart = grid.place_anisotropic((zx, zy), x, y, 1 << side).unwrap();
            let (across, down) = (grid.place(zx, x, 0, 1 << side).unwrap(), grid.place(zy, 0, y, 1 << side).unwrap());
            prop_assert_eq!((apart.reduction + apart.further.1, apart.repeat), (across.reduction, 1));
            prop_assert_eq!(apart.reduction + apart.further.0, down.reduction);
            prop_assert_eq!(apart.covered(), (down.covered().0, across.covered().1));
            if !apart.is_empty() {
                prop_assert_eq!(apart.region.x, across.region.x << apart.further.1);
                prop_assert_eq!(apart.region.y, down.region.y << apart.further.0);
            }
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
