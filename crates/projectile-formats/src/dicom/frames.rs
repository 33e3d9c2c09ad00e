//! Frames that are decoded one by one: compressed ones, palettes, colours that are not RGB, single bits.

use std::ops::Range;
use std::sync::Arc;

use projectile_core::{DType, Error, Result, Samples};

use super::codec::{self, Shape};
use super::colour::{Palette, of_pairs, rgb_of_ybr};
use super::fragments::Frame;
use super::syntax::Compression;
use crate::blob::Blob;
use crate::chunked::{Block, BlockReader};
use crate::decode::guarded;
use crate::flat::Meaning;
use crate::open::OpenOptions;

/// Where frames are.
#[derive(Debug)]
pub(super) enum Frames {
    /// One after the other, from a byte on, each of as many bits.
    Native { start: u64, bits: u64, swapped: bool },
    /// Compressed.
    Encapsulated(Vec<Frame>),
}

/// How the samples of a frame become those that are read.
#[derive(Debug)]
pub(super) enum Colours {
    AsStored,
    Palette(Palette),
    /// Of native frames: those of JPEG are converted with it.
    Ybr,
    /// Pairs of pixels share their colour.
    YbrPairs,
    Bits,
    /// First all of one channel, then the others, in each frame.
    Planes,
}

#[derive(Debug)]
pub(super) struct FrameReader {
    pub(super) blob: Arc<dyn Blob>,
    /// Whether there is an axis of frames, the first.
    pub(super) is_stack: bool,
    pub(super) frames: Frames,
    pub(super) compression: Compression,
    pub(super) shape: Shape,
    pub(super) big_endian: bool,
    pub(super) photometric: String,
    pub(super) colours: Colours,
    pub(super) meaning: Meaning,
    /// What is read must be of it.
    pub(super) dtype: DType,
}

impl FrameReader {
    /// The bytes of a frame.
    fn ranges(&self, frame: u64) -> Result<Vec<Range<u64>>> {
        match &self.frames {
            Frames::Native { start, bits, .. } => {
                // All frames are in the file, so that this is no overflow.
                let (first, end) = (frame * bits / 8, ((frame + 1) * bits).div_ceil(8));
                // Words that are swapped are read whole.
                let (first, end) = (first & !1, end.next_multiple_of(2));
                let bytes = start + first..(start + end).min(self.blob.size());
                Ok(std::iter::once(bytes).collect())
            }
            Frames::Encapsulated(frames) => frames
                .get(frame as usize)
                .cloned()
                .ok_or_else(|| Error::corrupt("a frame is missing")),
        }
    }

    fn frame(&self, number: u64, bytes: Vec<u8>) -> Result<Samples> {
        let stored = match &self.frames {
            Frames::Encapsulated(_) => {
                // Decoders are other people's code.
                guarded(&OpenOptions::default(), || {
                    codec::decode(self.compression, &bytes, self.shape, &self.photometric)
                })?
            }
            Frames::Native { bits, swapped, .. } => self.native(number, bytes, *bits, *swapped)?,
        };
        let samples = match &self.colours {
            Colours::Palette(palette) => return palette.colours(&self.meaning.of(stored)),
            Colours::AsStored | Colours::YbrPairs | Colours::Bits | Colours::Planes => stored,
            Colours::Ybr => match &stored {
                Samples::UInt8(bytes) => rgb(bytes.as_slice()),
                _ => return Err(Error::unsupported("YBR of more than 8 bits is not read")),
            },
        };
        let read = self.meaning.of(widened(samples, self.shape.width));
        if read.dtype() == self.dtype {
            Ok(read)
        } else {
            Err(Error::corrupt(format!(
                "a frame is of {} instead of {}",
                read.dtype(),
                self.dtype
            )))
        }
    }

    fn native(&self, number: u64, mut bytes: Vec<u8>, bits: u64, swapped: bool) -> Result<Samples> {
        if swapped {
            bytes.chunks_exact_mut(2).for_each(<[u8]>::reverse);
        }
        // The bytes are read from an even one on.
        let first = number * bits - ((number * bits / 8) & !1) * 8;
        let short = || Error::corrupt("the file is cut short: a frame is not whole");
        if matches!(self.colours, Colours::Bits) {
            let pixels = (first..first + self.shape.count() as u64).map(|at| {
                let byte = bytes.get((at / 8) as usize).ok_or_else(short)?;
                Ok((byte >> (at % 8)) & 1)
            });
            return Ok(Samples::Bool(pixels.collect::<Result<Vec<u8>>>()?.into()));
        }
        let first = (first / 8) as usize;
        let frame = bytes.get(first..first + (bits / 8) as usize).ok_or_else(short)?;
        Ok(match self.colours {
            Colours::YbrPairs => rgb(&of_pairs(frame)),
            Colours::Planes => {
                let plane = self.shape.pixels() * self.shape.width;
                let (samples, width) = (self.shape.samples as usize, self.shape.width);
                let mut together = Vec::with_capacity(frame.len());
                for pixel in 0..self.shape.pixels() {
                    for sample in 0..samples {
                        together.extend_from_slice(&frame[sample * plane + pixel * width..][..width]);
                    }
                }
                self.words(&together)
            }
            _ => self.words(frame),
        })
    }

    fn words(&self, bytes: &[u8]) -> Samples {
        if self.big_endian {
            let mut bytes = bytes.to_vec();
            bytes.chunks_exact_mut(self.shape.width).for_each(<[u8]>::reverse);
            return codec::words(&bytes, self.shape.width);
        }
        codec::words(bytes, self.shape.width)
    }
}

fn rgb(ybr: &[u8]) -> Samples {
    let pixels = ybr
        .chunks_exact(3)
        .flat_map(|pixel| rgb_of_ybr([pixel[0], pixel[1], pixel[2]]));
    Samples::UInt8(pixels.collect::<Vec<_>>().into())
}

/// Bytes that are stored in words: of some streams the samples are narrower than their file says.
fn widened(samples: Samples, width: usize) -> Samples {
    match samples {
        Samples::UInt8(bytes) if width == 2 => Samples::UInt16(
            bytes
                .as_slice()
                .iter()
                .map(|&byte| u16::from(byte))
                .collect::<Vec<_>>()
                .into(),
        ),
        other => other,
    }
}

impl BlockReader for FrameReader {
    fn read(&self, blocks: &[Block]) -> Vec<Result<Samples>> {
        let of_all = |error: &Error| blocks.iter().map(|_| Err(error.clone())).collect();
        // A block is a frame; an image of one frame has no axis of frames.
        let number = |block: &Block| if self.is_stack { block.0[0].start } else { 0 };
        let numbers: Vec<u64> = blocks.iter().map(number).collect();
        let ranges: Result<Vec<Vec<Range<u64>>>> =
            numbers.iter().map(|&number| self.ranges(number)).collect();
        let ranges = match ranges {
            Ok(ranges) => ranges,
            Err(error) => return of_all(&error),
        };
        let read = match self.blob.read(&ranges.concat()) {
            Ok(read) => read,
            Err(error) => return of_all(&error),
        };
        let mut rest = &read[..];
        numbers
            .iter()
            .zip(&ranges)
            .map(|(&number, ranges)| {
                let (of_frame, others) = rest
                    .split_at_checked(ranges.len())
                    .ok_or_else(|| Error::internal("fewer bytes came than were asked for"))?;
                rest = others;
                self.frame(number, of_frame.concat())
            })
            .collect()
    }
}
