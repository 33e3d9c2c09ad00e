//! numpy's array files: the header, whole reads, and reads by region.

mod blocks;
mod dtype;
mod header;
mod literal;
mod region;
mod whole;

pub(crate) use blocks::blocks;
pub(crate) use header::read_header;
pub use header::{Header, parse_header};
pub(crate) use region::NpySource;
pub(crate) use whole::read_samples;

#[cfg(test)]
mod tests;
