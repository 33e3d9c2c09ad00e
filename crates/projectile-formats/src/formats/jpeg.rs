//! JPEG: baseline and progressive; gray, YCbCr, RGB, CMYK and YCCK.

use std::path::Path;

use projectile_core::{Error, Result};
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use crate::decode::input::{read_error, truncated, zeroed};
use crate::decode::scans::{self, Counted};
use crate::decode::stream::Stream;
use crate::decode::{Data, Input, Picture, guarded};
use crate::format::{Format, NamedSource};
use crate::open::OpenOptions;
use crate::sizes::to_u64;

pub(crate) struct Jpeg;

/// A block of 8 × 8 samples takes at least one bit of a scan, so a byte holds no more than 512 pixels (of up to four
/// components, in as many scans).
const MOST_PIXELS_PER_BYTE: u64 = 4096;

impl Format for Jpeg {
    fn name(&self) -> &'static str {
        "JPEG"
    }

    fn about(&self) -> &'static str {
        "baseline and progressive; gray, YCbCr, RGB, CMYK and YCCK (as RGB); EXIF orientation"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["jpg", "jpeg", "jpe", "jfif", "mpo"]
    }

    fn sniff(&self, head: &[u8]) -> bool {
        head.starts_with(&[0xff, 0xd8, 0xff])
    }

    fn open(&self, path: &Path, options: &OpenOptions) -> Result<Vec<NamedSource>> {
        let input = Input::open(path, options)?;
        guarded(options, || decode(&input)?.into_sources(self.name(), &input))
    }
}

fn decode(input: &Input<'_>) -> Result<Picture> {
    // The decoder counts them as well, but has by then been over the pixels for each.
    scans::check(
        &mut input.reader()?,
        Counted::OfProgressive,
        input.options.limits.scans,
    )?;
    match attempt(input, true) {
        Err(Failure::Broken(reason)) => {
            // Some cameras and tools write streams that only a strict reader minds; PIL reads them. What is
            // shown then is said to be damaged, and a file that ends early is still refused.
            let mut picture = attempt(input, false).map_err(Failure::into_error)?;
            picture.note("damaged", reason);
            Ok(picture)
        }
        other => other.map_err(Failure::into_error),
    }
}

enum Failure {
    /// Final, whichever way it is read.
    Refused(Error),
    /// The decoder's own words.
    Broken(String),
}

impl Failure {
    fn into_error(self) -> Error {
        match self {
            Self::Refused(error) => error,
            Self::Broken(reason) => Error::corrupt(format!("cannot be decoded: {reason}")),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

fn attempt(input: &Input<'_>, strict: bool) -> Result<Picture, Failure> {
    let options = DecoderOptions::default()
        .set_strict_mode(strict)
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
        .jpeg_set_max_scans(input.options.limits.scans)
        // The file's EXIF may be asked of the decoder; its pixels are kept in memory only once, in `data`.
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let stream = Stream::new(input.reader()?);
    let overrun = stream.overrun();
    let failed = |reason: String| {
        if let Some(error) = overrun.failure() {
            Failure::Refused(read_error(&error))
        } else if overrun.happened() {
            Failure::Refused(truncated())
        } else {
            Failure::Broken(reason)
        }
    };
    let mut decoder = JpegDecoder::new_with_options(stream, options);
    decoder.decode_headers().map_err(|e| failed(e.to_string()))?;
    let colours = decoder.input_colorspace().unwrap_or(ColorSpace::YCbCr);
    let channels = if colours == ColorSpace::Luma { 1 } else { 3 };
    if channels == 1 {
        decoder.set_options(options.jpeg_set_out_colorspace(ColorSpace::Luma));
    }
    let (width, height) = decoder
        .dimensions()
        .ok_or_else(|| Error::corrupt("it has no frame header"))?;
    let (width, height) = (to_u64(width), to_u64(height));
    let samples = input.samples(width, height, channels, 1)?;
    input.plausible_sizes(&[width, height], MOST_PIXELS_PER_BYTE)?;
    let mut pixels: Vec<u8> = zeroed(samples)?;
    decoder
        .decode_into(&mut pixels)
        .map_err(|e| failed(e.to_string()))?;
    if overrun.happened() {
        return Err(failed(String::new()));
    }
    let mut picture = Picture::new(Data::U8(pixels), width, height, channels);
    picture.note("bit depth", 8);
    picture.note("colours", format!("{colours:?}"));
    picture.orient(decoder.exif().map(Vec::as_slice));
    if decoder.icc_profile().is_some() {
        picture.note("ICC profile", "present, not applied");
    }
    Ok(picture)
}
