//! From the bytes of a chunk to samples in their place: unpacking, byte order, predictors.

use std::io::Read;

use projectile_core::{Error, Result};

use super::codec;
use super::ifd::File;
use super::page::{Chunks, Page, Photometric};
use crate::decode::input::{read_error, zeroed};
use crate::open::OpenOptions;

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
    let per_plane = across * down;
    let big_endian = file.big_endian;
    let mut target = Target {
        pixels,
        y: 0,
        x: 0,
        width: page.width,
        samples: page.samples,
    };
    for plane in 0..planes {
        for chunk in 0..per_plane {
            options.cancel.check()?;
            let index = plane * per_plane + chunk;
            let &(offset, length) = chunks
                .spans
                .get(index as usize)
                .ok_or_else(|| Error::corrupt("a chunk is missing"))?;
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
    /// What is inside of the page of the chunk of this number of its plane.
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
        (self.stored * page.chunk_samples() * u64::from(page.bits)).div_ceil(8)
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

/// Puts decompressed rows into their place, as samples of the page's dtype.
pub(crate) fn place(
    page: &Page,
    reader: &mut dyn Read,
    cut: Cut,
    big_endian: bool,
    target: &mut Target<'_>,
) -> Result<()> {
    let size = page.dtype.size();
    let of_pixel = page.chunk_samples() as usize * size;
    let mut stored: Vec<u8> = zeroed(cut.row_bytes(page) as usize)?;
    let mut unpacked: Vec<u8> = zeroed(cut.stored as usize * of_pixel)?;
    for row in 0..cut.rows {
        reader.read_exact(&mut stored).map_err(|e| match e.kind() {
            std::io::ErrorKind::UnexpectedEof => Error::corrupt(format!(
                "the file is truncated: the pixels end at row {row} of {}",
                cut.rows
            )),
            _ => read_error(&e),
        })?;
        unpack(page, &mut stored, &mut unpacked, big_endian)?;
        let first = ((cut.y - target.y + row) * target.width + (cut.x - target.x)) as usize;
        let stride = target.samples as usize * size;
        if of_pixel == stride {
            let length = cut.columns as usize * stride;
            target.pixels[first * stride..][..length].copy_from_slice(&unpacked[..length]);
        } else {
            let start = first * stride + cut.sample as usize * size;
            let targets = target.pixels[start..].chunks_mut(stride);
            for (to, from) in targets
                .zip(unpacked.chunks_exact(of_pixel))
                .take(cut.columns as usize)
            {
                to[..of_pixel].copy_from_slice(from);
            }
        }
    }
    Ok(())
}

/// One stored row as samples of the page's dtype.
fn unpack(page: &Page, stored: &mut [u8], samples: &mut [u8], big_endian: bool) -> Result<()> {
    let size = page.dtype.size();
    let stride = page.chunk_samples() as usize;
    if page.predictor == 3 {
        if !page.dtype.is_float() {
            return Err(Error::corrupt("the floating point predictor on integers"));
        }
        undo_float_differences(stored, samples, stride, size);
        return Ok(());
    }
    if page.bits as usize != size * 8 {
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
        match size {
            1 => add_up::<1>(samples, stride),
            2 => add_up::<2>(samples, stride),
            4 => add_up::<4>(samples, stride),
            _ => add_up::<8>(samples, stride),
        }
    }
    Ok(())
}

/// Each word is the difference to the same channel of the pixel before.
fn add_up<const SIZE: usize>(samples: &mut [u8], stride: usize) {
    let word = |bytes: &[u8]| {
        let mut wide = [0u8; 8];
        if cfg!(target_endian = "big") {
            wide[8 - SIZE..].copy_from_slice(bytes);
        } else {
            wide[..SIZE].copy_from_slice(bytes);
        }
        u64::from_ne_bytes(wide)
    };
    for at in (stride * SIZE..samples.len()).step_by(SIZE) {
        let (before, here) = samples.split_at_mut(at);
        let sum = word(&before[at - stride * SIZE..][..SIZE])
            .wrapping_add(word(&here[..SIZE]))
            .to_ne_bytes();
        here[..SIZE].copy_from_slice(if cfg!(target_endian = "big") {
            &sum[8 - SIZE..]
        } else {
            &sum[..SIZE]
        });
    }
}

/// Byte differences over the row, then the bytes of all words by significance, the most significant first.
fn undo_float_differences(stored: &mut [u8], samples: &mut [u8], stride: usize, size: usize) {
    for at in stride..stored.len() {
        stored[at] = stored[at].wrapping_add(stored[at - stride]);
    }
    let words = samples.len() / size;
    for (i, word) in samples.chunks_exact_mut(size).enumerate() {
        for (significance, byte) in (0..size).zip(word.iter_mut().rev()) {
            *byte = stored[significance * words + i];
        }
        if cfg!(target_endian = "big") {
            word.reverse();
        }
    }
}

/// Samples of odd widths, most significant bit first. Below 8 bits they take the whole range of a byte, as PIL's do,
/// unless they are numbers of palette entries.
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
