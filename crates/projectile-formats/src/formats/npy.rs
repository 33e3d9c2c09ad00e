//! `.npy`: small arrays whole, large ones by region.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

use projectile_core::{ArraySource, Axes, Error, ErrorKind, Result, Samples, SourceInfo};

use crate::blob::{Blob, BlobReader, FileBlob};
use crate::format::{Format, NamedSource};
use crate::npy::{Header, NpySource, blocks, read_header, read_samples};
use crate::open::OpenOptions;
use crate::version;

/// numpy's array file.
pub(super) struct Npy;

impl Format for Npy {
    fn name(&self) -> &'static str {
        "npy"
    }

    fn about(&self) -> &'static str {
        "versions 1 to 3, every numeric dtype, both byte orders and memory orders; larger than memory, by region"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["npy"]
    }

    fn sniff(&self, head: &[u8]) -> bool {
        head.starts_with(b"\x93NUMPY")
    }

    fn open(&self, path: &Path, options: &OpenOptions) -> Result<Vec<NamedSource>> {
        let unreadable =
            |error: std::io::Error| Error::new(ErrorKind::Unavailable, format!("cannot be read: {error}"));
        let file = File::open(path).map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        let mut reader = BufReader::new(file);
        let header = read_header(&mut reader)?;
        let axes = axes(&header, options)?;
        let promised = promised(&header, metadata.len())?;
        let version = version::of(&metadata);
        if promised > options.limits.whole_array_bytes {
            let file = FileBlob::of(reader.into_inner())?;
            return Ok(NamedSource::only(NpySource::new(file, &header, axes)));
        }
        let samples = read_samples(&mut reader, &header, options)?;
        let mut info = SourceInfo::new(header.dtype, axes, self.name());
        info.version = version;
        Ok(NamedSource::only(array(samples, &header, info)?))
    }

    fn open_blob(&self, blob: &Arc<dyn Blob>, options: &OpenOptions) -> Option<Result<Vec<NamedSource>>> {
        Some(by_ranges(blob, options))
    }
}

/// Of what lies elsewhere only what is small is read whole: the rest is read when it is looked at.
fn by_ranges(blob: &Arc<dyn Blob>, options: &OpenOptions) -> Result<Vec<NamedSource>> {
    /// Bytes that are brought in about the time that a person does not notice.
    const SMALL: u64 = 4 << 20;
    /// Bytes of a header and then some.
    const PIECE: u64 = 64 << 10;
    let header = read_header(&mut BlobReader::new(Arc::clone(blob), PIECE))?;
    let axes = axes(&header, options)?;
    let promised = promised(&header, blob.size())?;
    if promised > SMALL.min(options.limits.whole_array_bytes) {
        return Ok(NamedSource::only(blocks(
            Arc::clone(blob),
            &header,
            axes,
            options,
        )?));
    }
    let bytes = blob.read_one(header.length..header.length + promised)?;
    let samples = read_samples(&mut &bytes[..], &header, options)?;
    let mut info = SourceInfo::new(header.dtype, axes, "npy");
    info.version = blob.version();
    Ok(NamedSource::only(array(samples, &header, info)?))
}

/// The bytes that the elements take, which must be there.
fn promised(header: &Header, size: u64) -> Result<u64> {
    let (promised, present) = (header.data_bytes()?, size.saturating_sub(header.length));
    if promised > present {
        return Err(Error::corrupt(format!(
            "the file is cut short: its header promises {promised} bytes of elements, it holds {present}"
        )));
    }
    Ok(promised)
}

/// The axes of an array: those of the options, else by the rule.
pub(super) fn axes(header: &Header, options: &OpenOptions) -> Result<Axes> {
    match &options.axes {
        Some(letters) => Axes::named(letters, &header.shape),
        None => Axes::guess(&header.shape),
    }
}

/// An array in memory, in the header's memory order.
pub(super) fn array(samples: Samples, header: &Header, info: SourceInfo) -> Result<ArraySource> {
    if !header.fortran_order {
        return ArraySource::with_info(samples, info);
    }
    let strides = header
        .shape
        .iter()
        .scan(1, |next, &size| {
            let stride = *next;
            *next *= size as isize;
            Some(stride)
        })
        .collect();
    ArraySource::strided(samples, 0, strides, info)
}
