//! What every format implements.

use std::path::Path;
use std::sync::Arc;

use projectile_core::{Result, Source};

use crate::blob::Blob;
use crate::folder::Folder;
use crate::open::OpenOptions;

/// One file format: how to know it, and how to open it.
pub trait Format: Sync {
    /// Its name, as users know it, e.g. `PNG`.
    fn name(&self) -> &'static str;

    /// What of it can be read, in a line for the table of formats.
    fn about(&self) -> &'static str;

    /// File name endings without the dot, lowercase. They decide only where no format knows the first bytes.
    fn extensions(&self) -> &'static [&'static str];

    /// Whether `head`, the first bytes of a file (at most 4096), is this format's.
    fn sniff(&self, head: &[u8]) -> bool;

    /// Opens the file: one source, or one for each member of a container.
    ///
    /// # Errors
    /// [`Corrupt`](projectile_core::ErrorKind::Corrupt), [`Unsupported`](projectile_core::ErrorKind::Unsupported) or
    /// [`Limit`](projectile_core::ErrorKind::Limit); [`open`](crate::open) puts the file's name in front.
    fn open(&self, path: &Path, options: &OpenOptions) -> Result<Vec<NamedSource>>;

    /// Opens what lies in a store and is read by ranges; `None` where the format is read whole, and must be brought
    /// here first.
    fn open_blob(&self, _blob: &Arc<dyn Blob>, _options: &OpenOptions) -> Option<Result<Vec<NamedSource>>> {
        None
    }

    /// Whether it opens what [`OpenOptions::inner`] names by itself; else that is taken out of all that it opens.
    fn opens_inside(&self) -> bool {
        false
    }

    /// Names of objects by any of which a folder is known as this format's; none where it is a file.
    fn folder_marks(&self) -> &'static [&'static str] {
        &[]
    }

    /// Opens a folder, or what [`OpenOptions::inner`] names in it; `None` where it is not of this format.
    ///
    /// # Errors
    /// Those of [`open`](Self::open).
    fn open_folder(
        &self,
        _folder: &Arc<dyn Folder>,
        _options: &OpenOptions,
    ) -> Result<Option<Vec<NamedSource>>> {
        Ok(None)
    }
}

/// A source and the name it goes by inside its file; empty where the file holds only one.
#[derive(Clone, Debug)]
pub struct NamedSource {
    /// The member's name, e.g. of an array in a `.npz`.
    pub name: String,
    /// Its pixels.
    pub source: Arc<dyn Source>,
}

impl NamedSource {
    /// The only source of a file.
    pub fn only(source: impl Source + 'static) -> Vec<Self> {
        vec![Self {
            name: String::new(),
            source: Arc::new(source),
        }]
    }
}
