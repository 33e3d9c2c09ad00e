//! From a path to sources: sniffing, options, limits.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use projectile_core::{Cancel, Error, ErrorKind, Result};

use crate::chunked::BlockCache;
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

/// Opens a file of any of the [`FORMATS`].
///
/// # Errors
/// [`NotFound`](ErrorKind::NotFound) when there is no such file, and what the format's
/// [`open`](Format::open) says, with the file's name in front.
pub fn open(path: &Path, options: &OpenOptions) -> Result<Vec<NamedSource>> {
    let named = |error: Error| error.context(path.display());
    let head = read_head(path).map_err(named)?;
    let format = find(&head, path).ok_or_else(|| {
        named(Error::unsupported(
            "no known format; the Python package opens what Pillow can (pip install projectile)",
        ))
    })?;
    format.open(path, options).map_err(named)
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
    let extension = path
        .extension()
        .map(|e| e.to_string_lossy().to_lowercase())
        .unwrap_or_default();
    let by_bytes = FORMATS.iter().find(|format| format.sniff(head));
    let by_name = || {
        FORMATS
            .iter()
            .find(|format| format.extensions().contains(&extension.as_str()))
    };
    by_bytes.or_else(by_name).copied()
}
