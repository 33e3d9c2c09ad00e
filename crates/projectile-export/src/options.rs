//! How an image is to be written.

use std::sync::Arc;

use projectile_core::{Cancel, Effort, Error, Result, Style};

/// Told how many of how many pieces are written.
pub type Progress = Arc<dyn Fn(u64, u64) + Send + Sync>;

/// How an image is to be written; whatever is `None` is left to the format.
#[derive(Clone, Default)]
pub struct ExportOptions {
    /// The name of one of [`WRITERS`](crate::WRITERS); by the ending of the path if `None`.
    pub format: Option<String>,
    /// Pixels a side of a tile, or of a chunk.
    pub tile_size: Option<u32>,
    /// Pixels by which tiles of Deep Zoom reach into their neighbours.
    pub overlap: Option<u32>,
    /// How pieces are compressed.
    pub compression: Option<Compression>,
    /// For lossy compression, 1 to 100.
    pub quality: Option<u8>,
    /// How much time lossless compression may take.
    pub effort: Effort,
    /// Which plane and channels; how pictures of them look, and how pixels are reduced.
    pub style: Style,
    /// Threads; one a core if `None`.
    pub threads: Option<usize>,
    /// Whether what is there already may be replaced.
    pub overwrite: bool,
    /// Raised to give the export up.
    pub cancel: Cancel,
    /// Told how far it is.
    pub progress: Option<Progress>,
}

impl std::fmt::Debug for ExportOptions {
    /// Everything that changes what is written.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExportOptions")
            .field("format", &self.format)
            .field("tile_size", &self.tile_size)
            .field("overlap", &self.overlap)
            .field("compression", &self.compression)
            .field("quality", &self.quality)
            .field("effort", &self.effort)
            .field("style", &self.style)
            .finish_non_exhaustive()
    }
}

/// How pieces are compressed. Not every format takes every kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// By zlib; gzip in Zarr.
    Deflate,
    /// By Zstandard.
    Zstd,
    /// PNG.
    Png,
    /// JPEG: lossy.
    Jpeg,
    /// WebP: lossless without a quality.
    WebP,
}

impl Compression {
    /// Each with its name.
    pub const ALL: [(&'static str, Self); 6] = [
        ("none", Self::None),
        ("deflate", Self::Deflate),
        ("zstd", Self::Zstd),
        ("png", Self::Png),
        ("jpeg", Self::Jpeg),
        ("webp", Self::WebP),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        let known = Self::ALL.into_iter().find(|(_, kind)| *kind == self);
        known.map_or("", |(name, _)| name)
    }

    /// The kind of that name.
    ///
    /// # Errors
    /// [`BadRequest`](projectile_core::ErrorKind::BadRequest), naming those there are.
    pub fn named(name: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find_map(|(known, kind)| (known == name).then_some(kind))
            .ok_or_else(|| {
                let names: Vec<_> = Self::ALL.iter().map(|(name, _)| *name).collect();
                Error::bad_request(
                    "compression",
                    format!("no compression {name:?}: there are {}", names.join(", ")),
                )
            })
    }
}

impl ExportOptions {
    /// The compression, one of `taken`, the first of which is the default.
    pub(crate) fn compression_of(&self, format: &str, taken: &[Compression]) -> Result<Compression> {
        match self.compression {
            None => Ok(taken.first().copied().unwrap_or(Compression::None)),
            Some(asked) if taken.contains(&asked) => Ok(asked),
            Some(asked) => {
                let names: Vec<_> = taken.iter().map(|kind| kind.name()).collect();
                Err(Error::bad_request(
                    "compression",
                    format!(
                        "{format} takes no compression {}: {} are what it takes",
                        asked.name(),
                        names.join(", ")
                    ),
                ))
            }
        }
    }

    /// Refuses a choice of planes or channels, where all are written.
    pub(crate) fn refuse_a_choice(&self, format: &str) -> Result<()> {
        if self.style.indices.is_empty() && self.style.channels.is_none() {
            return Ok(());
        }
        Err(Error::bad_request(
            "index",
            format!("{format} takes every plane and channel: an index or channels are for pictures of one"),
        ))
    }

    /// The number of threads.
    pub(crate) fn thread_count(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        self.threads.unwrap_or_else(cores).max(1)
    }

    /// The side of a tile: a multiple of `step`.
    pub(crate) fn tile(&self, default: u32, step: u32) -> Result<u64> {
        let size = self.tile_size.unwrap_or(default);
        if size == 0 || size > projectile_core::geometry::MAX_TILE_SIZE || !size.is_multiple_of(step) {
            return Err(Error::bad_request(
                "tile-size",
                format!(
                    "tile size {size} is no multiple of {step} up to {}",
                    projectile_core::geometry::MAX_TILE_SIZE
                ),
            ));
        }
        Ok(size.into())
    }
}
