//! The tile grid of an image as OGC's tile matrix sets: zoom `z` of the seed's grid is tile matrix `z`, down to the
//! zoom at which a pixel of a tile is one of the image.
//!
//! The same tiles go by two sets. In `pixels` coordinates are the image's pixels: x to the right, y **up** from the
//! image's upper left corner (so that rows have negative y), as these standards have no axis that points down. In
//! `WebMercatorQuad` the grid's square is laid over the square of the world, for programs that know maps alone.

use projectile_core::{Area, Error, Grid, Result, Sample};

use crate::address::whole;

/// Pixels a side of a tile: the standards' own.
pub(crate) const TILE_SIZE: u32 = 256;

/// Metres from the middle to an edge of the world's square: π × 6378137.
const HALF_WORLD: f64 = 20_037_508.342_789_244;
/// Metres of a pixel of a screen, in the standards.
const SCREEN_PIXEL: f64 = 0.000_28;

/// A set of tile matrices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MatrixSet {
    Picture,
    WebMercatorQuad,
}

/// One zoom.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Matrix {
    pub(crate) zoom: u32,
    /// Units of the set's coordinates per pixel of a tile.
    pub(crate) cell_size: f64,
    pub(crate) scale_denominator: f64,
    /// Tiles across and down; of `pixels` those that hold something of the image.
    pub(crate) columns: u64,
    pub(crate) rows: u64,
}

impl MatrixSet {
    /// First the one that programs take which are not told: GDAL gives up on a reference system that it does not know.
    pub(crate) const ALL: [Self; 2] = [Self::WebMercatorQuad, Self::Picture];

    /// The set of that name; `pixels.{id}` is that of one image, as lists of all images' sets call it.
    pub(crate) fn named(name: &str, id: &str) -> Option<Self> {
        let is_of_image = name.strip_prefix("pixels.").is_some_and(|of| of == id);
        let known = Self::ALL.into_iter().find(|set| set.name() == name);
        known.or(is_of_image.then_some(Self::Picture))
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Picture => "pixels",
            Self::WebMercatorQuad => "WebMercatorQuad",
        }
    }

    /// What it is called among the sets of all images: `pixels` is one for each, as images differ in zooms.
    pub(crate) fn id(self, image: &str) -> String {
        match self {
            Self::Picture => format!("{}.{image}", self.name()),
            Self::WebMercatorQuad => self.name().to_owned(),
        }
    }

    /// The reference system of its coordinates.
    pub(crate) fn crs(self) -> &'static str {
        match self {
            // Coordinates that are not on the earth, of which no register has one for a picture.
            Self::Picture => "urn:ogc:def:crs:OGC::engineering-2d",
            Self::WebMercatorQuad => "urn:ogc:def:crs:EPSG::3857",
        }
    }

    /// As URIs are written since.
    pub(crate) fn crs_uri(self) -> &'static str {
        match self {
            Self::Picture => "http://www.opengis.net/def/crs/OGC/0/engineering-2d",
            Self::WebMercatorQuad => "http://www.opengis.net/def/crs/EPSG/0/3857",
        }
    }

    /// Coordinates (x, y) of the grid's upper left corner.
    pub(crate) fn origin(self) -> (f64, f64) {
        match self {
            Self::Picture => (0.0, 0.0),
            Self::WebMercatorQuad => (-HALF_WORLD, HALF_WORLD),
        }
    }

    /// The matrices over an image.
    pub(crate) fn matrices(self, grid: Grid) -> Vec<Matrix> {
        let last = last_zoom(grid);
        (0..=last)
            .map(|zoom| {
                let cell_size = self.cell_size(grid, zoom);
                let side = 1u64 << zoom;
                let (rows, columns) = match self {
                    Self::WebMercatorQuad => (side, side),
                    Self::Picture => tiles(grid, zoom),
                };
                Matrix {
                    zoom,
                    cell_size,
                    scale_denominator: cell_size / SCREEN_PIXEL,
                    columns,
                    rows,
                }
            })
            .collect()
    }

    fn cell_size(self, grid: Grid, zoom: u32) -> f64 {
        match self {
            Self::Picture => side(grid) / f64::from(TILE_SIZE) / two_to(zoom),
            Self::WebMercatorQuad => 2.0 * HALF_WORLD / f64::from(TILE_SIZE) / two_to(zoom),
        }
    }

    /// What the image covers: least x and y, greatest x and y.
    pub(crate) fn bounds(self, grid: Grid) -> [f64; 4] {
        let (height, width) = grid.reduced(0);
        let unit = match self {
            Self::Picture => 1.0,
            Self::WebMercatorQuad => 2.0 * HALF_WORLD / side(grid),
        };
        let (x, y) = self.origin();
        [x, y - height.to_f64() * unit, x + width.to_f64() * unit, y]
    }
}

/// The tile of a matrix in a row and a column, as addresses name them.
///
/// # Errors
/// [`BadRequest`](projectile_core::ErrorKind::BadRequest) for what is no number,
/// [`NotFound`](projectile_core::ErrorKind::NotFound) for a matrix that the sets do not have.
pub(crate) fn tile(grid: Grid, [matrix, row, column]: [&str; 3]) -> Result<Area> {
    let zoom = whole("tilematrix", matrix)?;
    let last = last_zoom(grid);
    let z = u32::try_from(zoom).ok().filter(|&z| z <= last);
    Ok(Area::Tile {
        z: z.ok_or_else(|| Error::not_found(format!("tile matrix {zoom} is beyond the last, {last}")))?,
        x: whole("tilecol", column)?,
        y: whole("tilerow", row)?,
        size: TILE_SIZE,
    })
}

/// The zoom at which a pixel of a tile is one of the image.
pub(crate) fn last_zoom(grid: Grid) -> u32 {
    grid.max_zoom().saturating_sub(TILE_SIZE.trailing_zeros())
}

/// 2 to a power: exact, as no grid has a thousand zooms.
pub(crate) fn two_to(zoom: u32) -> f64 {
    2f64.powi(i32::try_from(zoom).unwrap_or(i32::MAX))
}

/// Pixels of the image a side of the grid's square.
fn side(grid: Grid) -> f64 {
    two_to(grid.max_zoom())
}

/// Tiles down and across that hold something of the image.
fn tiles(grid: Grid, zoom: u32) -> (u64, u64) {
    let (height, width) = grid.reduced(grid.max_zoom().saturating_sub(zoom));
    (height, width)
}

/// West, south, east and north of an image whose grid is laid over the world, in degrees.
pub(crate) fn degrees(grid: Grid) -> [f64; 4] {
    let [west, south, east, north] = MatrixSet::WebMercatorQuad
        .bounds(grid)
        .map(|metres| metres / HALF_WORLD);
    let latitude = |y: f64| (y * std::f64::consts::PI).sinh().atan().to_degrees();
    [west * 180.0, latitude(south), east * 180.0, latitude(north)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matrices_end_at_the_pixels_of_the_image() {
        let grid = Grid::new(1000, 600);
        let pixels = MatrixSet::Picture.matrices(grid);
        let sizes: Vec<_> = pixels.iter().map(|m| (m.cell_size, m.columns, m.rows)).collect();
        assert_eq!(sizes, [(4.0, 1, 1), (2.0, 2, 2), (1.0, 3, 4)]);
        let world = MatrixSet::WebMercatorQuad.matrices(grid);
        assert_eq!((world[2].columns, world[2].rows), (4, 4));
        assert!((world[0].scale_denominator - 559_082_264.028_717).abs() < 1e-3);
        assert_eq!(MatrixSet::Picture.bounds(grid), [0.0, -1000.0, 600.0, 0.0]);
        let [west, south, east, north] = degrees(Grid::new(1024, 1024));
        assert!((west + 180.0).abs() < 1e-9 && (east - 180.0).abs() < 1e-9);
        assert!((north - 85.051_128_779_806_59).abs() < 1e-9 && (north + south).abs() < 1e-9);
    }

    #[test]
    fn an_image_smaller_than_a_tile_has_one_matrix() {
        let grid = Grid::new(10, 7);
        let [only] = MatrixSet::Picture.matrices(grid)[..] else {
            panic!("more than one")
        };
        assert_eq!((only.zoom, only.columns, only.rows), (0, 1, 1));
        // Sixteen pixels of the image are shown by 256 of the tile.
        assert_eq!(only.cell_size, 1.0 / 16.0);
    }
}
