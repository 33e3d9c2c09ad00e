//! numpy's array files: the header.

mod dtype;
mod header;
mod literal;

pub(crate) use header::read_header;
pub use header::{Header, parse_header};

#[cfg(test)]
mod tests;
