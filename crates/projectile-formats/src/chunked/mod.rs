//! Arrays that are read by blocks: whatever can give the samples of a block is a source, with a cache of blocks, each
//! block read once for all who want it, and blocks that are wanted at a time read together.

mod blocks;
mod cache;
pub(crate) mod crop;
mod division;
mod pyramid;
mod source;
#[cfg(test)]
mod tests;

pub use blocks::{Block, BlockReader};
pub use cache::BlockCache;
pub use division::Division;
pub use pyramid::LeveledSource;
pub use source::{ChunkedOptions, ChunkedSource};
