//! A chunk at the end of its array, of which less is meant than is stored.

use std::num::NonZeroU64;

use crate::sizes::{to_u64, to_usize};

/// The first `lengths` elements along each axis of an array of this shape, of which `bytes` are all; `None` where they
/// cannot be.
pub(super) fn cropped(bytes: &[u8], shape: &[NonZeroU64], lengths: &[u64]) -> Option<Vec<u8>> {
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
