//! From where a flat array lies to a source: read whole where it is small, else by region or by blocks.

use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use projectile_core::{ArraySource, ErrorKind, Result, Source, SourceInfo};

use super::array::too_large;
use super::region::RegionSource;
use super::whole::read_samples;
use super::{FlatArray, blocks};
use crate::blob::{Blob, BlobReader, FileBlob};
use crate::open::OpenOptions;
use crate::sizes::{to_u64, to_usize};

/// A file on this machine, or an object elsewhere.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// Read by positioned reads as they come.
    Here(Arc<FileBlob>),
    /// Read by blocks that are kept.
    Elsewhere(Arc<dyn Blob>),
}

impl Place {
    /// The file at `path`.
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound) or [`Unavailable`](ErrorKind::Unavailable).
    pub(crate) fn open(path: &Path) -> Result<Self> {
        Ok(Self::Here(Arc::new(FileBlob::open(path)?)))
    }

    /// Its bytes.
    pub(crate) fn blob(&self) -> Arc<dyn Blob> {
        match self {
            Self::Here(file) => Arc::<FileBlob>::clone(file),
            Self::Elsewhere(blob) => Arc::clone(blob),
        }
    }

    /// A reader for headers: of pieces of about what is asked for at a time.
    pub(crate) fn reader(&self) -> BlobReader {
        BlobReader::new(
            self.blob(),
            match self {
                Self::Here(_) => 4 << 10,
                Self::Elsewhere(_) => 64 << 10,
            },
        )
    }
}

/// A source of a flat array. Of what is here, arrays are read whole as long as `whole` bytes are left, which those that
/// are read take from; of what lies elsewhere only what is small.
///
/// # Errors
/// [`Corrupt`](ErrorKind::Corrupt) when not all of the array is there, and what reading it says.
pub(crate) fn source(
    place: &Place,
    array: &FlatArray,
    mut info: SourceInfo,
    options: &OpenOptions,
    whole: &mut u64,
) -> Result<Arc<dyn Source>> {
    /// Bytes that are brought in about the time that a person does not notice.
    const SMALL: u64 = 4 << 20;
    info.dtype = array.read_dtype();
    let blob = place.blob();
    let bytes = array.present(blob.size())?;
    let most = match place {
        Place::Here(_) => *whole,
        Place::Elsewhere(_) => (*whole).min(SMALL),
    };
    if bytes > most {
        return Ok(match place {
            Place::Here(file) => Arc::new(RegionSource::new(Arc::clone(file), array.clone(), info)),
            Place::Elsewhere(_) => Arc::new(blocks::blocks(blob, array.clone(), info, options)?),
        });
    }
    *whole = whole.saturating_sub(bytes);
    #[expect(clippy::arithmetic_side_effects, reason = "no dtype has elements of no bytes")]
    let count = bytes / to_u64(array.dtype.size());
    let samples = match place {
        Place::Here(file) => {
            let mut reader = FileReader {
                file,
                position: array.start,
            };
            let samples = read_samples(&mut reader, array.dtype, array.big_endian, count, options)?;
            file.check()?;
            samples
        }
        Place::Elsewhere(blob) => {
            let read = blob.read_one(array.start..array.start.saturating_add(bytes))?;
            read_samples(&mut &read[..], array.dtype, array.big_endian, count, options)?
        }
    };
    let strides = array.strides.iter().map(|&stride| isize::try_from(stride));
    let strides = strides.collect::<std::result::Result<_, _>>();
    Ok(Arc::new(ArraySource::strided(
        array.meaning.of(samples),
        0,
        strides.map_err(|_| too_large(&array.shape))?,
        info,
    )?))
}

/// A file's bytes from a position on, with no buffer between.
struct FileReader<'a> {
    file: &'a FileBlob,
    position: u64,
}

impl Read for FileReader<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let left = to_usize(self.file.size().saturating_sub(self.position));
        let out = match out.split_at_mut_checked(left) {
            Some((out, _)) => out,
            None => out,
        };
        self.file
            .read_into(out, self.position)
            .map_err(io::Error::other)?;
        self.position = self.position.saturating_add(to_u64(out.len()));
        Ok(out.len())
    }
}

/// What a failed read of a header means: a file that ends too early, or what the place said.
pub(crate) fn header_error(error: &io::Error) -> projectile_core::Error {
    use projectile_core::Error;
    if let Some(own) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        return own.clone();
    }
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Error::corrupt("the file is cut short in its header"),
        _ => Error::new(ErrorKind::Unavailable, format!("cannot be read: {error}")),
    }
}
