//! Zarr and OME-Zarr: folders, here and elsewhere, and archives of them.

use std::path::Path;
use std::sync::Arc;

use projectile_core::{Error, Result};

use crate::blob::{Blob, FileBlob};
use crate::folder::{ArchiveFolder, Folder};
use crate::format::{Format, NamedSource};
use crate::open::OpenOptions;
use crate::zarr;

/// Arrays in chunks.
pub(super) struct Zarr;

impl Format for Zarr {
    fn name(&self) -> &'static str {
        "Zarr"
    }

    fn about(&self) -> &'static str {
        "versions 2 and 3, by chunk: sharding, blosc, zstd, gzip, zlib, lz4; groups; OME-Zarr 0.1 to 0.5 with its levels, \
         units, channels, labels, plates and wells; folders, addresses and zip archives"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["zarr", "zarr.zip", "ozx"]
    }

    fn sniff(&self, head: &[u8]) -> bool {
        // Any zip begins so; what is in it tells it from others.
        head.starts_with(b"PK\x03\x04")
            && zarr::GROUP_DOCUMENTS
                .iter()
                .any(|name| head.windows(name.len()).any(|bytes| bytes == name.as_bytes()))
    }

    fn open(&self, path: &Path, options: &OpenOptions) -> Result<Vec<NamedSource>> {
        let blob: Arc<dyn Blob> = Arc::new(FileBlob::open(path)?);
        archive(&blob, options)
    }

    fn open_blob(&self, blob: &Arc<dyn Blob>, options: &OpenOptions) -> Option<Result<Vec<NamedSource>>> {
        Some(archive(blob, options))
    }

    fn opens_inside(&self) -> bool {
        true
    }

    fn folder_marks(&self) -> &'static [&'static str] {
        &zarr::GROUP_DOCUMENTS
    }

    fn open_folder(
        &self,
        folder: &Arc<dyn Folder>,
        options: &OpenOptions,
    ) -> Result<Option<Vec<NamedSource>>> {
        zarr::open(folder, inside(options), options)
    }
}

/// The path that is meant inside of a hierarchy.
fn inside(options: &OpenOptions) -> &str {
    options.inner.as_deref().unwrap_or_default().trim_matches('/')
}

/// A hierarchy in an archive, or in the only folder in it.
fn archive(blob: &Arc<dyn Blob>, options: &OpenOptions) -> Result<Vec<NamedSource>> {
    let folder: Arc<dyn Folder> = Arc::new(ArchiveFolder::open(blob)?);
    let inside = inside(options);
    if let Some(found) = zarr::open(&folder, inside, options)? {
        return Ok(found);
    }
    if let Some([only]) = folder.folders("")?.as_deref()
        && let Some(found) = zarr::open(&folder, &format!("{only}/{inside}"), options)?
    {
        return Ok(found);
    }
    Err(Error::not_found(match inside {
        "" => "an archive in which there is no Zarr".to_owned(),
        inside => format!("there is no {inside} in the archive"),
    }))
}
