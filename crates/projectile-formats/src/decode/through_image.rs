//! The small formats that the `image` crate decodes, each with one line of facts in a file of its own.

use std::path::Path;

use image::error::{ImageError, LimitErrorKind};
use image::{ColorType, ImageDecoder};
use projectile_core::{DType, Error, Result};

use super::input::{Reader, read_error};
use super::{Data, Input, Picture, guarded};
use crate::format::NamedSource;
use crate::open::OpenOptions;

/// Opens `path` with the decoder that `make` builds on a reader of it.
pub(crate) fn open<D: ImageDecoder>(
    name: &str,
    path: &Path,
    options: &OpenOptions,
    make: impl FnOnce(Reader) -> Result<D, ImageError>,
) -> Result<Vec<NamedSource>> {
    let input = Input::open(path, options)?;
    guarded(options, || decode(&input, make)?.into_sources(name, &input))
}

/// The picture that the decoder decodes which `make` builds.
pub(crate) fn decode<D: ImageDecoder>(
    input: &Input<'_>,
    make: impl FnOnce(Reader) -> Result<D, ImageError>,
) -> Result<Picture> {
    let mut decoder = make(input.reader()?).map_err(failed)?;
    let (width, height) = decoder.dimensions();
    let (width, height) = (u64::from(width), u64::from(height));
    let (channels, dtype) = layout(decoder.color_type())?;
    let samples = input.samples(width, height, channels, dtype.size())?;
    let mut limits = image::Limits::no_limits();
    // Some decoders hold the compressed file or a line of it besides the pixels.
    limits.max_alloc = Some(input.options.limits.decoded_bytes.saturating_mul(2));
    decoder.set_limits(limits).map_err(failed)?;
    let profile = decoder.icc_profile().is_ok_and(|profile| profile.is_some());
    let stored = format!("{:?}", decoder.original_color_type());
    let mut data = Data::zeroed(dtype, samples)?.ok_or_else(|| Error::internal("these dtypes are known"))?;
    decoder.read_image(data.bytes_mut()).map_err(failed)?;
    let mut picture = Picture::new(data, width, height, channels);
    picture.note("colour type", stored);
    if profile {
        picture.note("ICC profile", "present, not applied");
    }
    Ok(picture)
}

fn layout(colours: ColorType) -> Result<(u64, DType)> {
    Ok(match colours {
        ColorType::L8 => (1, DType::UInt8),
        ColorType::La8 => (2, DType::UInt8),
        ColorType::Rgb8 => (3, DType::UInt8),
        ColorType::Rgba8 => (4, DType::UInt8),
        ColorType::L16 => (1, DType::UInt16),
        ColorType::La16 => (2, DType::UInt16),
        ColorType::Rgb16 => (3, DType::UInt16),
        ColorType::Rgba16 => (4, DType::UInt16),
        ColorType::Rgb32F => (3, DType::Float32),
        ColorType::Rgba32F => (4, DType::Float32),
        other => {
            return Err(Error::unsupported(format!(
                "its pixels are of the kind {other:?}"
            )));
        }
    })
}

pub(crate) fn failed(error: ImageError) -> Error {
    match error {
        ImageError::IoError(error) => read_error(&error),
        ImageError::Limits(error) if matches!(error.kind(), LimitErrorKind::DimensionError) => {
            Error::limit("its sizes are beyond what this format's decoder takes")
        }
        ImageError::Limits(error) => Error::limit(error.to_string()),
        ImageError::Unsupported(error) => Error::unsupported(error.to_string()),
        other => Error::corrupt(format!("cannot be decoded: {other}")),
    }
}
