//! `NIfTI`, the file format of neuroimaging: headers of versions 1 and 2.

mod header;

pub use header::{Element, Header, parse_header};
pub(crate) use header::{LONGEST, is_header};
