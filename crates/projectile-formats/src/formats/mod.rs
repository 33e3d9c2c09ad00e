//! One file a format.
//!
//! To add one: write `name.rs` here with a type that implements [`Format`], and add a line to [`FORMATS`].

use crate::format::Format;

/// Every format, in the order in which they are asked about a file's first bytes.
pub static FORMATS: &[&dyn Format] = &[];
