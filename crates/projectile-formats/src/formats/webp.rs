//! WebP: lossy and lossless, with alpha, animated.

use std::io::{Read, Seek};
use std::path::Path;

use image_webp::{DecodingError, WebPDecoder};
use projectile_core::{Error, Result};

use crate::decode::input::{Reader, read_error, truncated, zeroed};
use crate::decode::picture::Stack;
use crate::decode::{Data, Input, Picture, guarded};
use crate::format::{Format, NamedSource};
use crate::open::OpenOptions;

pub(crate) struct WebP;

/// A frame of an animation may be a few bytes that change nothing; a file of nothing else is not unfolded for it.
const MOST_PIXELS_PER_BYTE: u64 = 65_536;

/// Memory for profiles and the like, apart from the pixels.
const METADATA: usize = 64 << 20;

impl Format for WebP {
    fn name(&self) -> &'static str {
        "WebP"
    }

    fn about(&self) -> &'static str {
        "lossy and lossless, alpha, EXIF orientation; frames of an animation along t"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["webp"]
    }

    fn sniff(&self, head: &[u8]) -> bool {
        head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP")
    }

    fn open(&self, path: &Path, options: &OpenOptions) -> Result<Vec<NamedSource>> {
        let input = Input::open(path, options)?;
        guarded(options, || decode(&input)?.into_sources(self.name(), &input))
    }
}

fn decode(input: &Input<'_>) -> Result<Picture> {
    let mut reader = input.reader()?;
    check_length(&mut reader, input.len)?;
    let mut decoder = WebPDecoder::new(reader).map_err(|e| failed(&e))?;
    decoder.set_memory_limit(METADATA);
    let (width, height) = decoder.dimensions();
    let (width, height) = (u64::from(width), u64::from(height));
    let channels: u64 = if decoder.has_alpha() { 4 } else { 3 };
    let one = input.samples(width, height, channels, 1)?;
    let declared = if decoder.is_animated() {
        u64::from(decoder.num_frames().max(1))
    } else {
        1
    };
    // All frames where they fit the limit, else the first.
    let all = input.samples(width, height, channels.saturating_mul(declared), 1);
    let plausible = input.plausible_sizes(&[width, height, declared], MOST_PIXELS_PER_BYTE);
    let (frames, samples) = match (all, plausible) {
        (Ok(samples), Ok(())) => (declared, samples),
        _ => (1, one),
    };
    let mut pixels: Vec<u8> = zeroed(samples)?;
    if decoder.is_animated() {
        for frame in pixels.chunks_exact_mut(one) {
            decoder.read_frame(frame).map_err(|e| failed(&e))?;
        }
    } else {
        decoder.read_image(&mut pixels).map_err(|e| failed(&e))?;
    }
    let mut picture = Picture::new(Data::U8(pixels), width, height, channels);
    picture.note(
        "compression",
        if decoder.is_lossy() { "lossy" } else { "lossless" },
    );
    if declared > 1 {
        picture.note("frames", declared);
    }
    if frames > 1 {
        picture.stack = Some((Stack::Time, frames));
    }
    picture.orient(decoder.exif_metadata().ok().flatten().as_deref());
    if decoder.icc_profile().is_ok_and(|profile| profile.is_some()) {
        picture.note("ICC profile", "present, not applied");
    }
    Ok(picture)
}

/// The container says how long it is. A file cut in its tail would lose its orientation without a word.
fn check_length(reader: &mut Reader, len: u64) -> Result<()> {
    let mut head = [0; 8];
    reader.read_exact(&mut head).map_err(|e| read_error(&e))?;
    let stated = u64::from(u32::from_le_bytes([head[4], head[5], head[6], head[7]])) + 8;
    if stated > len {
        return Err(truncated());
    }
    reader.rewind().map_err(|e| read_error(&e))
}

fn failed(error: &DecodingError) -> Error {
    match error {
        DecodingError::IoError(error) => read_error(error),
        other => Error::corrupt(format!("cannot be decoded: {other}")),
    }
}
