//! JPEG 2000: JP2 files and bare codestreams, to 16 bits and beyond.

use std::path::Path;

use hayro_jpeg2000::{ColorSpace, ComponentData, DecodeSettings, DecoderContext, Image};
use projectile_core::{DType, Error, Result};

use crate::decode::data::most_of;
use crate::decode::{Data, Input, Picture, guarded};
use crate::format::{Format, NamedSource};
use crate::open::OpenOptions;
use crate::sizes::{product, to_u64, to_usize};
use crate::tiff::colour::rgb_of_inks;

pub(crate) struct Jpeg2000;

/// Blocks of which nothing is stored are all zeros, any number of them; a file of nothing else is not unfolded.
const MOST_PIXELS_PER_BYTE: u64 = 65_536;

impl Format for Jpeg2000 {
    fn name(&self) -> &'static str {
        "JPEG 2000"
    }

    fn about(&self) -> &'static str {
        "JP2 files and bare codestreams, lossy and lossless, 1 to 16 bits, palette, alpha"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["jp2", "j2k", "j2c", "jpc", "jpf", "jpx"]
    }

    fn sniff(&self, head: &[u8]) -> bool {
        head.starts_with(b"\0\0\0\x0cjP  \r\n\x87\n") || head.starts_with(&[0xff, 0x4f, 0xff, 0x51])
    }

    fn open(&self, path: &Path, options: &OpenOptions) -> Result<Vec<NamedSource>> {
        let input = Input::open(path, options)?;
        guarded(options, || decode(&input)?.into_sources(self.name(), &input))
    }
}

fn decode(input: &Input<'_>) -> Result<Picture> {
    let bytes = input.bytes()?;
    let failed = |error| Error::corrupt(format!("cannot be decoded (it may be truncated): {error}"));
    // Without it, what is missing of a truncated file is made up.
    let settings = DecodeSettings {
        strict: true,
        ..DecodeSettings::default()
    };
    let image = Image::new(&bytes, &settings).map_err(failed)?;
    let (width, height) = (u64::from(image.width()), u64::from(image.height()));
    let colours = u64::from(image.color_space().num_channels());
    let channels = colours.saturating_add(u64::from(image.has_alpha()));
    // The decoder works in float32, a plane a channel.
    input.samples(width, height, channels, 4)?;
    input.plausible_sizes(&[width, height], MOST_PIXELS_PER_BYTE)?;
    check_end(&bytes)?;
    let mut context = DecoderContext::default();
    let decoded = image.decode(&mut context).map_err(failed)?;
    let components = decoded.components();
    let depth = components.iter().map(ComponentData::bit_depth).max().unwrap_or(0);
    let most = |depth: u8| {
        most_of(depth).ok_or_else(|| Error::unsupported(format!("JPEG 2000 of {depth} bits is not read")))
    };
    // Bits below a byte take its whole range, as PIL's do.
    let full = f32::from(most(depth)?.max(255));
    let dtype = if depth > 8 { DType::UInt16 } else { DType::UInt8 };
    let count = components.len();
    let samples = input.samples(width, height, to_u64(count), dtype.size())?;
    let mut data = Data::zeroed(dtype, samples)?.ok_or_else(|| Error::internal("these dtypes are known"))?;
    for (c, component) in components.iter().enumerate() {
        let values = component.samples();
        if Some(to_u64(values.len())) != product(&[width, height]) {
            return Err(Error::unsupported(
                "JPEG 2000 with subsampled components is not read",
            ));
        }
        let top = f32::from(most(component.bit_depth())?);
        let scale = if depth < 8 || component.bit_depth() != depth {
            full / top
        } else {
            1.0
        };
        let whole = |value: f32| (value.clamp(0.0, top) * scale).round();
        match &mut data {
            #[expect(clippy::as_conversions, reason = "none is above 255")]
            Data::U8(to) => {
                to.iter_mut()
                    .skip(c)
                    .step_by(count)
                    .zip(values)
                    .for_each(|(to, &v)| *to = whole(v) as u8);
            }
            #[expect(clippy::as_conversions, reason = "none is above 65535")]
            Data::U16(to) => {
                to.iter_mut()
                    .skip(c)
                    .step_by(count)
                    .zip(values)
                    .for_each(|(to, &v)| *to = whole(v) as u16);
            }
            _ => return Err(Error::internal("samples are bytes or words")),
        }
    }
    let mut channels = to_u64(count);
    if let (ColorSpace::CMYK, 4, true) = (image.color_space(), channels, are_inks(&bytes)) {
        channels = 3;
        data = match data {
            Data::U8(inks) => Data::U8(rgb_of_inks(inks, 255)),
            Data::U16(inks) => Data::U16(rgb_of_inks(inks, 65535)),
            other => other,
        };
    }
    let mut picture = Picture::new(data, width, height, channels);
    picture.note("bit depth", depth);
    if matches!(image.color_space(), ColorSpace::Icc { .. }) {
        picture.note("ICC profile", "present, not applied");
    }
    Ok(picture)
}

/// Whether a JP2 file says that its channels are inks: CMYK and YCCK have the numbers 12 and 13 (ISO/IEC 15444-2,
/// M.11.7.3). The decoder takes any four of which nothing is said for them; as in PIL, the last one is alpha.
fn are_inks(bytes: &[u8]) -> bool {
    boxes(bytes)
        .filter(|(kind, _)| *kind == b"jp2h")
        .flat_map(|(_, header)| boxes(header))
        .any(|(kind, content)| kind == b"colr" && matches!(content, [1, _, _, 0, 0, 0, 12 | 13, ..]))
}

/// Boxes that follow one another, up to one that is broken: what kind they are, and what they hold.
fn boxes(mut bytes: &[u8]) -> impl Iterator<Item = (&[u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let (length, rest) = bytes.split_first_chunk()?;
        let (kind, rest) = rest.split_first_chunk()?;
        let (length, rest) = match u32::from_be_bytes(*length) {
            0 => (rest.len(), rest),
            1 => {
                let (length, rest) = rest.split_first_chunk()?;
                (to_usize(u64::from_be_bytes(*length)).checked_sub(16)?, rest)
            }
            length => (to_usize(length.into()).checked_sub(8)?, rest),
        };
        let (content, after) = rest.split_at_checked(length)?;
        bytes = after;
        Some((kind, content))
    })
}

/// A codestream ends with a marker; one that does not was cut, and the decoder would fill up what is missing.
fn check_end(bytes: &[u8]) -> Result<()> {
    let mut tail = bytes.windows(2).rev().take(4095);
    if tail.any(|pair| pair == [0xff, 0xd9]) {
        Ok(())
    } else {
        Err(crate::decode::input::truncated())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_says_so_has_inks() {
        let of = |kind: &[u8; 4], content: &[u8]| {
            let length = u32::try_from(content.len() + 8).unwrap();
            [&length.to_be_bytes(), &kind[..], content].concat()
        };
        let file = |space: u8| {
            let header = [of(b"ihdr", &[0; 14]), of(b"colr", &[1, 0, 0, 0, 0, 0, space])].concat();
            [
                of(b"ftyp", b"jp2 "),
                of(b"jp2h", &header),
                of(b"jp2c", &[0xff, 0x4f]),
            ]
            .concat()
        };
        assert_eq!(
            [12, 13, 16, 18].map(|space| are_inks(&file(space))),
            [true, true, false, false]
        );
        assert!(!are_inks(&[0xff, 0x4f, 0xff, 0x51, 0, 0, 0, 0, 0]));
        let whole = file(12);
        for end in 0..whole.len() {
            are_inks(&whole[..end]);
        }
    }
}
