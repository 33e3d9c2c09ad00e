//! JPEG XL: integers to 16 bits and floats, lossy and lossless.

use std::path::Path;

use jxl_oxide::{AllocTracker, JxlImage, PixelFormat};
use projectile_core::{DType, Error, Result};

use crate::decode::{Data, Input, Picture, guarded};
use crate::format::{Format, NamedSource};
use crate::open::OpenOptions;
use crate::sizes::{to_u64, to_usize};

pub(crate) struct JpegXl;

/// What is predicted right takes no bits, however large it is; a file of nothing else is not unfolded.
const MOST_PIXELS_PER_BYTE: u64 = 65_536;

impl Format for JpegXl {
    fn name(&self) -> &'static str {
        "JPEG XL"
    }

    fn about(&self) -> &'static str {
        "lossy and lossless, 8 and 16 bits and float, alpha, orientation; of an animation the first frame"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["jxl"]
    }

    fn sniff(&self, head: &[u8]) -> bool {
        head.starts_with(&[0xff, 0x0a]) || head.starts_with(b"\0\0\0\x0cJXL \r\n\x87\n")
    }

    fn open(&self, path: &Path, options: &OpenOptions) -> Result<Vec<NamedSource>> {
        let input = Input::open(path, options)?;
        guarded(options, || decode(&input)?.into_sources(self.name(), &input))
    }
}

fn decode(input: &Input<'_>) -> Result<Picture> {
    // The decoder works in planes of 32 bits, several at a time.
    let working = input.options.limits.decoded_bytes.saturating_mul(4);
    let tracker = AllocTracker::with_limit(to_usize(working));
    let image = JxlImage::builder()
        .alloc_tracker(tracker)
        .read(input.reader()?)
        .map_err(|e| failed(&*e))?;
    let (width, height) = (u64::from(image.width()), u64::from(image.height()));
    let format = image.pixel_format();
    let depth = image.image_header().metadata.bit_depth;
    let channels = to_u64(format.channels());
    let dtype = match depth {
        jxl_oxide::image::BitDepth::FloatSample { .. } => DType::Float32,
        jxl_oxide::image::BitDepth::IntegerSample {
            bits_per_sample: 0..=8,
        } => DType::UInt8,
        jxl_oxide::image::BitDepth::IntegerSample { .. } => DType::UInt16,
    };
    let samples = input.samples(width, height, channels, dtype.size())?;
    input.plausible_sizes(&[width, height], MOST_PIXELS_PER_BYTE)?;
    if !image.is_loading_done() {
        return Err(crate::decode::input::truncated());
    }
    let render = image.render_frame(0).map_err(|e| failed(&*e))?;
    let mut stream = render.stream();
    if u64::from(stream.width()) != width
        || u64::from(stream.height()) != height
        || u64::from(stream.channels()) != channels
    {
        return Err(Error::unsupported(
            "JPEG XL frames smaller than their picture are not read",
        ));
    }
    let mut data = Data::zeroed(dtype, samples)?.ok_or_else(|| Error::internal("these dtypes are known"))?;
    let written = match &mut data {
        Data::U8(pixels) => stream.write_to_buffer(pixels),
        Data::U16(pixels) => stream.write_to_buffer(pixels),
        Data::F32(pixels) => stream.write_to_buffer(pixels),
        _ => 0,
    };
    if written != samples {
        return Err(crate::decode::input::truncated());
    }
    let mut picture = Picture::new(data, width, height, channels);
    if matches!(format, PixelFormat::Cmyk | PixelFormat::Cmyka) {
        picture.colours = false;
        picture.note("colours", "inks, shown as channels");
    }
    picture.note("bit depth", depth.bits_per_sample());
    let frames = image.num_loaded_keyframes();
    if frames > 1 {
        picture.note("frames", format!("{frames}, of which the first is shown"));
    }
    Ok(picture)
}

fn failed(error: &(dyn std::error::Error + Send + Sync)) -> Error {
    let text = error.to_string();
    // The error of the allocation tracker is not public, its words are.
    if text.contains("failed to allocate") {
        return Error::limit("decoding it takes more memory than the limit allows");
    }
    Error::corrupt(format!("cannot be decoded (it may be truncated): {text}"))
}
