//! Integer arithmetic of tiles: which tile covers which pixels, and at which reduction.

mod grid;

pub(crate) use grid::ceil_shift;
pub use grid::{Grid, MAX_TILE_SIZE, Placement};
