//! Photoshop: the flattened picture that a PSD or PSB holds for other programs.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use projectile_core::{DType, Error, Result};

use crate::decode::data::unpack_bits;
use crate::decode::input::{Reader, read_error, zeroed};
use crate::decode::{Data, Input, Picture, guarded};
use crate::format::{Format, NamedSource};
use crate::open::OpenOptions;
use crate::sizes::{product, to_u64, to_usize};
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
    let [_, _, _, _, version @ .., _, _, _, _, _, _] = read::<12>(reader)?;
    let stored = u64::from(u16::from_be_bytes(read(reader)?));
    let height = u64::from(u32::from_be_bytes(read(reader)?));
    let width = u64::from(u32::from_be_bytes(read(reader)?));
    let depth = u16::from_be_bytes(read(reader)?);
    let mode = u16::from_be_bytes(read(reader)?);
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
    Ok(Header {
        large: version == [0, 2],
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
    let line = input.samples(header.width, 1, header.channels, header.dtype.size())?;
    let row_bytes = header.width.saturating_mul(header.depth.into()).div_ceil(8);
    input.plausible_sizes(&[row_bytes, header.height, header.channels], 64)?;
    let packed = match u16::from_be_bytes(read(&mut reader)?) {
        0 => false,
        1 => {
            // The lengths of the rows, which the rows tell themselves as well.
            let width = if header.large { 4 } else { 2 };
            let lengths = product(&[header.stored, header.height, width]);
            let lengths = lengths.and_then(|lengths| i64::try_from(lengths).ok());
            reader
                .seek_relative(lengths.ok_or_else(endless)?)
                .map_err(|e| read_error(&e))?;
            true
        }
        other => {
            let what = format!("PSD compression {other} of the flattened picture is not read");
            return Err(Error::unsupported(what));
        }
    };
    let mut data =
        Data::zeroed(header.dtype, samples)?.ok_or_else(|| Error::internal("these dtypes are known"))?;
    let mut row: Vec<u8> = zeroed(to_usize(row_bytes))?;
    let mut unpacked = PackBits::new(&mut reader);
    for channel in 0..to_usize(header.channels) {
        for y in 0..to_usize(header.height) {
            let read = if packed {
                unpacked.read_exact(&mut row)
            } else {
                unpacked.inner().read_exact(&mut row)
            };
            read.map_err(|e| read_error(&e))?;
            place(&header, &row, &mut data, line, channel, y);
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

/// Puts row `y` of one channel between those of the others, where all have `line` samples a row.
fn place(header: &Header, row: &[u8], data: &mut Data, line: usize, channel: usize, y: usize) {
    let stride = to_usize(header.channels);
    match data {
        Data::U8(pixels) => {
            let line = pixels.chunks_exact_mut(line).nth(y).unwrap_or_default();
            if header.depth == 1 {
                return unpack_bits(row, line);
            }
            let places = line.get_mut(channel..).unwrap_or_default().iter_mut();
            for (pixel, &byte) in places.step_by(stride).zip(row) {
                *pixel = byte;
            }
        }
        Data::U16(pixels) => {
            let line = pixels.chunks_exact_mut(line).nth(y).unwrap_or_default();
            let places = line.get_mut(channel..).unwrap_or_default().iter_mut();
            for (pixel, &word) in places.step_by(stride).zip(row.as_chunks().0) {
                *pixel = u16::from_be_bytes(word);
            }
        }
        _ => {} // the header allows no other type
    }
}

fn meant(data: Data, mode: u16, channels: u64, palette: &[u8]) -> Result<(Data, u64)> {
    Ok(match (mode, data) {
        (2, Data::U8(indices)) => {
            // 256 reds, then greens, then blues.
            let [reds, greens, blues, ..] = palette.as_chunks::<256>().0 else {
                return Err(Error::corrupt("its palette is missing"));
            };
            #[expect(clippy::indexing_slicing, reason = "each table has a number for every byte")]
            let colour = |index: u8| [reds, greens, blues].map(|table| table[usize::from(index)]);
            (
                Data::U8(indices.iter().flat_map(|&index| colour(index)).collect()),
                3,
            )
        }
        // Inks are stored as what is left of the paper.
        (4, Data::U8(mut inks)) => {
            for ink in &mut inks {
                *ink = !*ink;
            }
            (Data::U8(rgb_of_inks(inks, 255)), 3)
        }
        (4, Data::U16(mut inks)) => {
            for ink in &mut inks {
                *ink = !*ink;
            }
            (Data::U16(rgb_of_inks(inks, 65535)), 3)
        }
        (_, data) => (data, channels),
    })
}

/// A section with its length in front: up to `most` bytes of it, and the reader behind it.
fn section(reader: &mut Reader, large: bool, most: u64) -> Result<Vec<u8>> {
    let length = if large {
        u64::from_be_bytes(read(reader)?)
    } else {
        u64::from(u32::from_be_bytes(read(reader)?))
    };
    let mut kept = Vec::new();
    reader
        .by_ref()
        .take(length.min(most))
        .read_to_end(&mut kept)
        .map_err(|e| read_error(&e))?;
    let rest = length.checked_sub(to_u64(kept.len()));
    let rest = rest.and_then(|rest| i64::try_from(rest).ok());
    reader
        .seek(SeekFrom::Current(rest.ok_or_else(endless)?))
        .map_err(|e| read_error(&e))?;
    Ok(kept)
}

fn endless() -> Error {
    Error::corrupt("a section without end")
}

fn read<const N: usize>(reader: &mut Reader) -> Result<[u8; N]> {
    let mut bytes = [0; N];
    reader.read_exact(&mut bytes).map_err(|e| read_error(&e))?;
    Ok(bytes)
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
