//! Files and stores as [`Source`](projectile_core::Source)s of pixels. It knows nothing of our own server.
//!
//! [`open()`] looks at a file's first bytes (then its name), asks the [`FORMATS`] in order, and answers with one or
//! more named sources.
#![forbid(unsafe_code)]
// It reads strangers' files: nothing is counted, sliced or converted without a check, or a reason.
#![deny(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]
#![cfg_attr(
    test,
    allow(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::as_conversions
    )
)]

mod blob;
mod chunked;
mod decode;
pub mod dicom;
pub mod fits;
mod flat;
mod folder;
mod format;
mod formats;
mod generated;
mod hdf5;
pub mod mrc;
pub mod nifti;
mod npy;
mod open;
mod regular;
mod remote;
mod samples;
#[cfg(test)]
mod testing;
mod tiff;
mod version;
mod zarr;

use projectile_core::sizes;

pub use blob::{Blob, BlobReader, FileBlob};
pub use chunked::{Block, BlockCache, BlockReader, ChunkedOptions, ChunkedSource, Division, LeveledSource};
pub use folder::{Folder, Found, Part, Wanted};
pub use format::{Format, NamedSource};
pub use formats::FORMATS;
pub use generated::demo;
pub use npy::{Header, parse_header};
pub use open::{
    Limits, Mode, OpenOptions, Progress, folder_marks, is_folder_format, is_known, open, opens_inside,
    split_inner,
};
pub use regular::leads_out;
pub use remote::{AllowedPrefixes, RemoteUrl, open_anywhere, open_url};
pub use samples::{SAMPLES, SampleOptions, sample};
#[doc(hidden)]
pub use tiff::check_description;
#[doc(hidden)]
pub use zarr::{check_array, check_attributes};
