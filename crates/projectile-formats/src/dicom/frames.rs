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
use crate::decode::scans::{self, Counted};
use crate::flat::Meaning;
use crate::open::OpenOptions;
use crate::sizes::to_usize;

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
    /// The most scans that are read of a JPEG stream.
    pub(super) scans: usize,
}

impl FrameReader {
    /// The bytes of a frame.
    fn ranges(&self, frame: u64) -> Result<Vec<Range<u64>>> {
        match &self.frames {
            Frames::Native { start, bits, .. } => {
                let (mut bytes, _) = place(frame, *bits, *start).ok_or_else(short)?;
                bytes.end = bytes.end.min(self.blob.size());
                Ok(vec![bytes])
            }
            Frames::Encapsulated(frames) => frames
                .get(to_usize(frame))
                .cloned()
                .ok_or_else(|| Error::corrupt("a frame is missing")),
        }
    }

    fn frame(&self, number: u64, bytes: Vec<u8>) -> Result<Samples> {
        let stored = match &self.frames {
            Frames::Encapsulated(_) => {
                // Decoders are other people's code.
                guarded(&OpenOptions::default(), || {
                    if self.compression == Compression::Jpeg {
                        scans::check(&mut bytes.as_slice(), Counted::All, self.scans)?;
                    }
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
        let (_, first) = place(number, bits, 0).ok_or_else(short)?;
        if matches!(self.colours, Colours::Bits) {
            let places = (first..).take(to_usize(self.shape.count()));
            let pixels = places.map(|at| {
                let byte = bytes.get(to_usize(at / 8)).ok_or_else(short)?;
                Ok((byte >> (at % 8)) & 1)
            });
            return Ok(Samples::Bool(pixels.collect::<Result<Vec<u8>>>()?.into()));
        }
        let frame = bytes
            .get(to_usize(first / 8)..)
            .and_then(|rest| rest.get(..to_usize(bits / 8)))
            .ok_or_else(short)?;
        Ok(match self.colours {
            Colours::YbrPairs => rgb(&of_pairs(frame)),
            Colours::Planes => {
                let (samples, width) = (to_usize(self.shape.samples), self.shape.width);
                let (pixels, plane) = (to_usize(self.shape.pixels()), to_usize(self.shape.plane()));
                let mut together = Vec::with_capacity(frame.len());
                for pixel in 0..pixels {
                    for sample in 0..samples {
                        #[expect(
                            clippy::arithmetic_side_effects,
                            clippy::indexing_slicing,
                            reason = "a frame in planes has as many bytes as all of them"
                        )]
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

fn short() -> Error {
    Error::corrupt("the file is cut short: a frame is not whole")
}

/// Where a native frame of `bits` bits is, of whole words of 16, the first of which begins at `start`: its bytes, and
/// the bit of them where it begins.
fn place(number: u64, bits: u64, start: u64) -> Option<(Range<u64>, u64)> {
    let first = number.checked_mul(bits)?;
    let end = first.checked_add(bits)?.div_ceil(8).next_multiple_of(2);
    let begin = (first / 8) & !1;
    Some((start.checked_add(begin)?..start.checked_add(end)?, first % 16))
}

fn rgb(ybr: &[u8]) -> Samples {
    let pixels = ybr.as_chunks().0.iter().flat_map(|&pixel| rgb_of_ybr(pixel));
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
        let number = |block: &Block| match block.0.first() {
            Some(frames) if self.is_stack => frames.start,
            _ => 0,
        };
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
