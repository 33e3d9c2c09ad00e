//! The one fact of EXIF that changes a picture: its orientation.

/// The orientation (1 to 8) in a block of EXIF, with or without the `Exif\0\0` that JPEG puts in front. `None` where
/// the block does not say, or is broken: a picture is not refused for its metadata.
pub(crate) fn orientation(exif: &[u8]) -> Option<u8> {
    let tiff = exif.strip_prefix(b"Exif\0\0").unwrap_or(exif);
    let big_endian = match tiff.get(..4)? {
        b"II*\0" => false,
        b"MM\0*" => true,
        _ => return None,
    };
    let u16_at = |at: usize| -> Option<u16> {
        let bytes = <[u8; 2]>::try_from(tiff.get(at..at.checked_add(2)?)?).ok()?;
        Some(if big_endian {
            u16::from_be_bytes(bytes)
        } else {
            u16::from_le_bytes(bytes)
        })
    };
    let u32_at = |at: usize| -> Option<u32> {
        let bytes = <[u8; 4]>::try_from(tiff.get(at..at.checked_add(4)?)?).ok()?;
        Some(if big_endian {
            u32::from_be_bytes(bytes)
        } else {
            u32::from_le_bytes(bytes)
        })
    };
    let first = u32_at(4)? as usize;
    (0..usize::from(u16_at(first)?)).find_map(|i| {
        let entry = first + 2 + i * 12;
        // Tag 0x112, type SHORT: the value stands in the entry itself.
        let value = (u16_at(entry)? == 0x112 && u16_at(entry + 2)? == 3).then(|| u16_at(entry + 8))??;
        u8::try_from(value).ok().filter(|value| (1..=8).contains(value))
    })
}

/// Where the first pixel of an oriented picture stands in the stored one, and how to step from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    /// Rows and columns of the picture as it is meant.
    pub(crate) height: u64,
    pub(crate) width: u64,
    /// Pixels from the stored start to the picture's first.
    pub(crate) offset: usize,
    /// Pixels to the next row and the next column.
    pub(crate) strides: [isize; 2],
}

/// How a stored picture of these sizes is turned by an orientation. Every one of the eight is a choice of strides, so
/// no pixel is moved.
pub(crate) fn turn(orientation: u8, height: u64, width: u64) -> Turn {
    let (h, w) = (height as isize, width as isize);
    let (last_row, last_column) = ((h - 1) * w, w - 1);
    let (offset, strides) = match orientation {
        2 => (last_column, [w, -1]),
        3 => (last_row + last_column, [-w, -1]),
        4 => (last_row, [-w, 1]),
        5 => (0, [1, w]),
        6 => (last_row, [1, -w]),
        7 => (last_row + last_column, [-1, -w]),
        8 => (last_column, [-1, w]),
        _ => (0, [w, 1]),
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
            let turn = turn(orientation, 2, 3);
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
