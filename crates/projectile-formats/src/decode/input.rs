//! A file that is being decoded: its size and version, limits, and readers that tell progress.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use projectile_core::{Cancel, Error, ErrorKind, Result, Sample};

use crate::open::{OpenOptions, Progress};
use crate::sizes::{product, to_u64, to_usize};
use crate::version;

/// How often progress is told: often enough for a bar, seldom enough to cost nothing.
const PROGRESS_STEP: u64 = 1 << 20;

/// An opened file, and what its decoding may cost.
pub(crate) struct Input<'a> {
    file: File,
    /// Bytes of the file.
    pub(crate) len: u64,
    /// Which version of the file it is.
    pub(crate) version: u64,
    /// How it is to be opened.
    pub(crate) options: &'a OpenOptions,
}

/// A buffered reader of the file that tells progress and breaks off when the job is cancelled.
pub(crate) type Reader = BufReader<Telling>;

impl<'a> Input<'a> {
    pub(crate) fn open(path: &Path, options: &'a OpenOptions) -> Result<Self> {
        let unreadable =
            |error: io::Error| Error::new(ErrorKind::Unavailable, format!("cannot be read: {error}"));
        let file = crate::regular::open(path).map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        Ok(Self {
            file,
            len: metadata.len(),
            version: version::of(&metadata),
            options,
        })
    }

    /// A reader from the file's start. It shares its position with every other one.
    pub(crate) fn reader(&self) -> Result<Reader> {
        let mut file = self.file.try_clone().map_err(|e| read_error(&e))?;
        file.rewind().map_err(|e| read_error(&e))?;
        let telling = Telling {
            file,
            len: self.len,
            done: 0,
            told: 0,
            progress: self.options.progress.clone(),
            cancel: self.options.cancel.clone(),
        };
        Ok(BufReader::with_capacity(64 << 10, telling))
    }

    /// The whole file, for decoders that want it so.
    pub(crate) fn bytes(&self) -> Result<Vec<u8>> {
        self.allow(self.len)?;
        let mut bytes = Vec::new();
        reserve(&mut bytes, to_usize(self.len))?;
        self.reader()?
            .read_to_end(&mut bytes)
            .map_err(|e| read_error(&e))?;
        Ok(bytes)
    }

    /// Refuses sizes beyond the limits.
    pub(crate) fn allow(&self, bytes: u64) -> Result<()> {
        let limit = self.options.limits.decoded_bytes;
        if bytes > limit {
            return Err(Error::limit(format!(
                "decoded it takes {}, the limit is {}",
                human(bytes),
                human(limit)
            )));
        }
        Ok(())
    }

    /// How many samples an image of these sizes has, once they are known to be sensible and within the limits.
    /// To be asked before anything is allocated by what a header says.
    pub(crate) fn samples(
        &self,
        width: u64,
        height: u64,
        channels: u64,
        sample_size: usize,
    ) -> Result<usize> {
        if width == 0 || height == 0 || channels == 0 {
            return Err(Error::corrupt(format!(
                "the image has no pixels: {width} × {height}"
            )));
        }
        let samples = width
            .checked_mul(height)
            .and_then(|pixels| pixels.checked_mul(channels));
        let bytes = samples.and_then(|samples| samples.checked_mul(to_u64(sample_size)));
        let (Some(samples), Some(bytes)) = (samples, bytes) else {
            return Err(Error::limit(format!(
                "{width} × {height} pixels are beyond any machine"
            )));
        };
        self.allow(bytes)?;
        usize::try_from(samples)
            .map_err(|_| Error::limit(format!("{width} × {height} pixels are beyond this machine")))
    }

    /// As [`Self::plausible`], of as many bytes as the product of `sizes`: more than can be counted are more than any
    /// file holds.
    pub(crate) fn plausible_sizes(&self, sizes: &[u64], ratio: u64) -> Result<()> {
        self.plausible(product(sizes).unwrap_or(u64::MAX), ratio)
    }

    /// Refuses a header that promises more bytes than a file of this size can hold at `ratio` decoded bytes for each
    /// stored one, which is how a small file asks for a lot of memory.
    pub(crate) fn plausible(&self, bytes: u64, ratio: u64) -> Result<()> {
        // The slack leaves small pictures alone, whatever their headers weigh.
        if bytes > self.len.saturating_mul(ratio).saturating_add(1 << 20) {
            return Err(Error::corrupt(format!(
                "the header promises {} of pixels, which {} of file cannot hold",
                human(bytes),
                human(self.len)
            )));
        }
        Ok(())
    }
}

/// Zeroed samples. The caller has asked [`Input::samples`] about the size; memory that is not there is an error too,
/// not the end of the process.
pub(crate) fn zeroed<T: bytemuck::Zeroable + Clone>(samples: usize) -> Result<Vec<T>> {
    // A zeroed allocation is lazy but cannot fail politely, a reservation can: so ask first, then let go of it.
    let mut probe = Vec::<T>::new();
    reserve(&mut probe, samples)?;
    drop(probe);
    Ok(vec![T::zeroed(); samples])
}

fn reserve<T>(vec: &mut Vec<T>, count: usize) -> Result<()> {
    vec.try_reserve_exact(count).map_err(|_| {
        let bytes = to_u64(count).saturating_mul(to_u64(size_of::<T>()));
        Error::limit(format!("there is not enough memory for {}", human(bytes)))
    })
}

/// A failed read, in words; one that ran into the end of the file is a truncated file.
pub(crate) fn read_error(error: &io::Error) -> Error {
    // Of what lies in a store, the store knows better what happened.
    if let Some(own) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        return own.clone();
    }
    if error.kind() == io::ErrorKind::UnexpectedEof {
        truncated()
    } else {
        Error::corrupt(format!("cannot be decoded: {error}"))
    }
}

pub(crate) fn truncated() -> Error {
    Error::corrupt("the file is truncated: it ends before its last pixel")
}

pub(crate) fn human(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{bytes} bytes"),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes.to_f64() / 1e6),
        _ => format!("{:.1} GB", bytes.to_f64() / 1e9),
    }
}

/// A file that tells how much of it has been read.
pub(crate) struct Telling {
    file: File,
    len: u64,
    done: u64,
    told: u64,
    progress: Option<Arc<dyn Progress>>,
    cancel: Cancel,
}

impl Read for Telling {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.cancel.is_cancelled() {
            return Err(io::Error::other("cancelled"));
        }
        // Never more at once than the step in which progress is told and the flag looked at.
        let count = (&self.file).take(PROGRESS_STEP).read(buf)?;
        // What was read may be read again, but not for so long as to count to 2^64.
        self.done = self.done.saturating_add(to_u64(count));
        if let Some(progress) = &self.progress
            && (self.done.saturating_sub(self.told) >= PROGRESS_STEP || count == 0)
        {
            self.told = self.done;
            progress.update(self.done.min(self.len), self.len);
        }
        Ok(count)
    }
}

impl Seek for Telling {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_refused_before_they_are_allocated() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        std::fs::write(&path, [0; 100]).unwrap();
        let mut options = OpenOptions::default();
        options.limits.decoded_bytes = 1000;
        let input = Input::open(&path, &options).unwrap();
        assert_eq!(input.samples(10, 25, 2, 2).unwrap(), 500);
        assert_eq!(input.samples(10, 25, 2, 3).unwrap_err().kind(), ErrorKind::Limit);
        assert_eq!(
            input.samples(u64::MAX, 2, 1, 1).unwrap_err().kind(),
            ErrorKind::Limit
        );
        assert_eq!(input.samples(0, 25, 2, 2).unwrap_err().kind(), ErrorKind::Corrupt);
        assert!(input.plausible(1 << 20, 1).is_ok());
        assert_eq!(
            input.plausible(2 << 20, 1000).unwrap_err().kind(),
            ErrorKind::Corrupt
        );
        assert_eq!(
            input.plausible_sizes(&[1 << 32; 2], 1).unwrap_err().kind(),
            ErrorKind::Corrupt
        );
    }

    #[test]
    fn a_cancelled_job_stops_reading() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        std::fs::write(&path, [0; 100]).unwrap();
        let options = OpenOptions::default();
        let input = Input::open(&path, &options).unwrap();
        options.cancel.cancel();
        assert!(input.reader().unwrap().read(&mut [0; 10]).is_err());
    }
}
