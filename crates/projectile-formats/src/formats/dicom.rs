//! DICOM: images of one frame or several.

use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

use flate2::read::DeflateDecoder;
use projectile_core::{Error, ErrorKind, Result};

use crate::blob::Blob;
use crate::dicom::{self, parse};
use crate::flat::{Place, header_error};
use crate::format::{Format, NamedSource};
use crate::open::OpenOptions;
use crate::sizes::to_u64;

/// Medicine's files of images.
pub(super) struct Dicom;

impl Format for Dicom {
    fn name(&self) -> &'static str {
        "DICOM"
    }

    fn about(&self) -> &'static str {
        "single frames and multi-frame, windows, rescaled values, palettes, YBR; native, RLE, JPEG (8 bits, and \
         lossless to 16), JPEG 2000"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["dcm", "dicom", "dic"]
    }

    fn sniff(&self, head: &[u8]) -> bool {
        head.get(128..).is_some_and(|rest| rest.starts_with(b"DICM"))
    }

    fn open(&self, path: &Path, options: &OpenOptions) -> Result<Vec<NamedSource>> {
        let place = Place::open(path)?;
        let elements = parse(place.reader(), place.blob().size())?;
        if elements.is_deflated() {
            return unpacked(&place, options);
        }
        dicom::sources(&place, &elements, options)
    }

    fn open_blob(&self, blob: &Arc<dyn Blob>, options: &OpenOptions) -> Option<Result<Vec<NamedSource>>> {
        let place = Place::Elsewhere(Arc::clone(blob));
        match parse(place.reader(), blob.size()) {
            // Its frames are found one after the other: that is better done here.
            Ok(elements) if elements.is_compressed() => None,
            Ok(elements) => Some(dicom::sources(&place, &elements, options)),
            Err(error) => Some(Err(error)),
        }
    }
}

/// A file that is compressed after its first group: unpacked into one that goes when it is closed.
fn unpacked(place: &Place, options: &OpenOptions) -> Result<Vec<NamedSource>> {
    let unwritable = |error: std::io::Error| {
        Error::new(
            ErrorKind::Unavailable,
            format!("there is no room to unpack it: {error}"),
        )
    };
    let mut reader = place.reader();
    let start = dicom::after_first_group(&mut reader, place.blob().size())?;
    reader
        .seek(SeekFrom::Start(start))
        .map_err(|error| header_error(&error))?;
    let limit = options.limits.decoded_bytes;
    let packed = DeflateDecoder::new(reader).take(limit.saturating_add(1));
    let mut packed = BufReader::with_capacity(1 << 18, packed);
    let mut file = tempfile::NamedTempFile::new().map_err(unwritable)?;
    let mut length = 0u64;
    loop {
        options.cancel.check()?;
        let piece = packed
            .fill_buf()
            .map_err(|error| Error::corrupt(format!("cannot be unpacked: {error}")))?;
        let count = piece.len();
        if count == 0 {
            break;
        }
        length = length.saturating_add(to_u64(count));
        if length > limit {
            return Err(Error::limit(format!("unpacked it takes more than {limit} bytes")));
        }
        file.write_all(piece).map_err(unwritable)?;
        packed.consume(count);
    }
    file.flush().map_err(unwritable)?;
    let place = Place::open(file.path())?;
    let elements = dicom::parse_deflated(place.reader(), place.blob().size())?;
    dicom::sources(&place, &elements, options)
}
