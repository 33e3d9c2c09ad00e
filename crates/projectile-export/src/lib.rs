//! Images written as files that others read: OME-Zarr, pyramidal TIFF, Deep Zoom, tile folders, `PMTiles`, zip.
//!
//! [`export`] reads an image once, from the top down, and writes each piece (a tile, a shard) as soon as its rows are
//! known; it holds some hundred rows. What is being written has another name than the whole, and an export that was
//! broken off goes on where it was.
#![forbid(unsafe_code)]

mod export;
mod journal;
mod options;
mod output;
mod pictures;
mod plan;
mod rows;
mod run;
mod store;
mod tiff;
mod writers;

pub use export::{Exported, export};
pub use options::{Compression, ExportOptions, Progress};
pub use output::{Output, Writer};
pub use plan::{LevelPlan, Piece, Plan};
pub use store::Store;
pub use writers::WRITERS;
