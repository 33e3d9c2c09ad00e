//! Chunks at the ends of their array, which are stored whole: less is meant of them.

use std::borrow::Cow;
use std::num::NonZeroU64;

use projectile_core::{Error, Result};

use super::blocks::Block;
use crate::sizes::{to_u64, to_usize};

/// The bytes of a block, of the chunk that it is in, which has so many elements along each axis; `None` where these cannot
/// be its bytes.
pub(crate) fn of_block<'a>(
    whole: Cow<'a, [u8]>,
    chunk: &[NonZeroU64],
    block: &Block,
) -> Option<Cow<'a, [u8]>> {
    if block.lengths().eq(chunk.iter().map(|length| length.get())) {
        return Some(whole);
    }
    let lengths: Vec<u64> = block.lengths().collect();
    cropped(&whole, chunk, &lengths).map(Cow::Owned)
}

/// The sizes of chunks, or of what they are put together in.
///
/// # Errors
/// [`Corrupt`](projectile_core::ErrorKind::Corrupt) where one is 0.
pub(crate) fn non_zero(sizes: &[u64]) -> Result<Vec<NonZeroU64>> {
    let sizes = sizes.iter().map(|&size| NonZeroU64::new(size));
    sizes
        .collect::<Option<_>>()
        .ok_or_else(|| Error::corrupt("chunks of no elements"))
}

/// The first `lengths` elements along each axis of an array of this shape, of which `bytes` are all; `None` where they
/// cannot be.
fn cropped(bytes: &[u8], shape: &[NonZeroU64], lengths: &[u64]) -> Option<Vec<u8>> {
    let meant: usize = shape
        .iter()
        .zip(lengths)
        .fold(bytes.len(), |left, (size, length)| {
            to_usize(to_u64(left).saturating_mul(*length).div_ceil(size.get()))
        });
    let mut out = Vec::with_capacity(meant.min(bytes.len()));
    append(bytes, shape, lengths, &mut out)?;
    Some(out)
}

fn append(bytes: &[u8], shape: &[NonZeroU64], lengths: &[u64], out: &mut Vec<u8>) -> Option<()> {
    let (Some((size, inner)), Some((length, rest))) = (shape.split_first(), lengths.split_first()) else {
        out.extend_from_slice(bytes);
        return Some(());
    };
    let each = bytes.len().checked_div(usize::try_from(size.get()).ok()?)?;
    let kept = bytes.get(..each.checked_mul(usize::try_from(*length).ok()?)?)?;
    if inner.is_empty() {
        out.extend_from_slice(kept);
        return Some(());
    }
    let mut parts = (each > 0).then(|| kept.chunks_exact(each))?;
    parts.try_for_each(|part| append(part, inner, rest, out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_cut_out_of_chunks() {
        let (chunk, shape) = ((0..24).collect::<Vec<u8>>(), non_zero(&[2, 3, 4]).unwrap());
        let cut = |block: &Block| of_block(Cow::Borrowed(&chunk), &shape, block).unwrap();
        let whole = Block(vec![0..2, 3..6, 8..12]);
        assert_eq!(cut(&whole), &chunk[..]);
        let edge = Block(vec![2..3, 3..5, 8..11]);
        assert_eq!(&cut(&edge)[..], [0, 1, 2, 4, 5, 6]);
    }

    #[test]
    fn what_is_meant_is_cut_out_of_every_axis() {
        let shape = [2, 3, 4].map(|size| NonZeroU64::new(size).unwrap());
        let bytes: Vec<u8> = (0..48).collect();
        let cut = cropped(&bytes, &shape, &[2, 1, 2]).unwrap();
        assert_eq!(cut, [0, 1, 2, 3, 24, 25, 26, 27]);
        assert_eq!(cropped(&bytes, &shape, &[2, 3, 4]).unwrap(), bytes);
        assert_eq!(cropped(&bytes, &shape, &[2, 3, 5]), None);
        assert_eq!(cropped(&[1], &shape, &[1, 1, 1]), None);
    }
}
