//! Files and stores as [`Source`](projectile_core::Source)s of pixels. It knows no HTTP.
//!
//! [`open()`] looks at a file's first bytes (then its name), asks the [`FORMATS`] in order, and answers with one or
//! more named sources.
#![forbid(unsafe_code)]

mod decode;
mod format;
mod formats;
mod generated;
mod npy;
mod open;
mod samples;
#[cfg(test)]
mod testing;
mod tiff;
mod version;

pub use format::{Format, NamedSource};
pub use formats::FORMATS;
pub use generated::demo;
pub use npy::{Header, parse_header};
pub use open::{Limits, Mode, OpenOptions, Progress, open};
pub use samples::{SAMPLES, SampleOptions, sample};
