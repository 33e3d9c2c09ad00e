//! PNM, PAM and PFM: the plain and raw formats of netpbm.

use std::io::{BufRead, Read};
use std::path::Path;

use projectile_core::{DType, Error, Result, Sample};

use crate::decode::data::unpack_bits;
use crate::decode::input::{Reader, read_error, zeroed};
use crate::decode::{Data, Input, Picture, guarded};
use crate::format::{Format, NamedSource};
use crate::open::OpenOptions;
use crate::sizes::{to_u64, to_usize};

pub(crate) struct Pnm;

impl Format for Pnm {
    fn name(&self) -> &'static str {
        "PNM"
    }

    fn about(&self) -> &'static str {
        "PBM, PGM, PPM, PAM (plain and raw, up to 16 bits) and PFM (float32)"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["pbm", "pgm", "ppm", "pnm", "pam", "pfm"]
    }

    fn sniff(&self, head: &[u8]) -> bool {
        // "P7 332" is another program's thumbnail.
        matches!(head, [b'P', b'1'..=b'6' | b'f' | b'F', next, ..] if next.is_ascii_whitespace())
            || head.starts_with(b"P7\n")
    }

    fn open(&self, path: &Path, options: &OpenOptions) -> Result<Vec<NamedSource>> {
        let input = Input::open(path, options)?;
        guarded(options, || decode(&input)?.into_sources(self.name(), &input))
    }
}

/// How the samples follow the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    /// Numbers as text; of bits, 1 is black.
    PlainBits,
    Plain,
    /// Eight pixels a byte, 1 is black, each row padded.
    Bits,
    /// One or two bytes a sample, the high one first.
    Raw,
    /// float32, rows from the bottom up, little-endian where the scale is negative.
    Floats {
        little_endian: bool,
    },
}

struct Header {
    kind: u8,
    layout: Layout,
    width: u64,
    height: u64,
    channels: u64,
    top: u32,
}

fn decode(input: &Input<'_>) -> Result<Picture> {
    let mut reader = input.reader()?;
    let header = header(&mut reader)?;
    let dtype = match header.layout {
        Layout::Floats { .. } => DType::Float32,
        _ if header.top > 255 => DType::UInt16,
        _ => DType::UInt8,
    };
    let samples = input.samples(header.width, header.height, header.channels, dtype.size())?;
    // Eight samples a byte is the densest that the format has.
    input.plausible(to_u64(samples), 8)?;
    let mut data = Data::zeroed(dtype, samples)?.ok_or_else(|| Error::internal("these dtypes are known"))?;
    match header.layout {
        Layout::Bits => {
            let Data::U8(pixels) = &mut data else {
                return Err(Error::internal("bits become bytes"));
            };
            let mut row: Vec<u8> = zeroed(to_usize(header.width.div_ceil(8)))?;
            for line in pixels.chunks_exact_mut(to_usize(header.width)) {
                reader.read_exact(&mut row).map_err(|e| read_error(&e))?;
                unpack_bits(&row, line);
            }
        }
        Layout::Raw => reader.read_exact(data.bytes_mut()).map_err(|e| read_error(&e))?,
        Layout::Floats { .. } => {
            let Data::F32(samples) = &mut data else {
                return Err(Error::internal("floats are float32"));
            };
            let line = input.samples(header.width, 1, header.channels, 4)?;
            for row in samples.chunks_exact_mut(line).rev() {
                reader
                    .read_exact(bytemuck::cast_slice_mut(row))
                    .map_err(|e| read_error(&e))?;
            }
        }
        Layout::Plain | Layout::PlainBits => plain(&mut reader, &header, &mut data)?,
    }
    finish(&header, &mut data);
    let mut picture = Picture::new(data, header.width, header.height, header.channels);
    picture.note("kind", format!("P{}", char::from(header.kind)));
    picture.note("maximum", header.top);
    Ok(picture)
}

/// Byte order, and the whole range of the type for what counts to less, as PIL has it.
fn finish(header: &Header, data: &mut Data) {
    let raw = header.layout == Layout::Raw;
    match data {
        Data::U16(samples) => {
            for sample in samples {
                let value = if raw { u16::from_be(*sample) } else { *sample };
                *sample = stretched(value, header.top, 65535);
            }
        }
        Data::U8(samples)
            if header.top < 255 && !matches!(header.layout, Layout::Bits | Layout::PlainBits) =>
        {
            for sample in samples {
                *sample = stretched(*sample, header.top, 255);
            }
        }
        Data::F32(samples) => {
            let little = matches!(header.layout, Layout::Floats { little_endian: true });
            if little != cfg!(target_endian = "little") {
                for sample in samples {
                    *sample = f32::from_bits(sample.to_bits().swap_bytes());
                }
            }
        }
        _ => {}
    }
}

/// A number of those up to `top` as one of those up to `full`, the greatest of its type.
fn stretched<T: Sample>(value: T, top: u32, full: u32) -> T {
    if top == full {
        return value;
    }
    T::from_f64(value.to_f64() / f64::from(top) * f64::from(full))
}

/// Numbers as text; bits may stand without space between them.
fn plain(reader: &mut Reader, header: &Header, data: &mut Data) -> Result<()> {
    match data {
        Data::U8(samples) if header.layout == Layout::PlainBits => {
            for sample in samples {
                *sample = if digit(reader)? == 0 { 255 } else { 0 };
            }
        }
        Data::U8(samples) => {
            for sample in samples {
                *sample = plain_number(reader, header.top)?;
            }
        }
        Data::U16(samples) => {
            for sample in samples {
                *sample = plain_number(reader, header.top)?;
            }
        }
        _ => return Err(Error::internal("plain samples are whole numbers")),
    }
    Ok(())
}

/// The next number, which is not above `top`.
fn plain_number<T: TryFrom<u32>>(reader: &mut Reader, top: u32) -> Result<T> {
    let value = number(reader)?;
    T::try_from(value)
        .ok()
        .filter(|_| value <= top)
        .ok_or_else(|| Error::corrupt(format!("the sample {value} is above the maximum {top}")))
}

fn header(reader: &mut Reader) -> Result<Header> {
    let mut magic = [0; 2];
    reader.read_exact(&mut magic).map_err(|e| read_error(&e))?;
    let kind = magic[1];
    if kind == b'7' {
        return pam(reader);
    }
    let (width, height) = (u64::from(number(reader)?), u64::from(number(reader)?));
    let (layout, channels) = match kind {
        b'1' => (Layout::PlainBits, 1),
        b'2' => (Layout::Plain, 1),
        b'3' => (Layout::Plain, 3),
        b'4' => (Layout::Bits, 1),
        b'5' => (Layout::Raw, 1),
        b'6' => (Layout::Raw, 3),
        b'f' | b'F' => {
            let scale: f32 = token(reader)?
                .parse()
                .map_err(|_| Error::corrupt("its scale is no number"))?;
            (
                Layout::Floats {
                    little_endian: scale < 0.0,
                },
                if kind == b'F' { 3 } else { 1 },
            )
        }
        _ => return Err(Error::corrupt("it has no PNM header")),
    };
    let top = match layout {
        Layout::Plain | Layout::Raw => number(reader)?,
        _ => 1,
    };
    check(Header {
        kind,
        layout,
        width,
        height,
        channels,
        top,
    })
}

fn pam(reader: &mut Reader) -> Result<Header> {
    let mut header = Header {
        kind: b'7',
        layout: Layout::Raw,
        width: 0,
        height: 0,
        channels: 0,
        top: 0,
    };
    loop {
        match token(reader)?.as_str() {
            "WIDTH" => header.width = number(reader)?.into(),
            "HEIGHT" => header.height = number(reader)?.into(),
            "DEPTH" => header.channels = number(reader)?.into(),
            "MAXVAL" => header.top = number(reader)?,
            "TUPLTYPE" => drop(token(reader)?),
            "ENDHDR" => return check(header),
            other => return Err(Error::corrupt(format!("the header line {other:?} is unknown"))),
        }
    }
}

fn check(header: Header) -> Result<Header> {
    if header.top == 0 || header.top > 65535 {
        return Err(Error::corrupt(format!(
            "the maximum {} is not within 1 to 65535",
            header.top
        )));
    }
    Ok(header)
}

fn number(reader: &mut Reader) -> Result<u32> {
    let token = token(reader)?;
    token
        .parse()
        .map_err(|_| Error::corrupt(format!("{token:?} stands where a number should")))
}

/// The next bit of a plain bitmap.
fn digit(reader: &mut Reader) -> Result<u8> {
    match first(reader)? {
        b'0' => Ok(0),
        b'1' => Ok(1),
        other => Err(Error::corrupt(format!(
            "{:?} stands where 0 or 1 should",
            char::from(other)
        ))),
    }
}

/// The next word, and the one white space after it.
fn token(reader: &mut Reader) -> Result<String> {
    let mut word = String::from(char::from(first(reader)?));
    while let Some(byte) = byte(reader)?.filter(|byte| !byte.is_ascii_whitespace()) {
        if word.len() == 64 {
            return Err(Error::corrupt("a word of more than 64 letters is no number"));
        }
        word.push(char::from(byte));
    }
    Ok(word)
}

/// The next byte that is neither white space nor in a comment.
fn first(reader: &mut Reader) -> Result<u8> {
    loop {
        match byte(reader)? {
            None => return Err(crate::decode::input::truncated()),
            Some(b'#') => while byte(reader)?.is_some_and(|byte| byte != b'\n') {},
            Some(byte) if byte.is_ascii_whitespace() => {}
            Some(byte) => return Ok(byte),
        }
    }
}

fn byte(reader: &mut Reader) -> Result<Option<u8>> {
    let byte = reader.fill_buf().map_err(|e| read_error(&e))?.first().copied();
    reader.consume(usize::from(byte.is_some()));
    Ok(byte)
}
