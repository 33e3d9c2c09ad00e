//! MRC, the file format of electron microscopy, and CCP4's maps, which are the same: the header.

mod header;

pub use header::{Header, parse_header};
pub(crate) use header::{LENGTH, is_header};
