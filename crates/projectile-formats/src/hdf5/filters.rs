//! Filters of chunks: what is undone to read them.

use std::io::Read;
use std::num::NonZeroUsize;

use flate2::read::ZlibDecoder;
use hdf5_pure::Filter;
use projectile_core::{Error, Result};

use crate::decode::shuffle::unshuffle;
use crate::sizes::{to_u64, to_usize};

/// A filter that is read.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Undo {
    Deflate,
    /// The first bytes of all elements, then the second ones, and so on.
    Shuffle(NonZeroUsize),
    /// A checksum after the bytes.
    Fletcher32,
    /// h5py's own.
    Lzf,
}

/// The filters of a dataset, in the order in which they were applied.
#[derive(Clone, Debug, Default)]
pub(super) struct Pipeline(Vec<Undo>);

impl Pipeline {
    /// # Errors
    /// [`Unsupported`](projectile_core::ErrorKind::Unsupported), with the filter's name and how it can be read.
    pub(super) fn new(filters: &[Filter], item: usize) -> Result<Self> {
        let known = |filter: &Filter| {
            Ok(match filter.id {
                1 => Undo::Deflate,
                2 => Undo::Shuffle(
                    filter
                        .client_data
                        .first()
                        .map_or(item, |&size| to_usize(size.into()))
                        .try_into()
                        .unwrap_or(NonZeroUsize::MIN),
                ),
                3 => Undo::Fletcher32,
                32000 => Undo::Lzf,
                id => {
                    let name = filter.name.clone().unwrap_or_else(|| match id {
                        4 => "szip".to_owned(),
                        5 => "nbit".to_owned(),
                        6 => "scale-offset".to_owned(),
                        _ => "a name that the file does not tell".to_owned(),
                    });
                    return Err(Error::unsupported(format!(
                        "its chunks are compressed by {name} (filter {id}); deflate, shuffle, fletcher32 and lzf are \
                         read here: pip install projectile h5py hdf5plugin, then import hdf5plugin and \
                         projectile.show(h5py.File(path)[name])"
                    )));
                }
            })
        };
        filters.iter().map(known).collect::<Result<_>>().map(Self)
    }

    /// The `length` bytes that a chunk was made of; `skipped` has a bit for each filter that was not applied to it.
    /// Whoever calls has made sure that they may be allocated.
    pub(super) fn undo(&self, stored: &[u8], skipped: u32, length: usize) -> Result<Vec<u8>> {
        let mut bytes = stored.to_vec();
        for (at, filter) in self.0.iter().enumerate().rev() {
            if at < 32 && (skipped >> at) & 1 == 1 {
                continue;
            }
            // What is between filters is at most a checksum longer than what comes out.
            let most = length.saturating_add(64);
            bytes = match filter {
                Undo::Deflate => {
                    let mut out = Vec::new();
                    ZlibDecoder::new(bytes.as_slice())
                        .take(to_u64(most))
                        .read_to_end(&mut out)
                        .map_err(|error| Error::corrupt(format!("a broken chunk: {error}")))?;
                    out
                }
                Undo::Shuffle(size) => {
                    let mut out = Vec::new();
                    unshuffle(&bytes, *size, &mut out);
                    out
                }
                Undo::Fletcher32 => checked(bytes)?,
                Undo::Lzf => lzf(&bytes, most)?,
            };
        }
        if bytes.len() == length {
            Ok(bytes)
        } else {
            Err(Error::corrupt(format!(
                "a chunk has {} bytes, {length} were expected",
                bytes.len()
            )))
        }
    }
}

/// The bytes before their checksum, which fits.
fn checked(mut bytes: Vec<u8>) -> Result<Vec<u8>> {
    let (kept, told) = bytes
        .split_last_chunk()
        .ok_or_else(|| Error::corrupt("a chunk is too short"))?;
    let (length, told) = (kept.len(), u32::from_le_bytes(*told));
    bytes.truncate(length);
    if fletcher32(&bytes) == told {
        Ok(bytes)
    } else {
        Err(Error::corrupt("a chunk does not fit its checksum"))
    }
}

/// Fletcher's checksum of big-endian words of two bytes.
#[expect(
    clippy::arithmetic_side_effects,
    reason = "360 words at a time: no sum overflows"
)]
fn fletcher32(bytes: &[u8]) -> u32 {
    let (mut first, mut second) = (0u32, 0u32);
    let fold = |sum: u32| (sum & 0xffff) + (sum >> 16);
    for words in bytes.chunks(720) {
        for word in words.chunks(2) {
            let word = [0, 1].map(|at| word.get(at).copied().unwrap_or(0));
            first += u32::from(u16::from_be_bytes(word));
            second += first;
        }
        (first, second) = (fold(first), fold(second));
    }
    (fold(second) << 16) | fold(first)
}

/// `LibLZF`'s code: runs of bytes, and copies of what came before.
fn lzf(bytes: &[u8], most: usize) -> Result<Vec<u8>> {
    let broken = || Error::corrupt("a broken chunk: no LZF code");
    let mut out: Vec<u8> = Vec::new();
    let mut rest = bytes;
    while let [control, after @ ..] = rest {
        let control = usize::from(*control);
        if control < 32 {
            let (run, after) = after
                .split_at_checked(control.saturating_add(1))
                .ok_or_else(broken)?;
            out.extend_from_slice(run);
            rest = after;
        } else {
            let (more, after) = match (control >> 5, after) {
                (7, [more, after @ ..]) => (usize::from(*more), after),
                (7, []) => return Err(broken()),
                _ => (0, after),
            };
            let (low, after) = after.split_first().ok_or_else(broken)?;
            let back = (((control & 0x1f) << 8) | usize::from(*low)).saturating_add(1);
            let start = out.len().checked_sub(back).ok_or_else(broken)?;
            let length = (control >> 5).saturating_add(more).saturating_add(2);
            for at in (start..).take(length) {
                out.push(*out.get(at).ok_or_else(broken)?);
            }
            rest = after;
        }
        if out.len() > most {
            return Err(broken());
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_fletchers() {
        // Known values of the sum over big-endian words.
        assert_eq!(fletcher32(&[0, 1, 0, 2]), 3 | (4 << 16));
        assert_eq!(fletcher32(&[]), 0);
        assert!(checked(vec![0, 1, 0, 2, 3, 0, 4, 0]).is_ok());
        assert!(checked(vec![0, 1, 0, 3, 3, 0, 4, 0]).is_err());
        assert!(checked(vec![0, 1]).is_err());
    }

    #[test]
    fn lzf_copies_what_came_before() {
        // Three bytes as they are, then five from two before.
        assert_eq!(
            lzf(&[2, 7, 8, 9, 3 << 5, 1], 100).unwrap(),
            [7, 8, 9, 8, 9, 8, 9, 8]
        );
        assert!(lzf(&[2, 7, 8], 100).is_err());
        assert!(lzf(&[3 << 5, 1], 100).is_err());
        assert!(lzf(&[2, 7, 8, 9, 7 << 5, 255, 1], 100).is_err());
    }
}
