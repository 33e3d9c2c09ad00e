//! PNG: 1 to 16 bits, gray, colour, palette, alpha, interlaced; of an animated one its default image.

use std::path::Path;

use png::{BitDepth, ColorType, Decoder, DecodingError, Limits, Transformations};
use projectile_core::{DType, Error, Result};

use crate::decode::input::read_error;
use crate::decode::{Data, Input, Picture, guarded};
use crate::format::{Format, NamedSource};
use crate::open::OpenOptions;
use crate::sizes::{product, to_u64};

pub(crate) struct Png;

/// Deflate cannot do better than this.
const MOST_BYTES_PER_BYTE: u64 = 1032;

/// Memory for text, profiles and the like, apart from the pixels.
const METADATA: usize = 64 << 20;

impl Format for Png {
    fn name(&self) -> &'static str {
        "PNG"
    }

    fn about(&self) -> &'static str {
        "1 to 16 bits, gray, colour, palette, alpha, interlaced; EXIF orientation; of an animation the default image"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["png", "apng"]
    }

    fn sniff(&self, head: &[u8]) -> bool {
        head.starts_with(b"\x89PNG\r\n\x1a\n")
    }

    fn open(&self, path: &Path, options: &OpenOptions) -> Result<Vec<NamedSource>> {
        let input = Input::open(path, options)?;
        guarded(options, || decode(&input)?.into_sources(self.name(), &input))
    }
}

fn decode(input: &Input<'_>) -> Result<Picture> {
    let mut decoder = Decoder::new_with_limits(input.reader()?, Limits { bytes: METADATA });
    // Palettes become colours, small grays take the whole range of a byte, a transparent colour becomes alpha.
    decoder.set_transformations(Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(|e| failed(&e))?;
    let (colours, depth) = reader.output_color_type();
    let info = reader.info();
    let (width, height) = (u64::from(info.width), u64::from(info.height));
    #[expect(clippy::as_conversions, reason = "a depth is numbered by its bits")]
    let stored = format!("{:?}, {} bit", info.color_type, info.bit_depth as u8);
    let (interlaced, frames) = (
        info.interlaced,
        info.animation_control.map(|control| control.num_frames),
    );
    let profile = info.icc_profile.is_some();
    let channels = to_u64(colours.samples());
    let dtype = if depth == BitDepth::Sixteen {
        DType::UInt16
    } else {
        DType::UInt8
    };
    let samples = input.samples(width, height, channels, dtype.size())?;
    let stored_bits = product(&[width, height, to_u64(info.bits_per_pixel())]).unwrap_or(u64::MAX);
    input.plausible(stored_bits / 8, MOST_BYTES_PER_BYTE)?;
    let mut data = Data::zeroed(dtype, samples)?.ok_or_else(|| Error::internal("png's dtypes are known"))?;
    reader.next_frame(data.bytes_mut()).map_err(|e| failed(&e))?;
    if let Data::U16(samples) = &mut data {
        for sample in samples {
            *sample = u16::from_be(*sample);
        }
    }
    // What stands after the pixels (EXIF may) is read as far as it can be: a broken tail harms no pixel.
    let _ = reader.finish();
    let mut picture = Picture::new(data, width, height, channels);
    picture.note("colour type", stored);
    if interlaced {
        picture.note("interlaced", "yes");
    }
    if let Some(frames) = frames {
        picture.note("frames", format!("{frames}, of which the default image is shown"));
    }
    if profile {
        picture.note("ICC profile", "present, not applied");
    }
    let exif = reader.info().exif_metadata.clone();
    picture.orient(exif.as_deref());
    debug_assert!(colours != ColorType::Indexed, "palettes are expanded");
    Ok(picture)
}

fn failed(error: &DecodingError) -> Error {
    match error {
        DecodingError::IoError(error) => read_error(error),
        DecodingError::LimitsExceeded => Error::limit("its metadata is larger than any picture's should be"),
        other => Error::corrupt(format!("cannot be decoded: {other}")),
    }
}
