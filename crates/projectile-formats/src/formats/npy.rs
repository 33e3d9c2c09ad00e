//! `.npy`: small arrays whole, large ones by region.

use std::path::Path;
use std::sync::Arc;

use projectile_core::{ArraySource, Axes, Error, Result, Samples, SourceInfo};

use crate::blob::Blob;
use crate::flat::{self, Place};
use crate::format::{Format, NamedSource};
use crate::npy::{Header, read_header};
use crate::open::OpenOptions;

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
        sources(&Place::open(path)?, options)
    }

    fn open_blob(&self, blob: &Arc<dyn Blob>, options: &OpenOptions) -> Option<Result<Vec<NamedSource>>> {
        Some(sources(&Place::Elsewhere(Arc::clone(blob)), options))
    }
}

fn sources(place: &Place, options: &OpenOptions) -> Result<Vec<NamedSource>> {
    let header = read_header(&mut place.reader())?;
    let axes = axes(&header, options)?;
    let mut info = SourceInfo::new(header.dtype, axes, "npy");
    info.version = place.blob().version();
    let mut whole = options.limits.whole_array_bytes;
    let source = flat::source(place, &header.array()?, info, options, &mut whole)?;
    Ok(vec![NamedSource {
        name: String::new(),
        source,
    }])
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
    let mut next = Some(1isize);
    let strides: Option<Vec<isize>> = header
        .shape
        .iter()
        .map(|&size| {
            let stride = next;
            next = stride.and_then(|stride| stride.checked_mul(isize::try_from(size).ok()?));
            stride
        })
        .collect();
    let strides = strides.ok_or_else(|| Error::corrupt("it is larger than memory can be"))?;
    ArraySource::strided(samples, 0, strides, info)
}
