//! Photoshop: the flattened picture that a PSD or PSB holds for other programs.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use projectile_core::{DType, Error, Result};

use crate::decode::input::{Reader, read_error, zeroed};
use crate::decode::{Data, Input, Picture, guarded};
use crate::format::{Format, NamedSource};
use crate::open::OpenOptions;
use crate::tiff::codec::PackBits;
use crate::tiff::colour::rgb_of_inks;

pub(crate) struct Psd;

impl Format for Psd {
    fn name(&self) -> &'static str {
        "PSD"
    }

    fn about(&self) -> &'static str {
        "the flattened picture of PSD and PSB files: bitmap, gray, indexed, RGB and CMYK of 8 and 16 bits"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["psd", "psb"]
    }

    fn sniff(&self, head: &[u8]) -> bool {
        head.starts_with(b"8BPS\0\x01") || head.starts_with(b"8BPS\0\x02")
    }

    fn open(&self, path: &Path, options: &OpenOptions) -> Result<Vec<NamedSource>> {
        let input = Input::open(path, options)?;
        guarded(options, || decode(&input)?.into_sources(self.name(), &input))
    }
}

struct Header {
    /// Whether it is a PSB, whose lengths are wider.
    large: bool,
    /// Channels in the file.
    stored: u64,
    /// Channels that are shown.
    channels: u64,
    height: u64,
    width: u64,
    depth: u16,
    mode: u16,
    dtype: DType,
}

fn header(reader: &mut Reader) -> Result<Header> {
    let mut head = [0; 26];
    reader.read_exact(&mut head).map_err(|e| read_error(&e))?;
    let short = |at: usize| u16::from_be_bytes([head[at], head[at + 1]]);
    let long = |at: usize| u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let (stored, depth, mode) = (u64::from(short(12)), short(22), short(24));
    let channels = match mode {
        0..=2 | 8 => 1,
        // The first channel beyond the colours is the picture's transparency, as PIL takes it for RGB.
        3 if stored > 3 => 4,
        3 => 3,
        4 => 4,
        _ => {
            return Err(Error::unsupported(
                "PSD files of this colour mode (Lab, multichannel, or unknown) are opened by the Python package: \
                 pip install projectile psd-tools, then projectile.show(array)",
            ));
        }
    };
    if stored < channels {
        return Err(Error::corrupt(format!(
            "{stored} channels are too few for its colour mode"
        )));
    }
    let dtype = match depth {
        1 if mode == 0 => DType::UInt8,
        8 => DType::UInt8,
        16 => DType::UInt16,
        _ => {
            return Err(Error::unsupported(format!(
                "PSD files of {depth} bits a channel are not read"
            )));
        }
    };
    let (height, width) = (u64::from(long(14)), u64::from(long(18)));
    Ok(Header {
        large: short(4) == 2,
        stored,
        channels,
        height,
        width,
        depth,
        mode,
        dtype,
    })
}

fn decode(input: &Input<'_>) -> Result<Picture> {
    let mut reader = input.reader()?;
    let header = header(&mut reader)?;
    let palette = section(&mut reader, false, 1 << 16)?;
    section(&mut reader, false, 0)?; // resources
    section(&mut reader, header.large, 0)?; // layers
    let samples = input.samples(header.width, header.height, header.channels, header.dtype.size())?;
    let row_bytes = (header.width * u64::from(header.depth)).div_ceil(8);
    input.plausible(row_bytes * header.height * header.channels, 64)?;
    let packed = match read_u16(&mut reader)? {
        0 => false,
        1 => {
            // The lengths of the rows, which the rows tell themselves as well.
            let lengths = header.stored * header.height * if header.large { 4 } else { 2 };
            reader.seek_relative(lengths as i64).map_err(|e| read_error(&e))?;
            true
        }
        other => {
            let what = format!("PSD compression {other} of the flattened picture is not read");
            return Err(Error::unsupported(what));
        }
    };
    let mut data =
        Data::zeroed(header.dtype, samples)?.ok_or_else(|| Error::internal("these dtypes are known"))?;
    let mut row: Vec<u8> = zeroed(row_bytes as usize)?;
    let mut unpacked = PackBits::new(&mut reader);
    for channel in 0..header.channels as usize {
        for y in 0..header.height as usize {
            let read = if packed {
                unpacked.read_exact(&mut row)
            } else {
                unpacked.inner().read_exact(&mut row)
            };
            read.map_err(|e| read_error(&e))?;
            place(&header, &row, &mut data, channel, y);
        }
        input.options.cancel.check()?;
    }
    let (data, channels) = meant(data, header.mode, header.channels, &palette)?;
    let mut picture = Picture::new(data, header.width, header.height, channels);
    picture.note("bit depth", header.depth);
    picture.note("colour mode", name(header.mode));
    picture.note("compression", if packed { "PackBits" } else { "none" });
    Ok(picture)
}

/// Puts one row of one channel between those of the others.
fn place(header: &Header, row: &[u8], data: &mut Data, channel: usize, y: usize) {
    let (columns, stride) = (header.width as usize, header.channels as usize);
    let start = y * columns * stride + channel;
    match data {
        Data::U8(pixels) => {
            let bit = |x: usize| {
                if row[x / 8] & (0x80 >> (x % 8)) == 0 {
                    255
                } else {
                    0
                }
            };
            for (x, pixel) in pixels[start..]
                .iter_mut()
                .step_by(stride)
                .take(columns)
                .enumerate()
            {
                *pixel = if header.depth == 1 { bit(x) } else { row[x] };
            }
        }
        Data::U16(pixels) => {
            let words = row
                .chunks_exact(2)
                .map(|word| u16::from_be_bytes([word[0], word[1]]));
            for (pixel, word) in pixels[start..].iter_mut().step_by(stride).zip(words) {
                *pixel = word;
            }
        }
        _ => {} // the header allows no other type
    }
}

fn meant(data: Data, mode: u16, channels: u64, palette: &[u8]) -> Result<(Data, u64)> {
    Ok(match (mode, data) {
        (2, Data::U8(indices)) => {
            // 256 reds, then greens, then blues.
            let colours = palette
                .get(..768)
                .ok_or_else(|| Error::corrupt("its palette is missing"))?;
            let colour = |index: u8| [0, 256, 512].map(|from| colours[from + usize::from(index)]);
            (
                Data::U8(indices.iter().flat_map(|&index| colour(index)).collect()),
                3,
            )
        }
        // Inks are stored as what is left of the paper.
        (4, Data::U8(mut inks)) => {
            for ink in &mut inks {
                *ink = 255 - *ink;
            }
            (Data::U8(rgb_of_inks(inks, 255)), 3)
        }
        (4, Data::U16(mut inks)) => {
            for ink in &mut inks {
                *ink = 65535 - *ink;
            }
            (Data::U16(rgb_of_inks(inks, 65535)), 3)
        }
        (_, data) => (data, channels),
    })
}

/// A section with its length in front: up to `most` bytes of it, and the reader behind it.
fn section(reader: &mut Reader, large: bool, most: u64) -> Result<Vec<u8>> {
    let mut length = [0; 8];
    let used = if large { 0 } else { 4 };
    reader
        .read_exact(&mut length[used..])
        .map_err(|e| read_error(&e))?;
    let length = u64::from_be_bytes(length);
    let mut kept = Vec::new();
    reader
        .by_ref()
        .take(length.min(most))
        .read_to_end(&mut kept)
        .map_err(|e| read_error(&e))?;
    let rest =
        i64::try_from(length - kept.len() as u64).map_err(|_| Error::corrupt("a section without end"))?;
    reader.seek(SeekFrom::Current(rest)).map_err(|e| read_error(&e))?;
    Ok(kept)
}

fn read_u16(reader: &mut Reader) -> Result<u16> {
    let mut bytes = [0; 2];
    reader.read_exact(&mut bytes).map_err(|e| read_error(&e))?;
    Ok(u16::from_be_bytes(bytes))
}

fn name(mode: u16) -> &'static str {
    match mode {
        0 => "bitmap",
        1 => "gray",
        2 => "indexed",
        3 => "RGB",
        4 => "CMYK, converted as PIL does",
        _ => "duotone, shown as gray",
    }
}
