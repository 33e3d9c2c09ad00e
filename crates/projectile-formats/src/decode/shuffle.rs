//! Bytes and bits of elements, from where they were shuffled to back together: what packs well is what lies together.

use std::num::NonZeroUsize;

/// Appends elements of which all first bytes came first, then all second ones, …; what is no whole element stays.
pub(crate) fn unshuffle(bytes: &[u8], element: NonZeroUsize, out: &mut Vec<u8>) {
    match element.get() {
        1 => out.extend_from_slice(bytes),
        2 => unshuffle_by::<2>(bytes, out),
        4 => unshuffle_by::<4>(bytes, out),
        8 => unshuffle_by::<8>(bytes, out),
        16 => unshuffle_by::<16>(bytes, out),
        element => {
            let elements = bytes.chunks_exact(element);
            let count = elements.len();
            for at in 0..count {
                out.extend(bytes.iter().skip(at).step_by(count).take(element));
            }
            out.extend_from_slice(elements.remainder());
        }
    }
}

#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a plane has a byte of each of the `count` elements, of `N` bytes each"
)]
fn unshuffle_by<const N: usize>(bytes: &[u8], out: &mut Vec<u8>) {
    let count = bytes.as_chunks::<N>().0.len();
    let planes: [&[u8]; N] = std::array::from_fn(|byte| &bytes[byte * count..][..count]);
    let start = out.len();
    // What is no whole element stays where it is.
    out.extend_from_slice(bytes);
    let (_, elements) = out.split_at_mut(start);
    for (at, element) in elements.as_chunks_mut::<N>().0.iter_mut().enumerate() {
        for (byte, plane) in element.iter_mut().zip(&planes) {
            *byte = plane[at];
        }
    }
}

/// Appends elements, a multiple of 8 of them, of which all first bits came first, then all second ones, ….
#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "`bytes`, and what `out` grows by, are `element` × `count` bytes and less than an element more"
)]
pub(crate) fn bit_unshuffle(bytes: &[u8], element: NonZeroUsize, out: &mut Vec<u8>) {
    let count = bytes.len() / element;
    let row = count / 8;
    let start = out.len();
    // What is no whole element stays where it is.
    out.extend_from_slice(bytes);
    if count == 0 {
        return;
    }
    let whole = &mut out[start..];
    for byte in 0..element.get() {
        let rows = &bytes[byte * count..(byte + 1) * count];
        for group in 0..row {
            let bits: [u8; 8] = std::array::from_fn(|bit| rows[bit * row + group]);
            let turned = transposed(u64::from_le_bytes(bits)).to_le_bytes();
            for (at, value) in turned.into_iter().enumerate() {
                whole[(group * 8 + at) * element.get() + byte] = value;
            }
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_transposed() {
        for from in 0..64u64 {
            let (row, column) = (from / 8, from % 8);
            assert_eq!(transposed(1 << from), 1 << (column * 8 + row));
        }
    }

    #[test]
    fn shuffles_are_undone() {
        for element in [1, 2, 3, 4, 8, 16, 17] {
            let bytes: Vec<u8> = (0..=element * 24).map(|i| (i * 37 % 251) as u8).collect();
            let count = bytes.len() / element;
            let mut shuffled: Vec<u8> = (0..element)
                .flat_map(|byte| (0..count).map(move |at| at * element + byte))
                .map(|at| bytes[at])
                .collect();
            shuffled.extend(&bytes[count * element..]);
            let mut out = vec![9];
            unshuffle(&shuffled, NonZeroUsize::new(element).unwrap(), &mut out);
            assert_eq!(&out[1..], bytes, "{element}");
        }
        // A file may tell a size beyond all that there is: then nothing was moved.
        let mut out = Vec::new();
        unshuffle(&[1, 2], NonZeroUsize::MAX, &mut out);
        assert_eq!(out, [1, 2]);
        // Elements of one byte that count: bit 0 is 01010101, …
        let mut out = Vec::new();
        bit_unshuffle(&[0xaa, 0xcc, 0xf0, 0, 0, 0, 0, 0], NonZeroUsize::MIN, &mut out);
        assert_eq!(out, [0, 1, 2, 3, 4, 5, 6, 7]);
    }
}
