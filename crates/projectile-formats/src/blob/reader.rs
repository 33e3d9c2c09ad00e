//! A blob as a stream that can be wound: what parsers of headers read.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

use bytes::Bytes;

use super::Blob;
use crate::sizes::{to_u64, to_usize};

/// Reads a blob piece by piece, a few of which it keeps: parsers go back and forth between a few places.
#[derive(Debug)]
pub struct BlobReader {
    blob: Arc<dyn Blob>,
    position: u64,
    piece: u64,
    /// The last used one last.
    kept: Vec<(u64, Bytes)>,
}

/// Pieces that are kept.
const KEPT: usize = 8;

impl BlobReader {
    /// Reads `piece` bytes at a time, e.g. 64 KiB of what is far away.
    pub fn new(blob: Arc<dyn Blob>, piece: u64) -> Self {
        Self {
            blob,
            position: 0,
            piece: piece.max(1),
            kept: Vec::new(),
        }
    }

    /// The piece that the position is in, from the position on.
    fn rest(&mut self) -> io::Result<Bytes> {
        let number = self.position.checked_div(self.piece).unwrap_or(0);
        let start = number.saturating_mul(self.piece);
        if let Some(at) = self.kept.iter().position(|(kept, _)| *kept == number) {
            let piece = self.kept.remove(at);
            self.kept.push(piece);
        } else {
            let end = start.saturating_add(self.piece).min(self.blob.size());
            let bytes = self.blob.read_one(start..end).map_err(io::Error::other)?;
            if self.kept.len() == KEPT {
                self.kept.remove(0);
            }
            self.kept.push((number, bytes));
        }
        let piece = self
            .kept
            .last()
            .map(|(_, bytes)| bytes.clone())
            .unwrap_or_default();
        let within = to_usize(self.position.saturating_sub(start));
        Ok(piece.slice(piece.len().min(within)..))
    }
}

impl Read for BlobReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() || self.position >= self.blob.size() {
            return Ok(0);
        }
        let length = self.rest()?.as_ref().read(out)?;
        self.position = self.position.saturating_add(to_u64(length));
        Ok(length)
    }
}

impl Seek for BlobReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.blob.size().checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blob::FileBlob;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_read_is_what_is_there(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            piece in 1u64..40,
            steps in proptest::collection::vec((0u64..220, 0usize..90), 1..20),
        ) {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), &bytes).unwrap();
            let mut reader = BlobReader::new(Arc::new(FileBlob::open(file.path()).unwrap()), piece);
            for (position, length) in steps {
                reader.seek(SeekFrom::Start(position)).unwrap();
                let mut read = Vec::new();
                (&mut reader).take(length as u64).read_to_end(&mut read).unwrap();
                let from = bytes.len().min(position as usize);
                prop_assert_eq!(&read, &bytes[from..bytes.len().min(from + length)]);
            }
        }
    }
}
