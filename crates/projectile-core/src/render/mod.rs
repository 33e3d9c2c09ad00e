//! The road of a tile: request → plan → read → resample → colour → encode.

mod build;
mod changes;
mod count;
mod damage;
mod display;
mod export;
mod fetch;
mod image;
mod measure;
mod paint;
mod project;
mod request;
mod stream;
mod supply;
mod tile;
mod wait;

pub use build::Build;
pub use changes::Change;
pub use count::HistogramRequest;
pub use damage::Damage;
pub(crate) use damage::Holes;
pub use display::{ChannelDisplay, Display, Kind};
pub use export::ExportRequest;
pub(crate) use image::hash;
pub use image::{Image, ImageOptions, LevelInfo, LevelState};
pub use measure::{Measured, Profile};
pub use paint::Paint;
pub use request::{Area, Style, TileRequest};
pub use stream::{Band, StreamRequest};
pub use tile::Tile;
pub(crate) use wait::wait;

#[cfg(test)]
mod tests;
