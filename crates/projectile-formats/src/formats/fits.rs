//! FITS: the primary image and IMAGE extensions, plain or compressed by tiles.

use std::path::Path;
use std::sync::Arc;

use projectile_core::{Error, ErrorKind, Result};

use crate::blob::Blob;
use crate::fits::{Image, units};
use crate::flat::Place;
use crate::format::{Format, NamedSource};
use crate::open::OpenOptions;

/// Astronomy's files of images.
pub(super) struct Fits;

impl Format for Fits {
    fn name(&self) -> &'static str {
        "FITS"
    }

    fn about(&self) -> &'static str {
        "images and IMAGE extensions of any BITPIX, scaled, with blanks and linear coordinates, by region; compressed \
         by tiles with RICE_1, GZIP_1 and GZIP_2. The first row of the file is the first row shown"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["fits", "fit", "fts", "fz"]
    }

    fn sniff(&self, head: &[u8]) -> bool {
        head.starts_with(b"SIMPLE  =")
    }

    fn open(&self, path: &Path, options: &OpenOptions) -> Result<Vec<NamedSource>> {
        sources(&Place::open(path)?, options)
    }

    fn open_blob(&self, blob: &Arc<dyn Blob>, options: &OpenOptions) -> Option<Result<Vec<NamedSource>>> {
        Some(sources(&Place::Elsewhere(Arc::clone(blob)), options))
    }
}

fn sources(place: &Place, options: &OpenOptions) -> Result<Vec<NamedSource>> {
    let units = units(place, &options.cancel)?;
    let mut whole = options.limits.whole_array_bytes;
    let mut sources: Vec<NamedSource> = Vec::new();
    let mut skipped: Option<Error> = None;
    for (number, unit) in units.iter().enumerate() {
        let Some(image) = Image::of(unit)? else { continue };
        let name = match image.name() {
            name if name.is_empty() && number == 0 => "PRIMARY".to_owned(),
            name if name.is_empty() => number.to_string(),
            name if sources.iter().any(|source| source.name == name) => format!("{name} ({number})"),
            name => name,
        };
        match image.source(number, place, options, &mut whole) {
            Ok(source) => sources.push(NamedSource { name, source }),
            Err(error) if error.kind() == ErrorKind::Unsupported => skipped = Some(error.context(name)),
            Err(error) => return Err(error.context(name)),
        }
    }
    if sources.is_empty() {
        return Err(skipped.unwrap_or_else(|| {
            Error::unsupported("it holds no image of two or more axes: tables and spectra are not shown")
        }));
    }
    if options.inner.is_none()
        && let [only] = &mut sources[..]
    {
        only.name.clear();
    }
    Ok(sources)
}
