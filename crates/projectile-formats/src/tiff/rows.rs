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
    for plane in 0..planes {
        for chunk in 0..per_plane {
            options.cancel.check()?;
            let (y, x) = (
                chunk / across * page.chunk_height,
                chunk % across * page.chunk_width,
            );
            let index = (plane * per_plane + chunk) as usize;
            read_chunk(file, page, chunks, index, Place { plane, y, x }, pixels)?;
        }
    }
    Ok(())
}

/// Where a chunk's first sample goes.
#[derive(Clone, Copy, Debug)]
struct Place {
    plane: u64,
    y: u64,
    x: u64,
}

fn read_chunk(
    file: &mut File,
    page: &Page,
    chunks: &Chunks,
    index: usize,
    place: Place,
    pixels: &mut [u8],
) -> Result<()> {
    let rows = page.chunk_height.min(page.height - place.y);
    let columns = page.chunk_width.min(page.width - place.x);
    let big_endian = file.big_endian;
    let Some(mut reader) = codec::chunk(file, page, chunks, index, rows)? else {
        return Ok(());
    };
    let size = page.dtype.size();
    let samples = (page.chunk_width * page.chunk_samples()) as usize;
    let mut stored: Vec<u8> = zeroed(page.chunk_row_bytes() as usize)?;
    let mut unpacked: Vec<u8> = zeroed(samples * size)?;
    for row in 0..rows {
        reader.read_exact(&mut stored).map_err(|e| match e.kind() {
            std::io::ErrorKind::UnexpectedEof => Error::corrupt(format!(
                "the file is truncated: chunk {index} ends at row {row} of {rows}"
            )),
            _ => read_error(&e),
        })?;
        unpack(page, &mut stored, &mut unpacked, big_endian)?;
        let first = ((place.y + row) * page.width + place.x) as usize;
        if page.planar {
            let stride = page.samples as usize * size;
            let start = first * stride + place.plane as usize * size;
            let targets = pixels[start..].chunks_mut(stride);
            for (to, from) in targets.zip(unpacked.chunks_exact(size)).take(columns as usize) {
                to[..size].copy_from_slice(from);
            }
        } else {
            let pixel = page.samples as usize * size;
            let length = columns as usize * pixel;
            pixels[first * pixel..][..length].copy_from_slice(&unpacked[..length]);
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
    if big_endian != cfg!(target_endian = "big") && size > 1 {
        samples.chunks_exact_mut(size).for_each(<[u8]>::reverse);
    }
    if page.predictor == 2 {
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
