//! Array in, tile out: the engine of projectile. It knows no HTTP, no files and no async runtime.
//!
//! A [`TileRequest`] takes one road: plan (which level, which region) → [`Source::read`] → resample → normalise and
//! colour → encode → [`Tile`].
#![forbid(unsafe_code)]

pub mod array;
pub mod colour;
pub mod encode;
mod error;
mod expression;
pub mod geometry;
mod histogram;
mod projection;
mod pyramid;
mod render;
pub mod resample;
pub mod sizes;
mod source;
mod statistics;

pub use array::{
    ArraySource, Axes, Axis, Buffer, Coordinates, DType, Dimension, Pixels, Ranges, Sample, Samples, Value,
};
pub use colour::{COLORMAPS, Colorbar, Colormap, Window, WindowFrom, colormap};
pub use encode::{ENCODERS, Effort, EncodeOptions, Encoder, Encoding};
pub use error::{Error, ErrorKind, Result};
pub use expression::{Channel, Expression, Input, LONGEST_EXPRESSION, MOST_INPUTS};
pub use geometry::{Grid, Shape, TileBlock};
pub use histogram::Histogram;
pub use projection::Projection;
pub use pyramid::LevelCache;
pub use render::{
    Area, Band, Build, Change, ChannelDisplay, Damage, Display, ExportRequest, HistogramRequest, Image,
    ImageOptions, Kind, LevelInfo, LevelState, Measured, Paint, Profile, StreamRequest, Style, Tile,
    TileRequest,
};
pub use resample::{RESAMPLINGS, Resampling};
pub use source::{
    Cancel, ChannelInfo, Level, Photometric, ReadFuture, ReadRequest, Region, Residence, Selection, Source,
    SourceInfo,
};
pub use statistics::{Statistics, Summary};
