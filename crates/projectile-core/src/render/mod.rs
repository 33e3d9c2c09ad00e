//! The road of a tile: request → plan → read → resample → colour → encode.

mod display;
mod image;
mod request;
mod supply;
mod tile;
mod wait;

pub use display::{ChannelDisplay, Display, Kind};
pub use image::{Build, Image, ImageOptions, LevelInfo, LevelState};
pub use request::{Area, Style, TileRequest};
pub use tile::Tile;

#[cfg(test)]
mod tests;
