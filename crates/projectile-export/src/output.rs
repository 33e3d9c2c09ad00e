//! What every format that is written implements.

use std::path::{Path, PathBuf};

use projectile_core::{Image, Pixels, Result};

use crate::options::ExportOptions;
use crate::plan::{Piece, Plan};
use crate::store::Store;

/// One format that images are written as.
pub trait Writer: Sync {
    /// Its name, as `--format` takes it, e.g. `dzi`.
    fn name(&self) -> &'static str;

    /// What is written, in a line.
    fn about(&self) -> &'static str;

    /// The file name endings that ask for it, with their dot, lowercase.
    fn endings(&self) -> &'static [&'static str];

    /// What is to be written of an image, to `path`.
    ///
    /// # Errors
    /// [`BadRequest`](projectile_core::ErrorKind::BadRequest) for options that the format does not take, and
    /// [`Unsupported`](projectile_core::ErrorKind::Unsupported) for an image that it cannot hold.
    fn plan(&self, image: &Image, path: &Path, options: &ExportOptions) -> Result<Box<dyn Output>>;
}

/// An image on its way into one format.
pub trait Output: Sync {
    /// The pieces.
    fn plan(&self) -> &Plan;

    /// Where the pieces are in the end: a folder or a file.
    fn target(&self) -> &Path;

    /// The bytes of a piece, of its pixels `(height, width, channels)`; none where nothing needs to be stored. Called by
    /// many threads.
    ///
    /// # Errors
    /// What painting and encoding give.
    fn encode(&self, piece: &Piece, pixels: Pixels) -> Result<Vec<u8>>;

    /// The file of a piece in a target that is a folder; `None` where the target is one file, which [`finish`](Self::finish)
    /// puts together.
    fn file(&self, piece: &Piece) -> Option<String>;

    /// Every piece is stored: writes what else belongs to it, into the folder, or the whole file, to the path that is
    /// given.
    ///
    /// # Errors
    /// What reading pieces back and writing give.
    fn finish(&self, store: &Store, into: &Path) -> Result<()>;

    /// The target is whole and has its name: writes a file beside it, where one belongs there.
    ///
    /// # Errors
    /// What writing gives.
    fn seal(&self) -> Result<()> {
        Ok(())
    }

    /// A file beside the target that belongs to it, and that stands for it.
    fn beside(&self) -> Option<PathBuf> {
        None
    }
}
