//! From the bytes of a chunk to samples in their place: unpacking, byte order, predictors.

use std::io::Read;

use projectile_core::{Error, Result};

use super::codec;
use super::ifd::File;
use super::page::{Chunks, Page, Photometric};
use crate::decode::input::{read_error, zeroed};
use crate::open::OpenOptions;
use crate::sizes::{to_u64, to_usize};

/// Decodes all chunks of a page into `pixels`: the page's samples in C order, in this machine's byte order.
pub(crate) fn read_page(
    file: &mut File,
    page: &Page,
    chunks: &Chunks,
    pixels: &mut [u8],
    options: &OpenOptions,
) -> Result<()> {
    let (across, down) = page.grid();
    let planes = if page.planar { page.samples } else { 1 };
    let mut spans = chunks.spans.iter().enumerate();
    let big_endian = file.big_endian;
    let mut target = Target {
        pixels,
        y: 0,
        x: 0,
        width: page.width,
        samples: page.samples,
    };
    for plane in 0..planes {
        for chunk in 0..across.saturating_mul(down) {
            options.cancel.check()?;
            let (index, &(offset, length)) =
                spans.next().ok_or_else(|| Error::corrupt("a chunk is missing"))?;
            // A chunk that was never written (a sparse file).
            if length == 0 {
                continue;
            }
            let cut = Cut::chunk(page, chunk, if page.planar { plane } else { 0 });
            file.seek(offset)?;
            let stored = (&mut file.reader).take(length);
            let mut reader = codec::decoder(stored, page, &chunks.tables, cut.rows, big_endian)?;
            place(page, &mut *reader, cut, big_endian, &mut target)
                .map_err(|error| error.context(format!("chunk {index}")))?;
        }
    }
    Ok(())
}

/// Rows of a chunk, or of a part of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    /// Where its first sample is in the page.
    pub(crate) y: u64,
    pub(crate) x: u64,
    /// Rows that are wanted.
    pub(crate) rows: u64,
    /// Columns that each row has as stored.
    pub(crate) stored: u64,
    /// Columns that are wanted.
    pub(crate) columns: u64,
    /// Where its first sample goes in each pixel.
    pub(crate) sample: u64,
}

impl Cut {
    /// What is inside of the page of the chunk of this number of its plane, which has such a chunk.
    #[expect(
        clippy::arithmetic_side_effects,
        reason = "a page's chunks have pixels, and each begins inside of the page"
    )]
    pub(crate) fn chunk(page: &Page, number: u64, sample: u64) -> Self {
        let (across, _) = page.grid();
        let (y, x) = (
            number / across * page.chunk_height,
            number % across * page.chunk_width,
        );
        Self {
            y,
            x,
            rows: page.chunk_height.min(page.height - y),
            stored: page.chunk_width,
            columns: page.chunk_width.min(page.width - x),
            sample,
        }
    }

    /// Bytes of a stored row.
    pub(crate) fn row_bytes(&self, page: &Page) -> u64 {
        page.row_bytes(self.stored)
    }
}

/// Pixels to be filled: a rectangle of the page.
#[derive(Debug)]
pub(crate) struct Target<'p> {
    pub(crate) pixels: &'p mut [u8],
    /// Where its first pixel is in the page.
    pub(crate) y: u64,
    pub(crate) x: u64,
    pub(crate) width: u64,
    /// Samples of each pixel.
    pub(crate) samples: u64,
}

/// Puts what is inside of the target of decompressed rows into its place, as samples of the page's dtype.
pub(crate) fn place(
    page: &Page,
    reader: &mut dyn Read,
    cut: Cut,
    big_endian: bool,
    target: &mut Target<'_>,
) -> Result<()> {
    let outside = || Error::internal("a chunk that is no part of what is read");
    let size = to_u64(page.dtype.size());
    let of_pixel = page.chunk_samples().saturating_mul(size);
    let stride = target.samples.saturating_mul(size);
    // What is beyond all memory is found nowhere.
    let bytes = |count: u64, each: u64| to_usize(count.saturating_mul(each));
    let mut stored: Vec<u8> = zeroed(to_usize(cut.row_bytes(page)))?;
    let mut unpacked: Vec<u8> = zeroed(bytes(cut.stored, of_pixel))?;
    // Of pages whose chunks are unlike the first one's, some may begin before a block or end behind it.
    let (above, left) = (target.y.saturating_sub(cut.y), target.x.saturating_sub(cut.x));
    let (below, right) = (cut.y.saturating_sub(target.y), cut.x.saturating_sub(target.x));
    let columns = cut
        .columns
        .saturating_sub(left)
        .min(target.width.saturating_sub(right));
    let start = bytes(right, stride).saturating_add(bytes(cut.sample, size));
    let lines = target.pixels.chunks_exact_mut(bytes(target.width, stride).max(1));
    let mut lines = lines.skip(to_usize(below));
    for row in 0..cut.rows {
        reader.read_exact(&mut stored).map_err(|e| match e.kind() {
            std::io::ErrorKind::UnexpectedEof => Error::corrupt(format!(
                "the file is truncated: the pixels end at row {row} of {}",
                cut.rows
            )),
            _ => read_error(&e),
        })?;
        if row < above {
            continue;
        }
        let Some(line) = lines.next() else { break };
        unpack(page, &mut stored, &mut unpacked, big_endian)?;
        let from = unpacked.get(bytes(left, of_pixel)..).ok_or_else(outside)?;
        let to = line.get_mut(start..).ok_or_else(outside)?;
        if of_pixel == stride {
            let length = bytes(columns, stride);
            let (to, from) = to.get_mut(..length).zip(from.get(..length)).ok_or_else(outside)?;
            to.copy_from_slice(from);
        } else {
            let pixels = to
                .chunks_mut(to_usize(stride))
                .zip(from.chunks_exact(to_usize(of_pixel)));
            for (to, from) in pixels.take(to_usize(columns)) {
                to.get_mut(..from.len())
                    .ok_or_else(outside)?
                    .copy_from_slice(from);
            }
        }
    }
    Ok(())
}

/// One stored row as samples of the page's dtype.
fn unpack(page: &Page, stored: &mut [u8], samples: &mut [u8], big_endian: bool) -> Result<()> {
    let size = page.dtype.size();
    let stride = to_usize(page.chunk_samples());
    if page.predictor == 3 {
        if !page.dtype.is_float() {
            return Err(Error::corrupt("the floating point predictor on integers"));
        }
        undo_float_differences(stored, samples, stride, size);
        return Ok(());
    }
    if !page.is_unpacked() {
        if page.predictor == 2 {
            return Err(Error::unsupported(format!(
                "differences of {}-bit samples are not read",
                page.bits
            )));
        }
        unpack_bits(page, stored, samples);
        return Ok(());
    }
    samples.copy_from_slice(stored);
    // JPEG and WebP give bytes, so this swaps only what the file stored in words.
    let word = page.dtype.word();
    if big_endian != cfg!(target_endian = "big") && word > 1 {
        samples.chunks_exact_mut(word).for_each(<[u8]>::reverse);
    }
    if page.predictor == 2 {
        if page.dtype.is_complex() {
            return Err(Error::unsupported("differences of complex numbers are not read"));
        }
        macro_rules! add_up {
            ($ty:ty) => {
                add_up(samples, stride, |before, here| {
                    let sum = <$ty>::from_ne_bytes(before).wrapping_add(<$ty>::from_ne_bytes(here));
                    sum.to_ne_bytes()
                })
            };
        }
        match size {
            1 => add_up!(u8),
            2 => add_up!(u16),
            4 => add_up!(u32),
            _ => add_up!(u64),
        }
    }
    Ok(())
}

/// Each word is the difference to the same channel of the pixel before.
#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "`at` is no less than `stride`, and a word's number"
)]
fn add_up<const SIZE: usize>(
    samples: &mut [u8],
    stride: usize,
    sum: impl Fn([u8; SIZE], [u8; SIZE]) -> [u8; SIZE],
) {
    let (words, _) = samples.as_chunks_mut::<SIZE>();
    for at in stride..words.len() {
        words[at] = sum(words[at - stride], words[at]);
    }
}

/// Byte differences over the row, then the bytes of all words by significance, the most significant first.
fn undo_float_differences(stored: &mut [u8], samples: &mut [u8], stride: usize, size: usize) {
    add_up(stored, stride, |[before], [here]| [here.wrapping_add(before)]);
    let words = samples.chunks_exact(size).len();
    for (place, bytes) in (0..size).rev().zip(stored.chunks_exact(words)) {
        for (word, byte) in samples.chunks_exact_mut(size).zip(bytes) {
            if let Some(to) = word.get_mut(place) {
                *to = *byte;
            }
        }
    }
    if cfg!(target_endian = "big") {
        samples.chunks_exact_mut(size).for_each(<[u8]>::reverse);
    }
}

/// Samples of odd widths, most significant bit first. Below 8 bits they take the whole range of a byte, as PIL's do,
/// unless they are numbers of palette entries.
#[expect(
    clippy::as_conversions,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "what is not stored as wide as in memory has 1 to 31 bits"
)]
fn unpack_bits(page: &Page, stored: &[u8], samples: &mut [u8]) {
    let bits = page.bits;
    let scale = if bits < 8 && page.photometric != Photometric::Palette {
        255.0 / ((1 << bits) - 1) as f32
    } else {
        1.0
    };
    let (mut window, mut filled) = (0u64, 0);
    let mut bytes = stored.iter();
    for sample in samples.chunks_exact_mut(page.dtype.size()) {
        while filled < bits {
            window = (window << 8) | u64::from(bytes.next().copied().unwrap_or(0));
            filled += 8;
        }
        filled -= bits;
        let value = (window >> filled) & ((1 << bits) - 1);
        window &= (1 << filled) - 1;
        match sample.len() {
            1 => sample[0] = (value as f32 * scale).round() as u8,
            2 => sample.copy_from_slice(&(value as u16).to_ne_bytes()),
            _ => sample.copy_from_slice(&(value as u32).to_ne_bytes()),
        }
    }
}
