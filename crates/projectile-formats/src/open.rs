//! From a path to sources: sniffing, options, limits.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use projectile_core::{Cancel, Error, ErrorKind, Result};

use crate::chunked::BlockCache;
use crate::folder::{Folder, LocalFolder};
use crate::format::{Format, NamedSource};
use crate::formats::FORMATS;
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
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            decoded_bytes: 8 << 30,
            whole_array_bytes: 256 << 20,
            download_bytes: 8 << 30,
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
    /// What it may cost.
    pub limits: Limits,
    /// Told how far the load is.
    pub progress: Option<Arc<dyn Progress>>,
    /// Looked at during long loads.
    pub cancel: Cancel,
    /// Where blocks are kept of what is read by blocks.
    pub cache: BlockCache,
    /// The path of what is opened inside of a file or folder that holds more; all of it if `None`. [`open`] takes it
    /// from what follows `::/` in a path.
    pub inside: Option<String>,
    /// Where servers may redirect to; anywhere if `None`.
    pub allowed: Option<Arc<AllowedPrefixes>>,
}

impl std::fmt::Debug for OpenOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenOptions")
            .field("axes", &self.axes)
            .field("mode", &self.mode)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// Opens a file or folder of any of the [`FORMATS`], or what is in one: `store.zarr::/path/inside`.
///
/// # Errors
/// [`NotFound`](ErrorKind::NotFound) when there is no such file, and what the format's
/// [`open`](Format::open) says, with the file's name in front.
pub fn open(path: &Path, options: &OpenOptions) -> Result<Vec<NamedSource>> {
    let named = |error: Error| error.context(path.display());
    if let Some((whole, inside)) = split_inside(path) {
        let options = OpenOptions {
            inside: Some(inside),
            ..options.clone()
        };
        return open(&whole, &options);
    }
    if path.is_dir() {
        return open_folder(path, options).map_err(named);
    }
    let head = read_head(path).map_err(named)?;
    let format = find(&head, path).ok_or_else(|| {
        named(Error::unsupported(
            "no known format; the Python package opens what Pillow can (pip install projectile)",
        ))
    })?;
    check_inside(format, options)
        .and_then(|()| format.open(path, options))
        .map_err(named)
}

/// A path, and what follows `::/` in it, unless there is a file of the whole name.
fn split_inside(path: &Path) -> Option<(PathBuf, String)> {
    let (whole, inside) = path.to_str()?.rsplit_once("::/")?;
    (!whole.is_empty() && !path.exists()).then(|| (PathBuf::from(whole), inside.to_owned()))
}

fn open_folder(path: &Path, options: &OpenOptions) -> Result<Vec<NamedSource>> {
    let folder: Arc<dyn Folder> = Arc::new(LocalFolder::new(path));
    for format in FORMATS {
        if let Some(sources) = format.open_folder(&folder, options)? {
            return Ok(sources);
        }
    }
    Err(match &options.inside {
        Some(inside) => Error::not_found(format!("there is no {inside} in this folder")),
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

fn read_head(path: &Path) -> Result<Vec<u8>> {
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => Error::not_found("no such file"),
        _ => Error::new(ErrorKind::Unavailable, format!("cannot be read: {error}")),
    };
    let mut head = Vec::with_capacity(4096);
    std::fs::File::open(path)
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

/// Whether some format knows the file by its first bytes or its ending, or the folder by what is in it.
pub fn is_known(path: &Path) -> bool {
    if path.is_dir() {
        return is_folder_format(path);
    }
    // A file that cannot be read is known by its ending alone.
    find(&read_head(path).unwrap_or_default(), path).is_some()
}

/// Checks that a format has what [`OpenOptions::inside`] names.
pub(crate) fn check_inside(format: &dyn Format, options: &OpenOptions) -> Result<()> {
    match &options.inside {
        Some(inside) if !format.opens_inside() => Err(Error::bad_request(
            "path",
            format!(
                "of {} files nothing is opened by a path inside of them, such as {inside}",
                format.name()
            ),
        )),
        _ => Ok(()),
    }
}
