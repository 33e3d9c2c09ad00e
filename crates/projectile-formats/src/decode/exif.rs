//! The one fact of EXIF that changes a picture: its orientation.

use crate::sizes::to_usize;

/// The orientation (1 to 8) in a block of EXIF, with or without the `Exif\0\0` that JPEG puts in front. `None` where
/// the block does not say, or is broken: a picture is not refused for its metadata.
pub(crate) fn orientation(exif: &[u8]) -> Option<u8> {
    let tiff = exif.strip_prefix(b"Exif\0\0").unwrap_or(exif);
    let big_endian = match tiff.get(..4)? {
        b"II*\0" => false,
        b"MM\0*" => true,
        _ => return None,
    };
    let word = |bytes: &[u8]| -> Option<u16> {
        let bytes = *bytes.first_chunk()?;
        Some(if big_endian {
            u16::from_be_bytes(bytes)
        } else {
            u16::from_le_bytes(bytes)
        })
    };
    let first = *tiff.get(4..)?.first_chunk()?;
    let first = if big_endian {
        u32::from_be_bytes(first)
    } else {
        u32::from_le_bytes(first)
    };
    let (count, entries) = tiff.get(to_usize(first.into())..)?.split_at_checked(2)?;
    let mut entries = entries.chunks(12).take(word(count)?.into());
    entries.find_map(|entry| {
        // Tag 0x112, type SHORT: the value stands in the entry itself.
        let value =
            (word(entry)? == 0x112 && word(entry.get(2..)?)? == 3).then(|| word(entry.get(8..)?))??;
        u8::try_from(value).ok().filter(|value| (1..=8).contains(value))
    })
}

/// Where the first pixel of an oriented picture stands in the stored one, and how to step from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    /// Rows and columns of the picture as it is meant.
    pub(crate) height: u64,
    pub(crate) width: u64,
    /// Samples from the stored start to the picture's first.
    pub(crate) offset: usize,
    /// Samples to the next row and the next column.
    pub(crate) strides: [isize; 2],
    /// Samples of all of it.
    pub(crate) frame: isize,
}

/// How a picture of these sizes, which is in memory, is turned by an orientation. Every one of the eight is a choice of
/// strides, so no pixel is moved.
#[expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "no memory holds a picture of 2^63 samples"
)]
pub(crate) fn turn(orientation: u8, height: u64, width: u64, channels: u64) -> Turn {
    let (row, pixel) = ((width * channels) as isize, channels as isize);
    let frame = height as isize * row;
    let (last_row, last_column) = (frame - row, row - pixel);
    let (offset, strides) = match orientation {
        2 => (last_column, [row, -pixel]),
        3 => (last_row + last_column, [-row, -pixel]),
        4 => (last_row, [-row, pixel]),
        5 => (0, [pixel, row]),
        6 => (last_row, [pixel, -row]),
        7 => (last_row + last_column, [-pixel, -row]),
        8 => (last_column, [-pixel, row]),
        _ => (0, [row, pixel]),
    };
    let (height, width) = if orientation >= 5 {
        (width, height)
    } else {
        (height, width)
    };
    Turn {
        height,
        width,
        offset: offset as usize,
        strides,
        frame,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_is_found_in_either_byte_order_and_broken_blocks_are_none() {
        let little = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
        let big = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x08\0\0\0\0\0\0";
        assert_eq!(orientation(little), Some(6));
        assert_eq!(orientation(big), Some(8));
        for end in 0..26 {
            assert_eq!(orientation(&little[..end]), None, "{end}");
        }
        assert_eq!(
            orientation(b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x09\0\0\0\0\0\0"),
            None
        );
        assert_eq!(orientation(b"MM\0*\xff\xff\xff\xff"), None);
    }

    #[test]
    fn the_eight_turns_show_what_their_names_say() {
        // 0 1 2
        // 3 4 5
        let shown = |orientation| {
            let turn = turn(orientation, 2, 3, 1);
            let at =
                |y, x| turn.offset as isize + y as isize * turn.strides[0] + x as isize * turn.strides[1];
            (0..turn.height)
                .map(|y| (0..turn.width).map(|x| at(y, x)).collect())
                .collect::<Vec<Vec<_>>>()
        };
        assert_eq!(shown(1), [[0, 1, 2], [3, 4, 5]]);
        assert_eq!(shown(2), [[2, 1, 0], [5, 4, 3]], "mirrored");
        assert_eq!(shown(3), [[5, 4, 3], [2, 1, 0]], "upside down");
        assert_eq!(shown(4), [[3, 4, 5], [0, 1, 2]], "flipped");
        assert_eq!(shown(5), [[0, 3], [1, 4], [2, 5]], "transposed");
        assert_eq!(shown(6), [[3, 0], [4, 1], [5, 2]], "turned clockwise");
        assert_eq!(
            shown(7),
            [[5, 2], [4, 1], [3, 0]],
            "transposed over the other diagonal"
        );
        assert_eq!(shown(8), [[2, 5], [1, 4], [0, 3]], "turned counter-clockwise");
    }
}
