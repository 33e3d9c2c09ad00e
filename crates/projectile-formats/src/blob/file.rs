//! A file on a local disk, read by positioned reads: it is never mapped, since a mapped file that somebody cuts short
//! kills the process.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::time::SystemTime;

use bytes::Bytes;
use projectile_core::{Error, ErrorKind, Residence, Result};

use super::Blob;
use crate::decode::input::zeroed;
use crate::sizes::to_usize;
use crate::{regular, version};

/// An open file. It stays the same one when another takes its name.
#[derive(Debug)]
pub struct FileBlob {
    file: File,
    /// Length and modification time when it was opened: what tells a change.
    opened: Stamp,
    version: u64,
}

type Stamp = (u64, Option<SystemTime>);

impl FileBlob {
    /// Opens the file at `path`.
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound) or [`Unavailable`](ErrorKind::Unavailable).
    pub fn open(path: &Path) -> Result<Self> {
        let file = regular::open(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Error::not_found("no such file"),
            _ => unreadable(&error),
        })?;
        Self::of(file)
    }

    /// A file that is open already.
    ///
    /// # Errors
    /// [`Unavailable`](ErrorKind::Unavailable).
    pub fn of(file: File) -> Result<Self> {
        let metadata = file.metadata().map_err(|error| unreadable(&error))?;
        Ok(Self {
            opened: (metadata.len(), metadata.modified().ok()),
            version: version::of(&metadata),
            file,
        })
    }

    /// The bytes of a range, in a buffer of the caller's.
    ///
    /// # Errors
    /// Those of [`Blob::read`]; a change is told of by [`FileBlob::check`] alone.
    pub fn read_into(&self, bytes: &mut [u8], offset: u64) -> Result<()> {
        read_exact_at(&self.file, bytes, offset).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => changed(),
            _ => unreadable(&error),
        })
    }

    /// Whether what was read until now is of the file as it was opened.
    ///
    /// # Errors
    /// [`Gone`](ErrorKind::Gone) when the file changed.
    pub fn check(&self) -> Result<()> {
        if stamp(&self.file)? == self.opened {
            Ok(())
        } else {
            Err(changed())
        }
    }
}

impl Blob for FileBlob {
    fn size(&self) -> u64 {
        self.opened.0
    }

    fn version(&self) -> u64 {
        self.version
    }

    fn residence(&self) -> Residence {
        Residence::Local
    }

    fn read(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let mut all = Vec::with_capacity(ranges.len());
        for range in ranges {
            let length = range.end.checked_sub(range.start);
            let Some(length) = length.filter(|_| range.end <= self.size()) else {
                return Err(Error::corrupt(format!(
                    "it has {} bytes, and bytes {} to {} are asked for",
                    self.size(),
                    range.start,
                    range.end
                )));
            };
            let mut bytes = zeroed(to_usize(length))?;
            self.read_into(&mut bytes, range.start)?;
            all.push(Bytes::from(bytes));
        }
        // Only now: what was read before a change is as doubtful as what was read after.
        self.check()?;
        Ok(all)
    }
}

fn stamp(file: &File) -> Result<Stamp> {
    let metadata = file.metadata().map_err(|error| unreadable(&error))?;
    Ok((metadata.len(), metadata.modified().ok()))
}

fn unreadable(error: &io::Error) -> Error {
    Error::new(
        ErrorKind::Unavailable,
        format!("the file cannot be read: {error}"),
    )
}

fn changed() -> Error {
    Error::new(
        ErrorKind::Gone,
        "the file changed on disk since it was opened: open it again",
    )
}

#[cfg(unix)]
fn read_exact_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut bytes: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, bytes, offset)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => {
                bytes = &mut bytes[read..];
                offset += read as u64;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_in_their_order() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bytes");
        std::fs::write(&path, b"0123456789").unwrap();
        let blob = FileBlob::open(&path).unwrap();
        assert_eq!(blob.size(), 10);
        let read = blob.read(&[7..10, 0..2, 4..4]).unwrap();
        assert_eq!(read, [&b"789"[..], b"01", b""]);
        assert_eq!(blob.read_one(8..11).unwrap_err().kind(), ErrorKind::Corrupt);
    }

    #[test]
    fn a_file_that_changed_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bytes");
        std::fs::write(&path, b"0123456789").unwrap();
        let blob = FileBlob::open(&path).unwrap();
        std::fs::write(&path, b"01234").unwrap();
        assert_eq!(blob.read_one(0..2).unwrap_err().kind(), ErrorKind::Gone);
        assert_eq!(blob.read_one(7..9).unwrap_err().kind(), ErrorKind::Gone);
    }

    #[test]
    fn a_file_under_another_name_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bytes");
        std::fs::write(&path, b"old").unwrap();
        let blob = FileBlob::open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, b"new").unwrap();
        let read = blob.read_one(0..3);
        // Where removing changes the file's time, the change is told instead.
        assert!(read.map_or_else(
            |error| error.kind() == ErrorKind::Gone,
            |bytes| bytes == b"old"[..]
        ));
    }
}
