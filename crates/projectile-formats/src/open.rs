//! From a path to sources: sniffing, options, limits.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use projectile_core::{Cancel, Error, ErrorKind, Result};

use crate::chunked::BlockCache;
use crate::folder::{Folder, LocalFolder};
use crate::format::{Format, NamedSource};
use crate::formats::FORMATS;
use crate::regular;
use crate::remote::AllowedPrefixes;

/// How an image file's colours are read, as in PIL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Red, green, blue: gray is repeated, alpha dropped.
    Rgb,
    /// Gray (alpha dropped), by ITU-R 601-2 luma: `(19595 r + 38470 g + 7471 b + 32768) >> 16`, which is PIL's arithmetic.
    Luma,
}

/// What a file may cost before it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of decoded pixels that an image which must be decoded whole may take.
    pub decoded_bytes: u64,
    /// Bytes up to which an array file is read whole rather than by region.
    pub whole_array_bytes: u64,
    /// Bytes that may be brought here of what lies elsewhere and is not read by ranges.
    pub download_bytes: u64,
    /// Bytes of a text in a file that tells of its images, such as OME-XML. A longer one is not read.
    pub metadata_bytes: u64,
    /// Elements of such a text within each other.
    pub depth: usize,
    /// Directories (pages) of a TIFF.
    pub directories: usize,
    /// Scans of a JPEG, each of which goes over all of its pixels. Writers make about ten.
    pub scans: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            decoded_bytes: 8 << 30,
            whole_array_bytes: 256 << 20,
            download_bytes: 8 << 30,
            metadata_bytes: 4 << 20,
            depth: 64,
            directories: 65_536,
            scans: 100,
        }
    }
}

/// Told how far a long load is. Called from the loading thread.
pub trait Progress: Send + Sync {
    /// `done` of `total` bytes (of whatever takes the time) are done.
    fn update(&self, done: u64, total: u64);
}

/// How to open a file.
#[derive(Clone, Default)]
pub struct OpenOptions {
    /// Names for the array's dimensions, one letter each, instead of the rule of
    /// [`Axes::guess`](projectile_core::Axes::guess).
    pub axes: Option<String>,
    /// How colours are read; the file's own mode if `None`.
    pub mode: Option<Mode>,
    /// What is to be opened of a container, by its name or path inside of it, e.g. `/entry/data` of an HDF5 file; all
    /// that it holds if `None`.
    pub inner: Option<String>,
    /// What it may cost.
    pub limits: Limits,
    /// Told how far the load is.
    pub progress: Option<Arc<dyn Progress>>,
    /// Looked at during long loads.
    pub cancel: Cancel,
    /// Where blocks are kept of what is read by blocks.
    pub cache: BlockCache,
    /// Where servers may redirect to; anywhere if `None`.
    pub allowed: Option<Arc<AllowedPrefixes>>,
}

impl std::fmt::Debug for OpenOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenOptions")
            .field("axes", &self.axes)
            .field("mode", &self.mode)
            .field("inner", &self.inner)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// Opens a file or folder of any of the [`FORMATS`]. `file::name` opens what is called so inside of it (see
/// [`split_inner`]), such as `store.zarr::/path/inside`.
///
/// # Errors
/// [`NotFound`](ErrorKind::NotFound) when there is no such file, and what the format's
/// [`open`](Format::open) says, with the file's name in front.
pub fn open(path: &Path, options: &OpenOptions) -> Result<Vec<NamedSource>> {
    let (file, inner) = split_inner(path);
    if let Some(inner) = inner {
        let options = OpenOptions {
            inner: Some(inner),
            ..options.clone()
        };
        return open(&file, &options);
    }
    let named = |error: Error| error.context(path.display());
    if path.is_dir() {
        return open_folder(path, options).map_err(named);
    }
    let head = read_head(path).map_err(named)?;
    let format = find(&head, path).ok_or_else(|| {
        named(Error::unsupported(
            "no known format; the Python package opens what Pillow can (pip install projectile)",
        ))
    })?;
    format
        .open(path, options)
        .and_then(|sources| chosen(format, sources, options))
        .map_err(named)
}

fn open_folder(path: &Path, options: &OpenOptions) -> Result<Vec<NamedSource>> {
    let folder: Arc<dyn Folder> = Arc::new(LocalFolder::new(path));
    for format in FORMATS {
        if let Some(sources) = format.open_folder(&folder, options)? {
            return Ok(sources);
        }
    }
    Err(match &options.inner {
        Some(inner) => Error::not_found(format!("there is no {inner} in this folder")),
        None => Error::unsupported("a folder of no known format"),
    })
}

/// Whether the folder at `path` is of a format that is a folder, such as Zarr: one input rather than a folder of some.
pub fn is_folder_format(path: &Path) -> bool {
    folder_marks().any(|mark| path.join(mark).is_file())
}

/// Names of the files by any of which a folder is known to be one of [`is_folder_format`].
pub fn folder_marks() -> impl Iterator<Item = &'static str> {
    FORMATS.iter().flat_map(|format| format.folder_marks()).copied()
}

/// The file of `file::name`, and the name of what is meant inside of it. A path whose whole is a file, or whose first
/// part is none, has no such name.
pub fn split_inner(path: &Path) -> (PathBuf, Option<String>) {
    let whole = || (path.to_owned(), None);
    let Some(text) = path.to_str() else { return whole() };
    if !text.contains("::") || path.exists() {
        return whole();
    }
    let parts = text.match_indices("::").filter_map(|(at, mark)| {
        let (file, rest) = text.split_at(at);
        Some((file, rest.strip_prefix(mark)?))
    });
    let mut files = parts.filter(|(file, _)| Path::new(file).exists());
    files
        .next()
        .map_or_else(whole, |(file, inner)| (file.into(), Some(inner.to_owned())))
}

/// Of what a container holds, that which [`OpenOptions::inner`] names: itself, or what is inside of it.
pub(crate) fn chosen(
    format: &dyn Format,
    sources: Vec<NamedSource>,
    options: &OpenOptions,
) -> Result<Vec<NamedSource>> {
    let inner = match &options.inner {
        Some(inner) if !format.opens_inside() => inner,
        _ => return Ok(sources),
    };
    let wanted = inner.trim_matches('/');
    let is_wanted = |name: &str| {
        let name = name.trim_matches('/');
        wanted.is_empty()
            || name
                .strip_prefix(wanted)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let (chosen, others): (Vec<_>, Vec<_>) = sources.into_iter().partition(|source| is_wanted(&source.name));
    if !chosen.is_empty() {
        return Ok(chosen);
    }
    let names: Vec<&str> = others
        .iter()
        .map(|source| source.name.as_str())
        .take(20)
        .collect();
    Err(Error::not_found(if names.iter().all(|name| name.is_empty()) {
        format!("it has no parts with names, so there is no {inner:?} in it")
    } else {
        format!("it has no {inner:?}; it has {}", names.join(", "))
    }))
}

/// The first bytes of a file, by which its format is known.
pub(crate) fn read_head(path: &Path) -> Result<Vec<u8>> {
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => Error::not_found("no such file"),
        _ => Error::new(ErrorKind::Unavailable, format!("cannot be read: {error}")),
    };
    let mut head = Vec::with_capacity(4096);
    regular::open(path)
        .map_err(failed)?
        .take(4096)
        .read_to_end(&mut head)
        .map_err(failed)?;
    Ok(head)
}

/// The format that knows these first bytes, or the name.
pub(crate) fn find(head: &[u8], path: &Path) -> Option<&'static dyn Format> {
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .to_lowercase();
    let by_bytes = FORMATS.iter().find(|format| format.sniff(head));
    let is_ending = |ending: &&str| {
        name.strip_suffix(*ending)
            .is_some_and(|before| before.ends_with('.'))
    };
    let by_name = || {
        FORMATS
            .iter()
            .find(|format| format.extensions().iter().any(is_ending))
    };
    by_bytes.or_else(by_name).copied()
}

/// Whether what is at `path` is of a format that opens what is inside of it by itself, such as Zarr, rather than all of
/// it to choose from.
pub fn opens_inside(path: &Path) -> bool {
    if path.is_dir() {
        return is_folder_format(path);
    }
    find(&read_head(path).unwrap_or_default(), path).is_some_and(Format::opens_inside)
}

/// Whether some format knows the file by its first bytes or its ending, or the folder by what is in it.
pub fn is_known(path: &Path) -> bool {
    if path.is_dir() {
        return is_folder_format(path);
    }
    // A file that cannot be read is known by its ending alone.
    find(&read_head(path).unwrap_or_default(), path).is_some()
}
