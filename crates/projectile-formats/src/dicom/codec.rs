//! Compressed frames, decoded.

use hayro_jpeg2000::{DecodeSettings, DecoderContext, Image};
use jpeg_decoder::{ColorTransform, Decoder, PixelFormat};
use projectile_core::{Error, Result, Samples};

use super::rle;
use super::syntax::Compression;
use crate::decode::data::most_of;
use crate::sizes::{to_u64, to_usize};

/// What a frame must be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) rows: u64,
    pub(super) columns: u64,
    /// Samples of a pixel.
    pub(super) samples: u64,
    /// Bytes of a sample.
    pub(super) width: usize,
}

#[expect(
    clippy::arithmetic_side_effects,
    reason = "rows and columns are words of the file, a pixel has a few bytes"
)]
impl Shape {
    pub(super) fn pixels(self) -> u64 {
        self.rows * self.columns
    }

    /// Samples of the frame.
    pub(super) fn count(self) -> u64 {
        self.pixels() * self.samples
    }

    /// Bytes of one sample of each pixel.
    pub(super) fn plane(self) -> u64 {
        self.pixels() * to_u64(self.width)
    }
}

/// Unsigned samples of a frame, those of a pixel together: as wide as they are stored, or as the stream has them.
pub(super) fn decode(
    compression: Compression,
    bytes: &[u8],
    shape: Shape,
    photometric: &str,
) -> Result<Samples> {
    match compression {
        Compression::Rle => {
            let (pixels, samples) = (to_usize(shape.pixels()), to_usize(shape.samples));
            let frame = rle::decode(bytes, pixels, samples, shape.width)?;
            Ok(words(&frame, shape.width))
        }
        Compression::Jpeg => jpeg(bytes, shape, photometric),
        Compression::Jpeg2000 => jpeg2000(bytes, shape),
        Compression::None | Compression::Other => Err(Error::internal("no compression to undo")),
    }
}

/// Little-endian unsigned integers.
pub(super) fn words(bytes: &[u8], width: usize) -> Samples {
    use projectile_core::DType;
    let dtype = match width {
        1 => DType::UInt8,
        2 => DType::UInt16,
        4 => DType::UInt32,
        _ => DType::UInt64,
    };
    Samples::from_bytes(dtype, bytes, false)
}

fn other_shape(
    rows: impl std::fmt::Display,
    columns: impl std::fmt::Display,
    samples: u64,
    shape: Shape,
) -> Error {
    Error::corrupt(format!(
        "a frame is of {rows} × {columns} pixels of {samples} samples instead of {} × {} of {}",
        shape.rows, shape.columns, shape.samples
    ))
}

/// Refuses a compression of which a frame shows that it is not read.
///
/// # Errors
/// [`Unsupported`](projectile_core::ErrorKind::Unsupported).
pub(super) fn check(compression: Compression, frame: &[u8]) -> Result<()> {
    if compression != Compression::Jpeg {
        return Ok(());
    }
    match Decoder::new(frame).read_info() {
        Err(error @ jpeg_decoder::Error::Unsupported(_)) => Err(jpeg_failed(error)),
        // What is broken is an error of its frame.
        _ => Ok(()),
    }
}

fn jpeg_failed(error: jpeg_decoder::Error) -> Error {
    match error {
        jpeg_decoder::Error::Unsupported(what) => Error::unsupported(format!(
            "its JPEG is of a kind that is not read ({what:?}): pip install projectile pydicom 'pylibjpeg[all]', then \
             projectile.show(pydicom.dcmread(path).pixel_array)"
        )),
        other => Error::corrupt(format!("a frame cannot be decoded: {other}")),
    }
}

fn jpeg(bytes: &[u8], shape: Shape, photometric: &str) -> Result<Samples> {
    let mut decoder = Decoder::new(bytes);
    decoder.set_max_decoding_buffer_size(to_usize(shape.count().saturating_mul(2)));
    decoder.read_info().map_err(jpeg_failed)?;
    let info = decoder
        .info()
        .ok_or_else(|| Error::corrupt("a frame has no frame header"))?;
    let samples = match info.pixel_format {
        PixelFormat::L8 | PixelFormat::L16 => 1,
        PixelFormat::RGB24 => 3,
        PixelFormat::CMYK32 => 4,
    };
    if (u64::from(info.height), u64::from(info.width), samples) != (shape.rows, shape.columns, shape.samples)
    {
        return Err(other_shape(info.height, info.width, samples, shape));
    }
    if samples == 3 {
        // What the file says of its colours counts, unless the stream has a mark of its own.
        if photometric.starts_with("YBR") {
            decoder.set_color_transform(ColorTransform::YCbCr);
        } else if !has_mark(bytes) {
            decoder.set_color_transform(ColorTransform::RGB);
        }
    }
    let decoded = decoder.decode().map_err(jpeg_failed)?;
    if info.pixel_format == PixelFormat::L16 {
        // In this machine's order.
        let samples: Vec<u16> = decoded
            .as_chunks()
            .0
            .iter()
            .map(|&bytes| u16::from_ne_bytes(bytes))
            .collect();
        return Ok(Samples::UInt16(samples.into()));
    }
    Ok(Samples::UInt8(decoded.into()))
}

/// Whether a JPEG stream tells its colours by a mark: JFIF, which are always YCbCr, or Adobe's.
fn has_mark(bytes: &[u8]) -> bool {
    let mut rest = bytes.get(2..).unwrap_or_default();
    while let [0xff, mark, segment @ ..] = rest
        && let [high, low, content @ ..] = segment
    {
        match mark {
            0xe0 if content.starts_with(b"JFIF\0") => return true,
            0xee if content.starts_with(b"Adobe") => return true,
            0xda => return false,
            _ => {
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                rest = segment.get(length..).unwrap_or_default();
            }
        }
    }
    false
}

fn jpeg2000(bytes: &[u8], shape: Shape) -> Result<Samples> {
    let failed = |error| Error::corrupt(format!("a frame cannot be decoded: {error}"));
    let settings = DecodeSettings::default();
    let image = Image::new(bytes, &settings).map_err(failed)?;
    if (u64::from(image.height()), u64::from(image.width())) != (shape.rows, shape.columns) {
        return Err(other_shape(image.height(), image.width(), shape.samples, shape));
    }
    let mut context = DecoderContext::default();
    let decoded = image.decode(&mut context).map_err(failed)?;
    let components = decoded.components();
    let count = components.len();
    let is_whole = |plane: &[f32]| to_u64(plane.len()) == shape.pixels();
    if to_u64(count) != shape.samples || !components.iter().all(|c| is_whole(c.samples())) {
        return Err(other_shape(image.height(), image.width(), to_u64(count), shape));
    }
    let signed = signed(bytes);
    let mut out = vec![0u16; to_usize(shape.count())];
    for (c, component) in components.iter().enumerate() {
        let depth = component.bit_depth();
        let most = most_of(depth)
            .ok_or_else(|| Error::unsupported(format!("JPEG 2000 of {depth} bits is not read")))?;
        if shape.width == 1 && depth > 8 {
            return Err(Error::corrupt(format!("a frame is of {depth} bits instead of 8")));
        }
        let top = f32::from(most);
        // The decoder lifts signed samples to be unsigned, by their highest bit.
        let lift = if signed { most ^ (most >> 1) } else { 0 };
        for (to, &value) in out.iter_mut().skip(c).step_by(count).zip(component.samples()) {
            #[expect(clippy::as_conversions, reason = "it is clamped to numbers of 16 bits")]
            let value = value.round().clamp(0.0, top) as u16;
            *to = value.wrapping_sub(lift);
        }
    }
    if shape.width == 1 {
        return Ok(Samples::UInt8(
            out.into_iter()
                .map(|value| {
                    let [low, _] = value.to_le_bytes();
                    low
                })
                .collect::<Vec<_>>()
                .into(),
        ));
    }
    Ok(Samples::UInt16(out.into()))
}

/// Whether the samples of a JPEG 2000 stream are signed, as its first component says.
fn signed(bytes: &[u8]) -> bool {
    // The marker of the sizes follows that of the start; its components come 38 bytes later.
    let start = bytes
        .windows(4)
        .position(|marks| marks == [0xff, 0x4f, 0xff, 0x51]);
    start
        .and_then(|start| bytes.get(start..)?.get(42))
        .is_some_and(|depth| depth & 0x80 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_that_are_wider_than_the_file_says_are_refused() {
        let bytes = include_bytes!("../../../../fixtures/images/gray16.j2k");
        let of_width = |width| {
            let shape = Shape {
                rows: 26,
                columns: 37,
                samples: 1,
                width,
            };
            decode(Compression::Jpeg2000, bytes, shape, "MONOCHROME2")
        };
        assert_eq!(of_width(2).unwrap().len(), 26 * 37);
        assert_eq!(
            of_width(1).unwrap_err().message(),
            "a frame is of 16 bits instead of 8"
        );
    }
}
