//! Gzip around a file of another format, e.g. `.nii.gz` and `.fits.gz`.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use projectile_core::{Error, ErrorKind, Result};

use super::FORMATS;
use crate::decode::Input;
use crate::decode::input::read_error;
use crate::format::{Format, NamedSource};
use crate::open::{OpenOptions, read_head};
use crate::sizes::to_u64;

/// A file that is compressed as a whole. It is unpacked into a file of its own, which goes when it is closed: what
/// is read by region is read from there.
pub(super) struct Gzip;

impl Format for Gzip {
    fn name(&self) -> &'static str {
        "gzip"
    }

    fn about(&self) -> &'static str {
        "around a file of another format (.nii.gz, .fits.gz): unpacked to a temporary file"
    }

    fn extensions(&self) -> &'static [&'static str] {
        // Not gz: what is inside decides.
        &[]
    }

    fn sniff(&self, head: &[u8]) -> bool {
        head.starts_with(&[0x1f, 0x8b]) && inside(head).is_some()
    }

    fn open(&self, path: &Path, options: &OpenOptions) -> Result<Vec<NamedSource>> {
        let input = Input::open(path, options)?;
        let limit = options.limits.decoded_bytes;
        let mut unpacked = tempfile::NamedTempFile::new().map_err(|error| unwritable(&error))?;
        let packed = MultiGzDecoder::new(input.reader()?).take(limit.saturating_add(1));
        let mut packed = BufReader::with_capacity(1 << 20, packed);
        let mut length = 0u64;
        loop {
            options.cancel.check()?;
            let piece = match packed.fill_buf() {
                Ok(piece) => piece,
                Err(error) => {
                    options.cancel.check()?;
                    return Err(read_error(&error));
                }
            };
            let count = piece.len();
            if count == 0 {
                break;
            }
            length = length.saturating_add(to_u64(count));
            if length > limit {
                return Err(Error::limit(format!("unpacked it takes more than {limit} bytes")));
            }
            unpacked.write_all(piece).map_err(|error| unwritable(&error))?;
            packed.consume(count);
        }
        unpacked.flush().map_err(|error| unwritable(&error))?;
        let format =
            inside(&read_head(path)?).ok_or_else(|| Error::unsupported("no known format is inside"))?;
        format.open(unpacked.path(), options)
    }
}

/// The format that the first bytes of what is packed in `head` are of.
fn inside(head: &[u8]) -> Option<&'static dyn Format> {
    let mut begin = Vec::new();
    // Of a head that is cut somewhere, what can be unpacked until there is enough.
    let mut packed = BufReader::with_capacity(512, MultiGzDecoder::new(head).take(4096));
    while let Ok(piece) = packed.fill_buf()
        && !piece.is_empty()
    {
        begin.extend_from_slice(piece);
        let count = piece.len();
        packed.consume(count);
    }
    // Not gzip itself: such a file may hold itself.
    FORMATS
        .iter()
        .find(|format| format.name() != Gzip.name() && format.sniff(&begin))
        .copied()
}

fn unwritable(error: &std::io::Error) -> Error {
    Error::new(
        ErrorKind::Unavailable,
        format!("there is no room to unpack it: {error}"),
    )
}
