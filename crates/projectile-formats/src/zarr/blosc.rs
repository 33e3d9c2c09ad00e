//! Blosc 1: blocks of split, shuffled and compressed bytes, by the [format] of c-blosc.
//!
//! [format]: https://github.com/Blosc/c-blosc/blob/main/README_CHUNK_FORMAT.rst

use std::num::NonZeroUsize;

use super::codec::{lz4_block, too_much, zlib, zstd};
use crate::decode::shuffle::{bit_unshuffle, unshuffle};
use crate::sizes::{to_u64, to_usize};

/// Elements of at most this many bytes are split, a stream for each of their bytes, …
const MAX_SPLITS: usize = 16;
/// … unless a stream would be shorter than this.
const MIN_STREAM: usize = 128;

#[derive(Clone, Copy, Debug)]
enum Inner {
    BloscLz,
    Lz4,
    Zlib,
    Zstd,
}

/// What was done to a block's bytes before they were compressed.
#[derive(Clone, Copy, Debug)]
enum Shuffle {
    Not,
    Bytes,
    Bits,
}

/// What stands before the blocks.
#[derive(Clone, Copy, Debug)]
struct Header {
    inner: Inner,
    is_stored: bool,
    shuffle: Shuffle,
    may_split: bool,
    element: NonZeroUsize,
    length: usize,
    block: usize,
}

/// The bytes of a compressed buffer: at most `most`.
pub(super) fn decode(packed: &[u8], most: u64) -> Result<Vec<u8>, String> {
    let (header, rest) = header(packed)?;
    if to_u64(header.length) > most {
        return Err(too_much(most));
    }
    if header.is_stored {
        let stored = rest.get(..header.length);
        return stored.map(<[u8]>::to_vec).ok_or_else(cut_short);
    }
    if header.length == 0 {
        return Ok(Vec::new());
    }
    let blocks = header.length.div_ceil(header.block);
    // A block takes four bytes of offset at least, so that what is there bounds how many there can be.
    let offsets = rest.as_chunks::<4>().0.get(..blocks).ok_or_else(cut_short)?;
    let mut bytes = Vec::new();
    for offset in offsets {
        let length = header.block.min(header.length.saturating_sub(bytes.len()));
        let rest = packed.get(number(*offset)..).ok_or_else(cut_short)?;
        block(rest, length, &header, &mut bytes)?;
    }
    Ok(bytes)
}

fn cut_short() -> String {
    "it is cut short".to_owned()
}

fn number(bytes: [u8; 4]) -> usize {
    to_usize(u32::from_le_bytes(bytes).into())
}

/// What stands before the blocks' offsets, and the rest.
fn header(packed: &[u8]) -> Result<(Header, &[u8]), String> {
    let (head, rest) = packed.split_first_chunk::<16>().ok_or_else(cut_short)?;
    let (&[[version, _, flags, element], length, block, _], _) = head.as_chunks::<4>() else {
        return Err(cut_short());
    };
    if !(1..=2).contains(&version) {
        return Err(format!("version {version} of its format, where 1 and 2 are read"));
    }
    let empty = || "blocks or elements of no bytes".to_owned();
    let inner = match flags >> 5 {
        0 => Inner::BloscLz,
        1 => Inner::Lz4,
        3 => Inner::Zlib,
        4 => Inner::Zstd,
        2 => return Err("Snappy inside of Blosc is not read".to_owned()),
        other => return Err(format!("compressor {other} inside of it is unknown")),
    };
    let header = Header {
        inner,
        shuffle: match flags & 5 {
            0 => Shuffle::Not,
            4 => Shuffle::Bits,
            _ => Shuffle::Bytes,
        },
        is_stored: flags & 2 != 0,
        may_split: flags & 0x10 == 0,
        element: NonZeroUsize::new(element.into()).ok_or_else(empty)?,
        length: number(length),
        block: number(block),
    };
    if header.block == 0 && header.length > 0 && !header.is_stored {
        return Err(empty());
    }
    Ok((header, rest))
}

/// Appends a block of `length` bytes, which begins at the beginning of `packed`.
fn block(packed: &[u8], length: usize, header: &Header, out: &mut Vec<u8>) -> Result<(), String> {
    let Header { element, .. } = *header;
    let is_split = header.may_split
        && element.get() <= MAX_SPLITS
        && header.block / element >= MIN_STREAM
        && length == header.block;
    let streams = if is_split { element } else { NonZeroUsize::MIN };
    let each = length / streams;
    let mut rest = packed;
    let mut streamed = Vec::new();
    for _ in 0..streams.get() {
        let (size, after) = rest.split_first_chunk::<4>().ok_or_else(cut_short)?;
        let (stream, after) = after.split_at_checked(number(*size)).ok_or_else(cut_short)?;
        rest = after;
        if stream.len() == each {
            streamed.extend_from_slice(stream);
            continue;
        }
        let decoded = match header.inner {
            Inner::BloscLz => blosclz(stream, each)?,
            Inner::Lz4 => lz4_block(stream, each)?,
            Inner::Zlib => zlib(stream, each)?,
            Inner::Zstd => zstd(stream, each)?,
        };
        if decoded.len() != each {
            return Err(cut_short());
        }
        if streams == NonZeroUsize::MIN {
            streamed = decoded;
        } else {
            streamed.extend_from_slice(&decoded);
        }
    }
    if streamed.len() != length {
        return Err("streams that do not make a block".to_owned());
    }
    match header.shuffle {
        Shuffle::Bytes if element.get() > 1 => unshuffle(&streamed, element, out),
        Shuffle::Bits if length >= element.get() && (length / element).is_multiple_of(8) => {
            bit_unshuffle(&streamed, element, out);
        }
        _ => out.extend_from_slice(&streamed),
    }
    Ok(())
}

/// `BloscLZ`, a Lempel–Ziv of bytes: runs of literals, and matches further back.
fn blosclz(packed: &[u8], length: usize) -> Result<Vec<u8>, String> {
    /// What is farther away is said by two more bytes.
    const NEAR: usize = 8191;
    let broken = || "a match or literal that leads out of its block".to_owned();
    let mut rest = packed;
    let next = |rest: &mut &[u8]| -> Result<u8, String> {
        let (first, after) = rest.split_first().ok_or_else(cut_short)?;
        *rest = after;
        Ok(*first)
    };
    let mut out: Vec<u8> = Vec::new();
    let mut control = next(&mut rest)? & 31;
    loop {
        if control < 32 {
            // One more than the number says.
            let count = usize::from(control).saturating_add(1);
            let (literals, after) = rest.split_at_checked(count).ok_or_else(cut_short)?;
            out.extend_from_slice(literals);
            rest = after;
        } else {
            let (said, far) = (control >> 5, control & 31);
            // Two more than the numbers say; one too great for `usize` is too great for a block.
            let mut count = usize::from(said).saturating_add(2);
            if said == 7 {
                loop {
                    let more = next(&mut rest)?;
                    count = count.saturating_add(more.into());
                    if more != 255 {
                        break;
                    }
                }
            }
            let mut distance = u16::from_be_bytes([far, next(&mut rest)?]).into();
            if distance == NEAR {
                let farther = u16::from_be_bytes([next(&mut rest)?, next(&mut rest)?]);
                distance = NEAR.saturating_add(farther.into());
            }
            let from = out.len().checked_sub(distance).and_then(|at| at.checked_sub(1));
            let end = out.len().checked_add(count).filter(|end| *end <= length);
            let (from, end) = from.zip(end).ok_or_else(broken)?;
            // A match may reach into what it makes itself, which then repeats: twice as much of it is there each time.
            while let Some(left) = end.checked_sub(out.len()).filter(|left| *left > 0) {
                let most = from.saturating_add(left).min(out.len());
                out.extend_from_within(from..most);
            }
        }
        if out.len() > length {
            return Err(broken());
        }
        if rest.is_empty() {
            return Ok(out);
        }
        control = next(&mut rest)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn matches_reach_back() {
        // Three literals, then a match of 10 bytes three back.
        assert_eq!(
            blosclz(&[2, b'a', b'b', b'c', 0xe0, 1, 2], 13).unwrap(),
            b"abcabcabcabca"
        );
        assert!(blosclz(&[2, b'a', b'b', b'c', 0xe0, 1, 3], 13).is_err());
        assert!(blosclz(&[2, b'a', b'b', b'c', 0xe0, 1, 2], 12).is_err());
        assert!(blosclz(&[2, b'a'], 13).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_panic(mut bytes in proptest::collection::vec(any::<u8>(), 16..400)) {
            bytes[0] = 2;
            (bytes[6], bytes[7], bytes[10], bytes[11]) = (0, 0, 0, 0);
            if let Ok(decoded) = decode(&bytes, 1 << 16) {
                prop_assert!(decoded.len() <= 1 << 16);
            }
        }
    }
}
