//! A chunk at the end of its array, of which less is meant than is stored.

/// The first `lengths` elements along each axis, of an array of shape `whole`.
pub(super) fn cropped(bytes: &[u8], whole: &[u64], lengths: &[u64], item: usize) -> Vec<u8> {
    let (Some(&row), Some(&kept)) = (whole.last(), lengths.last()) else {
        return bytes.to_vec();
    };
    let (row, kept) = (row as usize * item, kept as usize * item);
    let outer = &lengths[..lengths.len() - 1];
    let mut out = Vec::with_capacity(outer.iter().product::<u64>() as usize * kept);
    let mut place = vec![0u64; outer.len()];
    loop {
        let at = place
            .iter()
            .zip(whole)
            .fold(0, |at, (index, size)| at * size + index) as usize
            * row;
        out.extend_from_slice(&bytes[at..at + kept]);
        // The next row, as an odometer counts.
        let Some(axis) = (0..place.len()).rev().find(|&axis| place[axis] + 1 < outer[axis]) else {
            return out;
        };
        place[axis] += 1;
        place[axis + 1..].fill(0);
    }
}
