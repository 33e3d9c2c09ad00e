//! Where the chunks of pages lie, looked up as they are needed: the index of a huge file has millions of entries.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use moka::sync::Cache;
use projectile_core::{Error, Result};

use super::ifd::{Array, Place};
use crate::blob::Blob;
use crate::sizes::to_usize;

/// Bytes that are read of an index at a time.
const PIECE: u64 = 32 << 10;
/// Bytes that are kept of the indexes of one file.
const KEPT: u64 = 16 << 20;

/// Reads single values of long arrays.
#[derive(Debug)]
pub(crate) struct Index {
    blob: Arc<dyn Blob>,
    big_endian: bool,
    /// Pieces by their number.
    kept: Cache<u64, Bytes>,
}

impl Index {
    pub(crate) fn new(blob: Arc<dyn Blob>, big_endian: bool) -> Self {
        Self {
            blob,
            big_endian,
            kept: Cache::new(KEPT / PIECE),
        }
    }

    /// The value at each of these places of arrays, whose pieces are read together.
    ///
    /// # Errors
    /// Those of [`Blob::read`], and [`Corrupt`](projectile_core::ErrorKind::Corrupt) for places that are not there.
    pub(crate) fn values(&self, places: &[(Array, u64)]) -> Result<Vec<u64>> {
        let mut pieces: HashMap<u64, Bytes> = HashMap::new();
        let mut missing: Vec<u64> = Vec::new();
        for (array, at) in places {
            let Some(range) = range(array, *at)? else { continue };
            for number in range.start / PIECE..range.end.div_ceil(PIECE) {
                if pieces.contains_key(&number) {
                    continue;
                }
                let known = self.kept.get(&number);
                if known.is_none() {
                    missing.push(number);
                }
                pieces.insert(number, known.unwrap_or_default());
            }
        }
        let size = self.blob.size();
        let ranges: Vec<_> = missing
            .iter()
            .map(|number| {
                let start = number.saturating_mul(PIECE);
                start.min(size)..start.saturating_add(PIECE).min(size)
            })
            .collect();
        if !ranges.is_empty() {
            for (number, bytes) in missing.into_iter().zip(self.blob.read(&ranges)?) {
                self.kept.insert(number, bytes.clone());
                pieces.insert(number, bytes);
            }
        }
        places
            .iter()
            .map(|(array, at)| {
                let size = to_usize(array.size);
                let mut word = [0; 8];
                let bytes = word.get_mut(..size).ok_or_else(cut_short)?;
                match (array.place, range(array, *at)?) {
                    (Place::Inline(values), _) => {
                        let value = values.chunks_exact(size).nth(to_usize(*at));
                        bytes.copy_from_slice(value.ok_or_else(cut_short)?);
                    }
                    (_, Some(range)) => {
                        for (byte, offset) in bytes.iter_mut().zip(range) {
                            *byte = pieces
                                .get(&(offset / PIECE))
                                .and_then(|piece| piece.get(to_usize(offset % PIECE)))
                                .copied()
                                .ok_or_else(cut_short)?;
                        }
                    }
                    (Place::At(_), None) => {}
                }
                if self.big_endian {
                    bytes.reverse();
                }
                Ok(u64::from_le_bytes(word))
            })
            .collect()
    }
}

fn cut_short() -> Error {
    Error::corrupt("the index of its chunks is cut short")
}

/// Where a value's bytes are in the file; `None` where it is in the directory itself.
fn range(array: &Array, at: u64) -> Result<Option<Range<u64>>> {
    if at >= array.count {
        return Err(Error::corrupt(format!(
            "it says where {} chunks are, and there is a chunk {at}",
            array.count
        )));
    }
    let from = |start: u64| {
        let start = at.checked_mul(array.size)?.checked_add(start)?;
        Some(start..start.checked_add(array.size)?)
    };
    match array.place {
        Place::Inline(_) => Ok(None),
        Place::At(start) => from(start).map(Some).ok_or_else(cut_short),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blob::FileBlob;

    #[test]
    fn values_are_found_wherever_pieces_end() {
        let file = tempfile::NamedTempFile::new().unwrap();
        // Odd, so that values lie across the ends of pieces.
        let start = 13u64;
        let values: Vec<u64> = (0..20_000u64).map(|i| i * 0x1_0001).collect();
        for big_endian in [false, true] {
            let mut bytes = vec![0u8; start as usize];
            for value in &values {
                bytes.extend(if big_endian {
                    value.to_be_bytes()
                } else {
                    value.to_le_bytes()
                });
            }
            std::fs::write(file.path(), &bytes).unwrap();
            let blob: Arc<dyn Blob> = Arc::new(FileBlob::open(file.path()).unwrap());
            let index = Index::new(blob, big_endian);
            let array = Array {
                size: 8,
                count: values.len() as u64,
                place: Place::At(start),
            };
            let asked: Vec<u64> = (0..values.len() as u64).step_by(7).chain([19_999, 0]).collect();
            let places: Vec<_> = asked.iter().map(|&at| (array, at)).collect();
            let expected: Vec<u64> = asked.iter().map(|&at| values[at as usize]).collect();
            assert_eq!(index.values(&places).unwrap(), expected);
            assert!(index.values(&[(array, 20_000)]).is_err());
        }
    }
}
