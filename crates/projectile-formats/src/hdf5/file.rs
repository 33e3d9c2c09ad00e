//! A file: its bytes, and the datasets in it that are images.

use std::io::{Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex, PoisonError};

use hdf5_pure::{
    Dataset, File, FileAccessProperties, FormatError, Group, MetadataCacheConfig, WriteMarkPolicy,
};
use projectile_core::{Error, ErrorKind, Result};

use super::dataset;
use super::scales::Scales;
use crate::blob::{Blob, BlobReader};
use crate::decode::guarded;
use crate::flat::Place;
use crate::format::NamedSource;
use crate::open::OpenOptions;
use crate::sizes::{to_u64, to_usize};

/// Datasets beyond which a file is no gallery.
const MOST_DATASETS: usize = 4096;
/// Groups that are looked into. By links, a few of them can be in each other in more ways than can ever be followed.
const MOST_GROUPS: usize = 1 << 14;
/// Groups within groups beyond which one is taken to be inside of itself.
const DEEPEST: usize = 32;

/// A blob as the library reads it: in pieces, some of which are kept, since its reads are small and many.
struct Bytes {
    blob: Arc<dyn Blob>,
    reader: Mutex<BlobReader>,
}

impl hdf5_pure::Source for Bytes {
    fn len(&self) -> u64 {
        self.blob.size()
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<(), FormatError> {
        let end = offset.checked_add(to_u64(out.len()));
        if end.is_none_or(|end| end > self.blob.size()) {
            return Err(FormatError::UnexpectedEof {
                expected: end.map_or(usize::MAX, to_usize),
                available: to_usize(self.blob.size()),
            });
        }
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        reader
            .seek(SeekFrom::Start(offset))
            .and_then(|_| reader.read_exact(out))
            .map_err(|error| FormatError::Source(error.to_string()))
    }
}

/// What the library says, in our words.
pub(super) fn failed(error: &hdf5_pure::Error) -> Error {
    use hdf5_pure::Error as Theirs;
    let door = "pip install projectile h5py hdf5plugin, then projectile.show(h5py.File(path)[name])";
    match error {
        Theirs::Format(FormatError::Source(reason)) => Error::new(ErrorKind::Unavailable, reason.clone()),
        Theirs::Format(
            FormatError::UnsupportedVersion(_)
            | FormatError::InvalidLayoutVersion(_)
            | FormatError::UnsupportedMessage(_)
            | FormatError::UnsupportedFilter(_)
            | FormatError::UnsupportedVirtualLayout
            | FormatError::UnsupportedExternalStorage
            | FormatError::UnsupportedFilteredHeapObject
            | FormatError::UnsupportedSohmReference,
        ) => Error::unsupported(format!("{error}: {door}")),
        Theirs::Format(FormatError::ChunkedReadError(reason)) if reason.contains("B-tree") => {
            Error::unsupported(format!("{error}: {door}"))
        }
        _ => Error::corrupt(format!("a broken HDF5 file: {error}")),
    }
}

/// The images of a file: of [`OpenOptions::inner`], where that is set.
///
/// # Errors
/// [`Corrupt`](ErrorKind::Corrupt), [`Unsupported`](ErrorKind::Unsupported) where it holds no image that can be read,
/// [`NotFound`](ErrorKind::NotFound) for a path that is not in it.
pub(crate) fn sources(place: &Place, options: &OpenOptions) -> Result<Vec<NamedSource>> {
    // A library that reads anybody's files: its panics are errors.
    guarded(options, || {
        let blob = place.blob();
        let piece = match place {
            Place::Here(_) => 4 << 10,
            Place::Elsewhere(_) => 64 << 10,
        };
        let bytes = Bytes {
            reader: Mutex::new(BlobReader::new(Arc::clone(&blob), piece)),
            blob,
        };
        let properties = FileAccessProperties::new()
            .with_metadata_cache(MetadataCacheConfig::new(1 << 20))
            .with_write_mark_policy(WriteMarkPolicy::AllowSnapshot);
        let file = File::from_source_with_options(bytes, properties).map_err(|error| failed(&error))?;
        let inner = options.inner.as_deref().unwrap_or_default().trim_matches('/');
        let mut walk = Walk {
            place,
            options,
            whole: options.limits.whole_array_bytes,
            groups: 0,
            found: Vec::new(),
            skipped: None,
        };
        if !inner.is_empty()
            && let Ok(dataset) = file.dataset(inner)
        {
            let scales = Scales::along(&file, inner);
            let source = walk.open(&dataset, &scales)?;
            return Ok(vec![NamedSource {
                name: inner.to_owned(),
                source,
            }]);
        }
        if inner.is_empty() {
            walk.group(&file.root(), "", &Scales::default(), 0)?;
        } else {
            let group = file.group(inner).map_err(|error| match &error {
                hdf5_pure::Error::Format(FormatError::PathNotFound(_)) | hdf5_pure::Error::NotAGroup(_) => {
                    Error::not_found(format!("it has no {inner:?}"))
                }
                other => failed(other),
            })?;
            walk.group(&group, inner, &Scales::along(&file, inner), 0)?;
        }
        let Walk { found, skipped, .. } = walk;
        if found.is_empty() {
            return Err(skipped.unwrap_or_else(|| {
                Error::unsupported("it holds no dataset of numbers with two or more dimensions")
            }));
        }
        Ok(found)
    })
}

struct Walk<'a> {
    place: &'a Place,
    options: &'a OpenOptions,
    whole: u64,
    groups: usize,
    found: Vec<NamedSource>,
    /// Why the first dataset that is an image is not shown.
    skipped: Option<Error>,
}

impl Walk<'_> {
    /// Every image of a group and of those inside of it.
    fn group(&mut self, group: &Group, path: &str, outer: &Scales, depth: usize) -> Result<()> {
        self.options.cancel.check()?;
        if depth > DEEPEST {
            return Ok(());
        }
        self.groups = self.groups.saturating_add(1);
        if self.groups > MOST_GROUPS {
            return Err(Error::limit(format!(
                "it holds more than {MOST_GROUPS} groups: name one, e.g. file.h5::/{path}"
            )));
        }
        let inside = |name: &str| {
            if path.is_empty() {
                name.to_owned()
            } else {
                format!("{path}/{name}")
            }
        };
        let datasets: Vec<(String, Dataset)> =
            group.iter_datasets().map_err(|error| failed(&error))?.collect();
        let scales = outer.with(&datasets);
        for (name, dataset) in &datasets {
            if !dataset::is_image(dataset) {
                continue;
            }
            let name = inside(name);
            if self.found.len() == MOST_DATASETS {
                return Err(Error::limit(format!(
                    "it holds more than {MOST_DATASETS} images: name one, or a group, e.g. file.h5::/{name}"
                )));
            }
            match self.open(dataset, &scales) {
                Ok(source) => self.found.push(NamedSource { name, source }),
                Err(error) if error.kind() == ErrorKind::Unsupported => {
                    self.skipped.get_or_insert(error.context(name));
                }
                Err(error) => return Err(error.context(name)),
            }
        }
        let groups: Vec<(String, Group)> = group.iter_groups().map_err(|error| failed(&error))?.collect();
        for (name, group) in groups {
            self.group(&group, &inside(&name), &scales, depth.saturating_add(1))?;
        }
        Ok(())
    }

    fn open(&mut self, dataset: &Dataset, scales: &Scales) -> Result<Arc<dyn projectile_core::Source>> {
        let number = self.found.len();
        dataset::source(dataset, number, scales, self.place, self.options, &mut self.whole)
    }
}
