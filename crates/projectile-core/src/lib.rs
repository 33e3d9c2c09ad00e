//! Array in, tile out: the engine of projectile. It knows no HTTP, no files and no async runtime.
//!
//! A [`TileRequest`] takes one road: plan (which level, which region) → [`Source::read`] → resample → normalise and
//! colour → encode → [`Tile`].
#![forbid(unsafe_code)]

pub mod array;
pub mod colour;
mod error;
pub mod geometry;
pub mod resample;
mod source;

pub use array::{ArraySource, Axes, Axis, Buffer, DType, Pixels, Sample, Samples, Value};
pub use colour::{COLORMAPS, Colormap, Window, WindowFrom, colormap};
pub use error::{Error, ErrorKind, Result};
pub use geometry::Grid;
pub use resample::{RESAMPLINGS, Resampling};
pub use source::{
    Cancel, Level, Photometric, ReadFuture, ReadRequest, Region, Residence, Selection, Source, SourceInfo,
};
