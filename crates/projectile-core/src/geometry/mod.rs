//! Integer arithmetic of tiles: which tile covers which pixels, and at which reduction.

mod grid;
mod region;
mod shape;

pub(crate) use grid::ceil_shift;
pub use grid::{Grid, MAX_TILE_SIZE, MOST_APART, Placement, TileBlock};
pub use region::{Fit, MOST_PIXELS};
pub use shape::{MOST_CORNERS, Shape};
