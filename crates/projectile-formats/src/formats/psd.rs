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

fn decode(input: &Input<'_>) -> Result<Picture> {
    let mut reader = input.reader()?;
    let mut head = [0; 26];
    reader.read_exact(&mut head).map_err(|e| read_error(&e))?;
    let short = |at: usize| u16::from_be_bytes([head[at], head[at + 1]]);
    let long = |at: usize| u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let large = short(4) == 2;
    let (stored, height, width, depth, mode) =
        (u64::from(short(12)), u64::from(long(14)), u64::from(long(18)), short(22), short(24));
    let colours = match mode {
        0..=2 | 8 => 1,
        3 => 3,
        4 => 4,
        7 => return Err(Error::unsupported("multichannel PSD files are opened by the Python package (psd-tools)")),
        _ => return Err(Error::unsupported("PSD files of this colour mode (Lab, or unknown) are not read")),
    };
    let palette = section(&mut reader, false, 1 << 16)?;
    section(&mut reader, false, 0)?; // resources
    section(&mut reader, large, 0)?; // layers
    // The first channel beyond the colours is the picture's transparency, as PIL takes it for RGB.
    let channels = if mode == 3 && stored > 3 { 4 } else { colours };
    if stored < channels {
        return Err(Error::corrupt(format!("{stored} channels are too few for its colour mode")));
    }
    let dtype = match depth {
        1 if mode == 0 => DType::UInt8,
        8 => DType::UInt8,
        16 => DType::UInt16,
        _ => return Err(Error::unsupported(format!("PSD files of {depth} bits a channel are not read"))),
    };
    let samples = input.samples(width, height, channels, dtype.size())?;
    let row_bytes = (width * u64::from(depth)).div_ceil(8);
    input.plausible(row_bytes * height * channels, 64)?;
    let packed = match read_u16(&mut reader)? {
        0 => false,
        1 => {
            // The lengths of the rows, which the rows tell themselves as well.
            let lengths = stored * height * if large { 4 } else { 2 };
            reader.seek_relative(lengths as i64).map_err(|e| read_error(&e))?;
            true
        }
        other => return Err(Error::unsupported(format!("PSD compression {other} of the flattened picture is not read"))),
    };
    let mut data = Data::zeroed(dtype, samples)?.ok_or_else(|| Error::internal("these dtypes are known"))?;
    let mut row: Vec<u8> = zeroed(row_bytes as usize)?;
    let mut unpacked = PackBits::new(&mut reader);
    let (columns, stride) = (width as usize, channels as usize);
    for channel in 0..stride {
        for y in 0..height as usize {
            if packed { unpacked.read_exact(&mut row) } else { unpacked.inner().read_exact(&mut row) }
                .map_err(|e| read_error(&e))?;
            let start = y * columns * stride + channel;
            match &mut data {
                Data::U8(pixels) if depth == 1 => {
                    for (x, pixel) in pixels[start..].iter_mut().step_by(stride).take(columns).enumerate() {
                        *pixel = if row[x / 8] & (0x80 >> (x % 8)) == 0 { 255 } else { 0 };
                    }
                }
                Data::U8(pixels) => {
                    let targets = pixels[start..].iter_mut().step_by(stride);
                    targets.zip(&row).for_each(|(pixel, &value)| *pixel = value);
                }
                Data::U16(pixels) => {
                    let targets = pixels[start..].iter_mut().step_by(stride);
                    let words = row.chunks_exact(2).map(|word| u16::from_be_bytes([word[0], word[1]]));
                    targets.zip(words).for_each(|(pixel, value)| *pixel = value);
                }
                _ => return Err(Error::internal("PSD samples are bytes or words")),
            }
        }
        input.options.cancel.check()?;
    }
    let (data, channels) = meant(data, mode, channels, &palette)?;
    let mut picture = Picture::new(data, width, height, channels);
    picture.note("bit depth", depth);
    picture.note("colour mode", name(mode));
    picture.note("compression", if packed { "PackBits" } else { "none" });
    Ok(picture)
}

fn meant(data: Data, mode: u16, channels: u64, palette: &[u8]) -> Result<(Data, u64)> {
    Ok(match (mode, data) {
        (2, Data::U8(indices)) => {
            // 256 reds, then greens, then blues.
            let colours = palette.get(..768).ok_or_else(|| Error::corrupt("its palette is missing"))?;
            let colour = |index: u8| [0, 256, 512].map(|from| colours[from + usize::from(index)]);
            (Data::U8(indices.iter().flat_map(|&index| colour(index)).collect()), 3)
        }
        // Inks are stored as what is left of the paper.
        (4, Data::U8(mut inks)) => {
            inks.iter_mut().for_each(|ink| *ink = 255 - *ink);
            (Data::U8(rgb_of_inks(inks, 255)), 3)
        }
        (4, Data::U16(mut inks)) => {
            inks.iter_mut().for_each(|ink| *ink = 65535 - *ink);
            (Data::U16(rgb_of_inks(inks, 65535)), 3)
        }
        (_, data) => (data, channels),
    })
}

/// A section with its length in front: up to `most` bytes of it, and the reader behind it.
fn section(reader: &mut Reader, large: bool, most: u64) -> Result<Vec<u8>> {
    let mut length = [0; 8];
    let used = if large { 0 } else { 4 };
    reader.read_exact(&mut length[used..]).map_err(|e| read_error(&e))?;
    let length = u64::from_be_bytes(length);
    let mut kept = Vec::new();
    reader.by_ref().take(length.min(most)).read_to_end(&mut kept).map_err(|e| read_error(&e))?;
    let rest = i64::try_from(length - kept.len() as u64).map_err(|_| Error::corrupt("a section without end"))?;
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
