//! Bytes that are read by ranges, wherever they are: what readers of large files stand on.

mod file;
mod reader;

use std::fmt::Debug;
use std::ops::Range;

use bytes::Bytes;
use projectile_core::{Cancel, Residence, Result};

use crate::sizes::to_usize;

pub use file::FileBlob;
pub use reader::BlobReader;

/// One object of bytes that can be read by ranges: a file, or an object in a store.
///
/// It is one version of the object: what is read is of that version, or an error says that there is another one.
pub trait Blob: Send + Sync + Debug {
    /// Bytes of the object.
    fn size(&self) -> u64;

    /// What tells this version of the object from any other; never 0.
    fn version(&self) -> u64;

    /// What a read costs.
    fn residence(&self) -> Residence;

    /// The bytes of each range, in the order of `ranges`. Blocks the thread.
    ///
    /// # Errors
    /// [`Gone`](projectile_core::ErrorKind::Gone) when the object is another one by now,
    /// [`Corrupt`](projectile_core::ErrorKind::Corrupt) for ranges beyond its end,
    /// [`Unavailable`](projectile_core::ErrorKind::Unavailable) when it cannot be read.
    fn read(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>>;

    /// As [`read`](Self::read), as long as anybody wants it: what can be called off is.
    ///
    /// # Errors
    /// Those of [`read`](Self::read), and [`Cancelled`](projectile_core::ErrorKind::Cancelled).
    fn read_while(&self, ranges: &[Range<u64>], cancel: &Cancel) -> Result<Vec<Bytes>> {
        cancel.check()?;
        self.read(ranges)
    }

    /// The bytes of one range.
    ///
    /// # Errors
    /// Those of [`read`](Self::read).
    fn read_one(&self, range: Range<u64>) -> Result<Bytes> {
        let read = self.read(std::slice::from_ref(&range))?;
        Ok(read.into_iter().next().unwrap_or_default())
    }
}

/// The bytes from `range.start` to `range.end` of those that are here; `None` where not all of them are.
pub(crate) fn slice(bytes: &Bytes, range: Range<u64>) -> Option<Bytes> {
    let (start, end) = (to_usize(range.start), to_usize(range.end));
    (start <= end && end <= bytes.len()).then(|| bytes.slice(start..end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_here_is_sliced() {
        let bytes = Bytes::from_static(b"0123456789");
        assert_eq!(slice(&bytes, 2..4).unwrap(), "23");
        assert_eq!(slice(&bytes, 10..10).unwrap(), "");
        assert_eq!(slice(&bytes, 9..11), None);
        let backwards = Range { start: 4, end: 2 };
        assert_eq!(slice(&bytes, backwards), None);
        assert_eq!(slice(&bytes, 0..u64::MAX), None);
    }
}
