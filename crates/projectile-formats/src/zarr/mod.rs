//! Zarr, versions 2 and 3: arrays, groups of them, and OME-Zarr's images, labels, plates and wells.
//!
//! Metadata, data types, chunk keys and chains of codecs are zarrs'; what is read, when and how much of it at a time is
//! ours, and so are the compressors, which must not give more than a chunk has.

mod array;
mod blocks;
mod blosc;
mod chain;
mod codec;
mod gallery;
mod image;
mod naming;
mod ngff;
mod node;
mod shards;
#[cfg(test)]
mod tests;

pub use array::check_array;
pub(crate) use gallery::open;
pub use ngff::check_attributes;
pub(crate) use node::{GROUP_DOCUMENTS, is_zarr_name};
