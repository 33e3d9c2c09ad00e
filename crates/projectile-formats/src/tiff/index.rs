//! Where the chunks of pages lie, looked up as they are needed: the index of a huge file has millions of entries.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use moka::sync::Cache;
use projectile_core::{Error, Result};

use super::ifd::{Array, Place};
use crate::blob::Blob;

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
            for number in [range / PIECE, (range + array.size - 1) / PIECE] {
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
            .map(|number| (number * PIECE).min(size)..((number + 1) * PIECE).min(size))
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
                let size = array.size as usize;
                let mut word = [0; 8];
                match (array.place, range(array, *at)?) {
                    (Place::Inline(values), _) => {
                        let first = *at as usize * size;
                        word[..size].copy_from_slice(&values[first..first + size]);
                    }
                    (_, Some(start)) => {
                        for (offset, byte) in (start..).zip(&mut word[..size]) {
                            *byte = pieces
                                .get(&(offset / PIECE))
                                .and_then(|piece| piece.get((offset % PIECE) as usize))
                                .copied()
                                .ok_or_else(|| Error::corrupt("the index of its chunks is cut short"))?;
                        }
                    }
                    (Place::At(_), None) => {}
                }
                Ok(if self.big_endian {
                    word[..size].reverse();
                    u64::from_le_bytes(word)
                } else {
                    u64::from_le_bytes(word)
                })
            })
            .collect()
    }
}

/// Where a value's first byte is in the file; `None` where it is in the directory itself.
fn range(array: &Array, at: u64) -> Result<Option<u64>> {
    if at >= array.count {
        return Err(Error::corrupt(format!(
            "it says where {} chunks are, and there is a chunk {at}",
            array.count
        )));
    }
    Ok(match array.place {
        Place::Inline(_) => None,
        Place::At(start) => Some(start + at * array.size),
    })
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
