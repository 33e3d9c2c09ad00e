//! HDF5 and `NetCDF` 4: datasets of numbers, by chunks.

use std::path::Path;
use std::sync::Arc;

use projectile_core::Result;

use crate::blob::Blob;
use crate::flat::Place;
use crate::format::{Format, NamedSource};
use crate::hdf5;
use crate::open::OpenOptions;

/// A file of datasets in groups.
pub(super) struct Hdf5;

/// Where the signature may be: at the start, or after a block of the user's own.
const PLACES: [usize; 4] = [0, 512, 1024, 2048];
const SIGNATURE: &[u8] = b"\x89HDF\r\n\x1a\n";

impl Format for Hdf5 {
    fn name(&self) -> &'static str {
        "HDF5"
    }

    fn about(&self) -> &'static str {
        "HDF5 and NetCDF 4: datasets of two or more dimensions, by chunks; deflate, shuffle, fletcher32, lzf; \
         file.h5::/path names one dataset or group"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["h5", "hdf5", "hdf", "he5", "nc", "nc4"]
    }

    fn sniff(&self, head: &[u8]) -> bool {
        PLACES
            .iter()
            .any(|&at| head.get(at..).is_some_and(|rest| rest.starts_with(SIGNATURE)))
    }

    fn open(&self, path: &Path, options: &OpenOptions) -> Result<Vec<NamedSource>> {
        hdf5::sources(&Place::open(path)?, options)
    }

    fn open_blob(&self, blob: &Arc<dyn Blob>, options: &OpenOptions) -> Option<Result<Vec<NamedSource>>> {
        Some(hdf5::sources(&Place::Elsewhere(Arc::clone(blob)), options))
    }
}
