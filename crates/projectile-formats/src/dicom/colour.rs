//! Colours: YBR to RGB, and palettes.

use projectile_core::{Error, Result, Samples};

use super::tags;
use super::walk::Elements;

/// A pixel of `YBR_FULL` as RGB (PS3.3, C.7.6.3.1.2).
pub(super) fn rgb_of_ybr([y, blue, red]: [u8; 3]) -> [u8; 3] {
    let (y, blue, red) = (f32::from(y), f32::from(blue) - 128.0, f32::from(red) - 128.0);
    [
        y + 1.402 * red,
        y - 0.344_136 * blue - 0.714_136 * red,
        y + 1.772 * blue,
    ]
    .map(|value| {
        #[expect(clippy::as_conversions, reason = "it is clamped to a byte")]
        let byte = value.round().clamp(0.0, 255.0) as u8;
        byte
    })
}

/// Pairs of pixels that share their colour, as single ones: `Y Y Cb Cr` becomes `Y Cb Cr Y Cb Cr`.
pub(super) fn of_pairs(bytes: &[u8]) -> Vec<u8> {
    bytes
        .as_chunks()
        .0
        .iter()
        .flat_map(|&[first, second, blue, red]| [first, blue, red, second, blue, red])
        .collect()
}

/// Colours by number.
#[derive(Clone, Debug)]
pub(super) struct Palette {
    /// The number of the first colour.
    first: i64,
    /// Red, green and blue of each colour.
    colours: Vec<[u16; 3]>,
    /// Whether the colours have 16 bits.
    pub(super) is_wide: bool,
}

impl Palette {
    pub(super) fn of(elements: &Elements) -> Result<Self> {
        let broken = || Error::corrupt("its palette is broken");
        let missing = || Error::unsupported("its palette is missing, or in segments, which are not read");
        let descriptor = elements.words(tags::RED_DESCRIPTOR).unwrap_or_default();
        let &[count, first, bits, ..] = &descriptor[..] else {
            return Err(missing());
        };
        // 0 stands for 65,536, which a word cannot hold.
        let count = match count {
            0 => 1 << 16,
            count => usize::from(count),
        };
        let is_signed = elements.word(tags::PIXEL_REPRESENTATION) == Some(1);
        let first = if is_signed {
            i64::from(first.cast_signed())
        } else {
            i64::from(first)
        };
        let tables = [tags::RED_TABLE, tags::GREEN_TABLE, tags::BLUE_TABLE];
        let mut channels = Vec::new();
        let mut is_wide = bits == 16;
        for tag in tables {
            let bytes = elements.values.get(&tag).ok_or_else(missing)?;
            let words = elements.words(tag).unwrap_or_default();
            channels.push(if words.len() >= count {
                words
            } else if bytes.len() >= count {
                is_wide = false;
                bytes.iter().map(|&byte| u16::from(byte)).collect()
            } else {
                return Err(broken());
            });
        }
        // Some writers keep bytes in the high half of words.
        let is_high = !is_wide && channels.iter().flatten().any(|&value| value > 255);
        let shift = if is_high { 8 } else { 0 };
        let [reds, greens, blues] = &channels[..] else {
            return Err(broken());
        };
        let colours = reds.iter().zip(greens).zip(blues).take(count);
        let colours = colours
            .map(|((red, green), blue)| [red >> shift, green >> shift, blue >> shift])
            .collect();
        Ok(Self {
            first,
            colours,
            is_wide,
        })
    }

    /// Red, green and blue of each number. Numbers outside are of the first or the last colour.
    pub(super) fn colours(&self, numbers: &Samples) -> Result<Samples> {
        let last = self.colours.last().copied().unwrap_or_default();
        let colour = |number: i64| {
            let at = usize::try_from(number.saturating_sub(self.first)).unwrap_or(0);
            self.colours.get(at).copied().unwrap_or(last)
        };
        let found: Vec<[u16; 3]> = match numbers {
            Samples::UInt8(all) => all.as_slice().iter().map(|&n| colour(n.into())).collect(),
            Samples::UInt16(all) => all.as_slice().iter().map(|&n| colour(n.into())).collect(),
            Samples::Int8(all) => all.as_slice().iter().map(|&n| colour(n.into())).collect(),
            Samples::Int16(all) => all.as_slice().iter().map(|&n| colour(n.into())).collect(),
            _ => {
                return Err(Error::unsupported(
                    "a palette of numbers of more than 16 bits is not read",
                ));
            }
        };
        let flat = found.into_iter().flatten();
        Ok(if self.is_wide {
            Samples::UInt16(flat.collect::<Vec<_>>().into())
        } else {
            // Of bytes all that is above them is 0.
            let bytes = flat.map(|value| {
                let [low, _] = value.to_le_bytes();
                low
            });
            Samples::UInt8(bytes.collect::<Vec<_>>().into())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grays_and_colours() {
        assert_eq!(rgb_of_ybr([77, 128, 128]), [77, 77, 77]);
        assert_eq!(rgb_of_ybr([76, 85, 255]), [254, 0, 0]);
        assert_eq!(of_pairs(&[1, 2, 8, 9]), [1, 8, 9, 2, 8, 9]);
    }
}
