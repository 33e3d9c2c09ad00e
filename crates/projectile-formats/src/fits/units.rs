//! The header and data units of a file, one after another.

use std::io::{Seek, SeekFrom};

use projectile_core::{Cancel, Error, Result};

use super::header::{BLOCK, Header, read_header};
use crate::flat::{Place, header_error};
use crate::sizes::product;

/// Units beyond which a file is no gallery.
const MOST_UNITS: usize = 4096;

/// A header, and where its data are.
#[derive(Clone, Debug)]
pub(crate) struct Unit {
    pub(crate) header: Header,
    /// The byte where its data begin.
    pub(crate) start: u64,
    /// Bytes of its data, without what fills the last block.
    pub(crate) length: u64,
}

/// Every unit of a file.
///
/// # Errors
/// [`Corrupt`](projectile_core::ErrorKind::Corrupt) for what is no FITS file or ends too early.
pub(crate) fn units(place: &Place, cancel: &Cancel) -> Result<Vec<Unit>> {
    let size = place.blob().size();
    let mut reader = place.reader();
    let mut units: Vec<Unit> = Vec::new();
    let mut at = 0u64;
    // The last block is often not filled.
    while units.is_empty() || at.saturating_add(BLOCK) <= size {
        cancel.check()?;
        if units.len() == MOST_UNITS {
            return Err(Error::limit(format!(
                "it has more than {MOST_UNITS} extensions, too many to show"
            )));
        }
        reader
            .seek(SeekFrom::Start(at))
            .map_err(|error| header_error(&error))?;
        let header = match read_header(&mut reader) {
            Ok(header) => header,
            // Special records may follow the last extension, and are no part of it (chapter 3.5).
            Err(_) if !units.is_empty() && !begins_an_extension(&mut reader, at) => break,
            Err(error) => return Err(error),
        };
        let first = if units.is_empty() { "SIMPLE" } else { "XTENSION" };
        if header.get(first).is_none() {
            if units.is_empty() {
                return Err(Error::corrupt("it does not begin like a FITS file"));
            }
            break;
        }
        let start = at.checked_add(header.length).ok_or_else(too_much)?;
        let length = data_length(&header)?;
        at = length
            .checked_next_multiple_of(BLOCK)
            .and_then(|length| start.checked_add(length))
            .ok_or_else(too_much)?;
        if start.saturating_add(length) > size {
            return Err(Error::corrupt(format!(
                "the file is cut short: its headers promise {} bytes, it has {size}",
                start.saturating_add(length)
            )));
        }
        units.push(Unit {
            header,
            start,
            length,
        });
    }
    Ok(units)
}

fn begins_an_extension(reader: &mut (impl std::io::Read + Seek), at: u64) -> bool {
    let mut first = [0; 8];
    reader.seek(SeekFrom::Start(at)).is_ok() && reader.read_exact(&mut first).is_ok() && &first == b"XTENSION"
}

/// Bytes of the data that a header promises: `|BITPIX| / 8 × GCOUNT × (PCOUNT + NAXIS1 × …)`.
fn data_length(header: &Header) -> Result<u64> {
    let bits = header
        .integer("BITPIX")
        .filter(|bits| matches!(bits, 8 | 16 | 32 | 64 | -32 | -64))
        .ok_or_else(|| Error::corrupt("its header has no valid BITPIX"))?;
    let mut sizes = header.sizes("NAXIS")?;
    let Some(first) = sizes.first_mut() else {
        return Ok(0);
    };
    if header.is_true("GROUPS") && *first == 0 {
        *first = 1;
    }
    let count = |keyword, without| match header.integer(keyword) {
        Some(count) => u64::try_from(count).map_err(|_| Error::corrupt(format!("a negative {keyword}"))),
        None => Ok(without),
    };
    let (parameters, groups) = (count("PCOUNT", 0)?, count("GCOUNT", 1)?);
    product(&sizes)
        .and_then(|product| product.checked_add(parameters))
        .and_then(|elements| elements.checked_mul(groups))
        .and_then(|elements| elements.checked_mul(bits.unsigned_abs() / 8))
        .ok_or_else(too_much)
}

fn too_much() -> Error {
    Error::limit("its header promises more data than any file holds")
}
