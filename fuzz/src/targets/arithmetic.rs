//! Sizes, tiles and bytes, against the same in integers that cannot overflow.

use projectile_core::Grid;

/// Numbers of 8 bytes each: height, width, zoom, column, row, side; and a shape of up to 8 lengths.
pub(super) fn run(bytes: &[u8]) {
    let numbers: Vec<u64> = bytes
        .as_chunks::<8>()
        .0
        .iter()
        .map(|eight| u64::from_le_bytes(*eight))
        .collect();
    if let [height, width, z, x, y, side, ..] = numbers[..] {
        placed(height, width, z as u32, (x, y), side as u32);
    }
    promised(&numbers[..numbers.len().min(8)]);
}

/// A tile that there is covers what its address says.
fn placed(height: u64, width: u64, z: u32, (x, y): (u64, u64), side: u32) {
    let grid = Grid::new(height, width);
    let (height, width) = (height.clamp(1, 1 << 62), width.clamp(1, 1 << 62));
    let Ok(placement) = grid.place(z, x, y, side) else {
        return;
    };
    let cover = 1u128 << (grid.max_zoom() - z);
    let factor = 1u128 << placement.reduction;
    let expected = |tile: u64, length: u64| {
        let length = u128::from(length);
        let start = (u128::from(tile) * cover).min(length.div_ceil(factor) * factor);
        let end = ((u128::from(tile) + 1) * cover).min(length);
        (start / factor, end.saturating_sub(start).div_ceil(factor))
    };
    let region = placement.region;
    assert_eq!(
        (u128::from(region.y), u128::from(region.height)),
        expected(y, height)
    );
    assert_eq!(
        (u128::from(region.x), u128::from(region.width)),
        expected(x, width)
    );
    let (rows, columns) = placement.covered();
    assert!(rows <= side as usize && columns <= side as usize);
}

/// An array takes as many bytes as its shape says, or is refused.
fn promised(shape: &[u64]) {
    let lengths: Vec<String> = shape.iter().map(u64::to_string).collect();
    let literal = format!(
        "{{'descr': '<f8', 'fortran_order': False, 'shape': ({},), }}\n",
        lengths.join(", ")
    );
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    let length = u16::try_from(literal.len()).expect("8 numbers are short");
    file.extend_from_slice(&length.to_le_bytes());
    file.extend_from_slice(literal.as_bytes());
    let bytes = shape
        .iter()
        .try_fold(8u128, |bytes, &size| bytes.checked_mul(size.into()))
        .filter(|&bytes| bytes <= i64::MAX as u128)
        .or(shape.contains(&0).then_some(0));
    let told = projectile_formats::parse_header(file.as_slice()).and_then(|header| header.data_bytes());
    match (told, bytes) {
        (Ok(told), bytes) => assert_eq!(Some(u128::from(told)), bytes, "{shape:?}"),
        // Nothing is refused for its size that a file could hold.
        (Err(error), Some(_)) => assert!(shape.is_empty(), "{shape:?}: {}", error.message()),
        (Err(_), None) => {}
    }
}
