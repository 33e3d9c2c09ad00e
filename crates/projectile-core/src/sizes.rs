//! Numbers that files tell as lengths in memory, and back: conversions that say what becomes of what does not fit.

/// A length in memory as a number of a file: no machine has longer ones.
#[expect(
    clippy::as_conversions,
    reason = "`usize` has at most 64 bits, and `From` does not know it"
)]
pub const fn to_u64(length: usize) -> u64 {
    length as u64
}

/// A number of a file as a length in memory. One beyond all memory becomes the greatest there is: no slice goes so far,
/// and what allocates fallibly is refused.
pub fn to_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Elements of an array of this shape, its `sizes` along each axis; `None` where they are 2⁶⁴ or more.
pub fn product<'a>(sizes: impl IntoIterator<Item = &'a u64>) -> Option<u64> {
    sizes
        .into_iter()
        .try_fold(1u64, |product, &size| product.checked_mul(size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_told_or_goes_nowhere() {
        assert_eq!(to_usize(to_u64(usize::MAX)), usize::MAX);
        assert_eq!([1u8, 2].get(to_usize(u64::MAX)), None);
        assert_eq!(product(&[1 << 31, 1 << 32]), Some(1 << 63));
        assert_eq!(product(&[1 << 32, 1 << 32]), None);
        assert_eq!(product(&[]), Some(1));
    }
}
