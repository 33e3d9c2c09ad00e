//! GIF: frames composed as a player shows them, along `t`.

use std::path::Path;

use gif::{ColorOutput, DecodeOptions, Decoder, DecodingError, DisposalMethod, Frame, MemoryLimit};
use projectile_core::{Error, Result};

use crate::decode::input::{Reader, read_error, zeroed};
use crate::decode::picture::Stack;
use crate::decode::{Data, Input, Picture, guarded};
use crate::format::{Format, NamedSource};
use crate::open::{Mode, OpenOptions};
use crate::sizes::{to_u64, to_usize};

pub(crate) struct Gif;

/// What LZW of 12 bits does at its best, with room.
const MOST_PIXELS_PER_BYTE: u64 = 4096;

/// More frames than this are not composed: their count is only known by walking the file.
const MOST_FRAMES: u64 = 65_536;

impl Format for Gif {
    fn name(&self) -> &'static str {
        "GIF"
    }

    fn about(&self) -> &'static str {
        "as RGB, or RGBA where a pixel is transparent; frames of an animation along t"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["gif"]
    }

    fn sniff(&self, head: &[u8]) -> bool {
        head.starts_with(b"GIF87a") || head.starts_with(b"GIF89a")
    }

    fn open(&self, path: &Path, options: &OpenOptions) -> Result<Vec<NamedSource>> {
        let input = Input::open(path, options)?;
        guarded(options, || decode(&input)?.into_sources(self.name(), &input))
    }
}

fn decoder(input: &Input<'_>, skip: bool) -> Result<Decoder<Reader>> {
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::RGBA);
    options.set_memory_limit(MemoryLimit::Unlimited); // each frame is checked below
    options.skip_frame_decoding(skip);
    options.read_info(input.reader()?).map_err(|e| failed(&e))
}

fn decode(input: &Input<'_>) -> Result<Picture> {
    let mut walk = decoder(input, true)?;
    let (width, height) = (u64::from(walk.width()), u64::from(walk.height()));
    let one = input.samples(width, height, 4, 1)?;
    // A canvas may be larger than what is drawn on it, but not by any number.
    input.plausible_sizes(&[width, height], MOST_PIXELS_PER_BYTE)?;
    let mut declared = 0u64;
    // A tail that is missing harms no frame that is there, but the frame that is cut harms itself: it is met again
    // below, where it is an error.
    while declared < MOST_FRAMES {
        match walk.next_frame_info() {
            Ok(Some(_)) => declared = declared.saturating_add(1),
            Ok(None) => break,
            Err(error) if declared == 0 => return Err(failed(&error)),
            Err(error) => return Err(failed(&error)),
        }
        input.options.cancel.check()?;
    }
    if declared == 0 {
        return Err(Error::corrupt("it holds no frame"));
    }
    // All frames where they fit the limits, else the first.
    let all = input.samples(width, height, declared.saturating_mul(4), 1);
    let plausible = input.plausible_sizes(&[width, height, declared], MOST_PIXELS_PER_BYTE);
    let (frames, samples) = match (all, plausible) {
        (Ok(samples), Ok(())) => (declared, samples),
        _ => (1, one),
    };
    let mut decoder = decoder(input, false)?;
    let mut pixels: Vec<u8> = zeroed(samples)?;
    let mut canvas = Canvas {
        width: to_usize(width),
        pixels: zeroed(one)?,
    };
    for shown in pixels.chunks_exact_mut(one) {
        let frame = decoder.next_frame_info().map_err(|e| failed(&e))?;
        let (frame_width, frame_height) = frame
            .map(|frame| (frame.width, frame.height))
            .ok_or_else(|| Error::corrupt("a frame is missing"))?;
        let size = input.samples(u64::from(frame_width), u64::from(frame_height), 4, 1)?;
        let mut buffer: Vec<u8> = zeroed(size)?;
        decoder.read_into_buffer(&mut buffer).map_err(|e| failed(&e))?;
        let frame = decoder
            .current_frame_info()
            .ok_or_else(|| Error::corrupt("a frame is missing"))?;
        canvas.show(frame, &buffer, shown);
    }
    let opaque = pixels
        .as_chunks()
        .0
        .iter()
        .all(|&[.., alpha]: &[u8; 4]| alpha == 255);
    let data = Data::U8(pixels);
    let (data, channels) = if opaque {
        data.into_mode(Mode::Rgb, 4)
    } else {
        (data, 4)
    };
    let mut picture = Picture::new(data, width, height, to_u64(channels));
    picture.note("frames", declared);
    if frames > 1 {
        picture.stack = Some((Stack::Time, frames));
    }
    Ok(picture)
}

/// What a player has on its screen: RGBA, transparent where nothing was drawn.
struct Canvas {
    width: usize,
    pixels: Vec<u8>,
}

impl Canvas {
    /// Draws a frame, copies the screen to `shown`, then disposes of the frame as it asks.
    fn show(&mut self, frame: &Frame<'_>, pixels: &[u8], shown: &mut [u8]) {
        let before = (frame.dispose == DisposalMethod::Previous).then(|| self.pixels.clone());
        let drawn = pixels.as_chunks().0.chunks_exact(frame.width.max(1).into());
        for (row, drawn) in self.rows(frame).zip(drawn) {
            for (to, from) in row.iter_mut().zip(drawn) {
                if from[3] > 0 {
                    *to = *from;
                }
            }
        }
        shown.copy_from_slice(&self.pixels);
        match frame.dispose {
            DisposalMethod::Background => self.rows(frame).for_each(|row| row.fill([0; 4])),
            DisposalMethod::Previous => self.pixels = before.unwrap_or_default(),
            _ => {}
        }
    }

    /// What the frame covers of each row of the screen, beyond which it may reach.
    fn rows(&mut self, frame: &Frame<'_>) -> impl Iterator<Item = &mut [[u8; 4]]> {
        let (left, width) = (usize::from(frame.left), usize::from(frame.width));
        let lines = self.pixels.as_chunks_mut().0.chunks_exact_mut(self.width);
        let covered = lines.skip(frame.top.into()).take(frame.height.into());
        covered.map(move |line| {
            let line = line.get_mut(left..).unwrap_or_default();
            let width = width.min(line.len());
            line.split_at_mut(width).0
        })
    }
}

fn failed(error: &DecodingError) -> Error {
    match error {
        DecodingError::Io(error) => read_error(error),
        other => Error::corrupt(format!("cannot be decoded: {other}")),
    }
}
