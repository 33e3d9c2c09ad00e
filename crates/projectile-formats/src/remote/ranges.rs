//! Which requests bring the ranges that are wanted: neighbours together, what is long in pieces.

use std::ops::Range;

use bytes::Bytes;
use projectile_core::Result;

use super::blob::{length, short};
use crate::blob::slice;
use crate::sizes::to_usize;

/// Unwanted bytes that cost less than another request does.
pub(crate) const GAP: u64 = 64 << 10;
/// Bytes of one request. More are brought by several at a time.
const PIECE: u64 = 8 << 20;

/// The ranges to ask for, ascending and apart from each other, that hold all of `wanted`.
pub(super) fn pieces(wanted: &[Range<u64>]) -> Vec<Range<u64>> {
    let mut sorted: Vec<&Range<u64>> = wanted.iter().filter(|range| range.start < range.end).collect();
    sorted.sort_by_key(|range| range.start);
    let mut spans: Vec<Range<u64>> = Vec::new();
    for range in sorted {
        match spans.last_mut() {
            Some(last) if range.start <= last.end.saturating_add(GAP) => last.end = last.end.max(range.end),
            _ => spans.push(range.clone()),
        }
    }
    let mut pieces = Vec::new();
    for span in spans {
        // Of equal length, as the last one is waited for.
        let count = length(&span).div_ceil(PIECE).max(1);
        let most = length(&span).div_ceil(count).max(1);
        let starts = (span.start..span.end).step_by(to_usize(most));
        pieces.extend(starts.map(|start| start..start.saturating_add(most).min(span.end)));
    }
    pieces
}

/// The bytes of `range`, which the pieces hold.
///
/// # Errors
/// [`Unavailable`](projectile_core::ErrorKind::Unavailable) where a piece has fewer bytes than it should.
pub(super) fn cut(range: &Range<u64>, pieces: &[Range<u64>], brought: &[Bytes]) -> Result<Bytes> {
    let within = |piece: &Range<u64>, bytes: &Bytes| {
        let start = range.start.saturating_sub(piece.start);
        let end = range.end.min(piece.end).saturating_sub(piece.start);
        slice(bytes, start..end).ok_or_else(short)
    };
    let first = pieces.partition_point(|piece| piece.end <= range.start);
    let held = || {
        pieces
            .iter()
            .zip(brought)
            .skip(first)
            .take_while(|(piece, _)| piece.start < range.end)
    };
    if range.start >= range.end {
        return Ok(Bytes::new());
    }
    if let Some((piece, bytes)) = held().next()
        && piece.end >= range.end
    {
        return within(piece, bytes);
    }
    let mut all = Vec::new();
    for (piece, bytes) in held() {
        all.extend_from_slice(&within(piece, bytes)?);
    }
    Ok(all.into())
}

#[cfg(test)]
#[expect(clippy::single_range_in_vec_init, reason = "ranges are what is listed")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn neighbours_come_together_and_strangers_apart() {
        assert_eq!(pieces(&[0..10, 20..30]), [0..30]);
        assert_eq!(pieces(&[20..30, 0..10, 5..25]), [0..30]);
        assert_eq!(pieces(&[0..10, 10 + GAP..20 + GAP]), [0..20 + GAP]);
        assert_eq!(pieces(&[0..10, 11 + GAP..20 + GAP]), [0..10, 11 + GAP..20 + GAP]);
        assert_eq!(pieces(&[7..7]), []);
        assert_eq!(
            pieces(&[0..PIECE + 2]),
            [0..PIECE / 2 + 1, PIECE / 2 + 1..PIECE + 2]
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn every_range_is_cut_from_what_is_brought(
            wanted in proptest::collection::vec((0u64..40 << 20, 0u64..12 << 20), 0..6),
        ) {
            let wanted: Vec<Range<u64>> = wanted.into_iter().map(|(start, length)| start..start + length).collect();
            let asked = pieces(&wanted);
            for pair in asked.windows(2) {
                prop_assert!(pair[0].end <= pair[1].start);
            }
            prop_assert!(asked.iter().all(|piece| piece.end - piece.start <= PIECE && piece.start < piece.end));
            let byte = |at: u64| (at ^ (at >> 9)) as u8;
            let brought: Vec<Bytes> = asked.iter().map(|piece| piece.clone().map(byte).collect()).collect();
            for range in &wanted {
                let expected: Vec<u8> = range.clone().map(byte).collect();
                prop_assert!(cut(range, &asked, &brought).unwrap() == expected);
            }
        }
    }
}
