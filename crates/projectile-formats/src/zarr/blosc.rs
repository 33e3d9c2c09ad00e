//! Blosc 1: blocks of split, shuffled and compressed bytes, by the [format] of c-blosc.
//!
//! [format]: https://github.com/Blosc/c-blosc/blob/main/README_CHUNK_FORMAT.rst

use super::codec::{lz4_block, too_much, zlib, zstd};

/// Bytes before the blocks' offsets.
const HEADER: usize = 16;
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
    element: usize,
    length: usize,
    block: usize,
}

/// The bytes of a compressed buffer: at most `most`.
pub(super) fn decode(packed: &[u8], most: u64) -> Result<Vec<u8>, String> {
    let header = header(packed)?;
    if header.length as u64 > most {
        return Err(too_much(most));
    }
    if header.is_stored {
        let stored = packed.get(HEADER..HEADER + header.length);
        return stored.map(<[u8]>::to_vec).ok_or_else(cut_short);
    }
    if header.length == 0 {
        return Ok(Vec::new());
    }
    let blocks = header.length.div_ceil(header.block);
    // A block takes four bytes of offset at least, so that what is there bounds how many there can be.
    let offsets = packed
        .get(HEADER..)
        .and_then(|rest| rest.get(..blocks.checked_mul(4)?));
    let offsets = offsets.ok_or_else(cut_short)?;
    let mut bytes = Vec::new();
    for (number, offset) in offsets.chunks_exact(4).enumerate() {
        let length = header.block.min(header.length - number * header.block);
        let rest = packed.get(word(offset)..).ok_or_else(cut_short)?;
        block(rest, length, &header, &mut bytes)?;
    }
    Ok(bytes)
}

fn cut_short() -> String {
    "it is cut short".to_owned()
}

fn word(bytes: &[u8]) -> usize {
    bytes
        .first_chunk()
        .map_or(0, |word| u32::from_le_bytes(*word) as usize)
}

fn header(packed: &[u8]) -> Result<Header, String> {
    let head = packed.get(..HEADER).ok_or_else(cut_short)?;
    let (version, flags) = (head[0], head[2]);
    if !(1..=2).contains(&version) {
        return Err(format!("version {version} of its format, where 1 and 2 are read"));
    }
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
        element: usize::from(head[3]),
        length: word(&head[4..8]),
        block: word(&head[8..12]),
    };
    if header.element == 0 || (header.block == 0 && header.length > 0 && !header.is_stored) {
        return Err("blocks or elements of no bytes".to_owned());
    }
    Ok(header)
}

/// Appends a block of `length` bytes, which begins at the beginning of `packed`.
fn block(packed: &[u8], length: usize, header: &Header, out: &mut Vec<u8>) -> Result<(), String> {
    let Header { element, .. } = *header;
    let is_split = header.may_split
        && element <= MAX_SPLITS
        && header.block / element >= MIN_STREAM
        && length == header.block;
    let streams = if is_split { element } else { 1 };
    let each = length / streams;
    let mut rest = packed;
    let mut streamed = Vec::new();
    for _ in 0..streams {
        let (size, after) = rest.split_first_chunk::<4>().ok_or_else(cut_short)?;
        let (stream, after) = after.split_at_checked(word(size)).ok_or_else(cut_short)?;
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
        if streams == 1 {
            streamed = decoded;
        } else {
            streamed.extend_from_slice(&decoded);
        }
    }
    if streamed.len() != length {
        return Err("streams that do not make a block".to_owned());
    }
    match header.shuffle {
        Shuffle::Bytes if element > 1 => unshuffle(&streamed, element, out),
        Shuffle::Bits if length >= element && (length / element).is_multiple_of(8) => {
            bit_unshuffle(&streamed, element, out);
        }
        _ => out.extend_from_slice(&streamed),
    }
    Ok(())
}

/// Appends elements of which all first bytes came first, then all second ones, …; what is no whole element stays.
fn unshuffle(bytes: &[u8], element: usize, out: &mut Vec<u8>) {
    match element {
        2 => unshuffle_by::<2>(bytes, out),
        4 => unshuffle_by::<4>(bytes, out),
        8 => unshuffle_by::<8>(bytes, out),
        16 => unshuffle_by::<16>(bytes, out),
        _ => {
            let count = bytes.len() / element;
            for at in 0..count {
                out.extend((0..element).map(|byte| bytes[byte * count + at]));
            }
            out.extend_from_slice(&bytes[count * element..]);
        }
    }
}

fn unshuffle_by<const N: usize>(bytes: &[u8], out: &mut Vec<u8>) {
    let count = bytes.len() / N;
    let planes: [&[u8]; N] = std::array::from_fn(|byte| &bytes[byte * count..(byte + 1) * count]);
    let start = out.len();
    out.resize(start + count * N, 0);
    for (at, whole) in out[start..].as_chunks_mut::<N>().0.iter_mut().enumerate() {
        for (byte, plane) in whole.iter_mut().zip(&planes) {
            *byte = plane[at];
        }
    }
    out.extend_from_slice(&bytes[count * N..]);
}

/// Appends elements, a multiple of 8 of them, of which all first bits came first, then all second ones, ….
fn bit_unshuffle(bytes: &[u8], element: usize, out: &mut Vec<u8>) {
    let count = bytes.len() / element;
    let row = count / 8;
    let start = out.len();
    out.resize(start + bytes.len(), 0);
    let whole = &mut out[start..];
    for byte in 0..element {
        let rows = &bytes[byte * count..(byte + 1) * count];
        for group in 0..row {
            let bits: [u8; 8] = std::array::from_fn(|bit| rows[bit * row + group]);
            let turned = transposed(u64::from_le_bytes(bits)).to_le_bytes();
            for (at, value) in turned.into_iter().enumerate() {
                whole[(group * 8 + at) * element + byte] = value;
            }
        }
    }
    whole[count * element..].copy_from_slice(&bytes[count * element..]);
}

/// The transpose of 8 × 8 bits, by swapping ever greater squares of them.
fn transposed(bits: u64) -> u64 {
    let swap = |bits: u64, mask: u64, by: u32| {
        let moved = (bits ^ (bits >> by)) & mask;
        bits ^ moved ^ (moved << by)
    };
    let bits = swap(bits, 0x00aa_00aa_00aa_00aa, 7);
    let bits = swap(bits, 0x0000_cccc_0000_cccc, 14);
    swap(bits, 0x0000_0000_f0f0_f0f0, 28)
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
            let count = usize::from(control) + 1;
            let (literals, after) = rest.split_at_checked(count).ok_or_else(cut_short)?;
            out.extend_from_slice(literals);
            rest = after;
        } else {
            let mut count = usize::from(control >> 5) + 2;
            let far = usize::from(control & 31) << 8;
            if count == 7 + 2 {
                loop {
                    let more = next(&mut rest)?;
                    count += usize::from(more);
                    if more != 255 {
                        break;
                    }
                }
            }
            let near = usize::from(next(&mut rest)?);
            let mut distance = far + near + 1;
            if near == 255 && far == 31 << 8 {
                let high = usize::from(next(&mut rest)?);
                let low = usize::from(next(&mut rest)?);
                distance = (high << 8) + low + NEAR + 1;
            }
            if out.len() + count > length {
                return Err(broken());
            }
            let mut from = out.len().checked_sub(distance).ok_or_else(broken)?;
            let mut left = count;
            // A match may reach into what it makes itself.
            while left > 0 {
                let piece = left.min(out.len() - from);
                out.extend_from_within(from..from + piece);
                from += piece;
                left -= piece;
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
    fn bits_are_transposed() {
        for from in 0..64u64 {
            let (row, column) = (from / 8, from % 8);
            assert_eq!(transposed(1 << from), 1 << (column * 8 + row));
        }
    }

    #[test]
    fn shuffles_are_undone() {
        for element in [2, 3, 4, 8, 16, 17] {
            let bytes: Vec<u8> = (0..=element * 24).map(|i| (i * 37 % 251) as u8).collect();
            let count = bytes.len() / element;
            let mut shuffled: Vec<u8> = (0..element)
                .flat_map(|byte| (0..count).map(move |at| at * element + byte))
                .map(|at| bytes[at])
                .collect();
            shuffled.extend(&bytes[count * element..]);
            let mut out = vec![9];
            unshuffle(&shuffled, element, &mut out);
            assert_eq!(&out[1..], bytes, "{element}");
        }
        // Elements of one byte that count: bit 0 is 01010101, …
        let mut out = Vec::new();
        bit_unshuffle(&[0xaa, 0xcc, 0xf0, 0, 0, 0, 0, 0], 1, &mut out);
        assert_eq!(out, [0, 1, 2, 3, 4, 5, 6, 7]);
    }

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
