//! The bytes of one chunk, decompressed as they are read.

use std::io::{self, BufReader, Cursor, Read};

use projectile_core::{Error, Result};
use weezl::decode::{Configuration, Decoder as LzwDecoder};
use weezl::{BitOrder, LzwStatus};
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::page::{Page, Photometric, Tables};
use super::{jpeg2000, lerc};
use crate::decode::input::{read_error, zeroed};
use crate::decode::scans::{self, Counted};
use crate::sizes::{to_u64, to_usize};

/// What a compression is called.
pub(crate) fn name(compression: u64) -> String {
    let name = match compression {
        1 => "none",
        2 => "CCITT RLE",
        3 => "CCITT fax 3",
        4 => "CCITT fax 4",
        5 => "LZW",
        6 => "old JPEG",
        7 => "JPEG",
        8 | 32946 => "deflate",
        32773 => "PackBits",
        33003 | 33005 | 34712 => "JPEG 2000",
        34887 => "LERC",
        34925 => "LZMA",
        50000 => "zstd",
        50001 => "WebP",
        50002 | 52546 => "JPEG XL",
        other => return other.to_string(),
    };
    name.to_owned()
}

/// A reader of the decompressed rows of a chunk of which `stored` are the bytes. Samples of more than a byte come in the
/// byte order of the file. `rows` of it are wanted.
pub(crate) fn decoder<'f>(
    stored: impl Read + 'f,
    page: &Page,
    tables: &Tables,
    rows: u64,
    big_endian: bool,
) -> Result<Box<dyn Read + 'f>> {
    let stored: Box<dyn Read + 'f> = if page.reversed && page.compression != 7 {
        Box::new(Reversed(stored))
    } else {
        Box::new(stored)
    };
    Ok(match page.compression {
        1 => stored,
        5 => Box::new(Lzw::new(BufReader::new(stored))),
        7 => Box::new(Cursor::new(jpeg(whole(stored)?, page, tables, rows)?)),
        8 | 32946 => Box::new(flate2::read::ZlibDecoder::new(stored)),
        32773 => Box::new(PackBits::new(BufReader::new(stored))),
        3 | 4 => Box::new(Cursor::new(fax(&whole(stored)?, page, tables, rows)?)),
        33003 | 33005 | 34712 => Box::new(Cursor::new(jpeg2000::decoded(
            &whole(stored)?,
            page,
            rows,
            big_endian,
        )?)),
        34887 => {
            let stored = match tables.lerc {
                0 => whole(stored)?,
                1 => bounded(flate2::read::ZlibDecoder::new(stored), page)?,
                2 => bounded(zstd(stored)?, page)?,
                other => {
                    return Err(Error::unsupported(format!(
                        "LERC in compression {other} is not read"
                    )));
                }
            };
            Box::new(Cursor::new(lerc::decoded(&stored, page, rows, big_endian)?))
        }
        50000 => Box::new(zstd(stored)?),
        50001 => Box::new(Cursor::new(webp(whole(stored)?, page)?)),
        other => return Err(refused(other)),
    })
}

/// Whether chunks of this compression are decoded at all.
///
/// # Errors
/// [`Unsupported`](projectile_core::ErrorKind::Unsupported), with a way out.
pub(crate) fn check(compression: u64) -> Result<()> {
    match compression {
        1 | 3 | 4 | 5 | 7 | 8 | 32773 | 32946 | 33003 | 33005 | 34712 | 34887 | 50000 | 50001 => Ok(()),
        other => Err(refused(other)),
    }
}

fn refused(compression: u64) -> Error {
    Error::unsupported(format!(
        "TIFF files with {} compression are opened by the Python package: pip install 'projectile[pillow]' \
         (or tifffile), then projectile.show(array)",
        name(compression)
    ))
}

fn zstd<R: Read>(stored: R) -> Result<ruzstd::decoding::StreamingDecoder<R, ruzstd::decoding::FrameDecoder>> {
    ruzstd::decoding::StreamingDecoder::new(stored)
        .map_err(|e| Error::corrupt(format!("cannot be decoded: {e}")))
}

/// All of a stream that holds no more than the samples of a chunk and then some.
fn bounded(stream: impl Read, page: &Page) -> Result<Vec<u8>> {
    let most = page.most_stored();
    let bytes = whole(stream.take(most.saturating_add(1)))?;
    if to_u64(bytes.len()) > most {
        return Err(Error::corrupt("a chunk holds more than its samples"));
    }
    Ok(bytes)
}

fn whole(mut stored: impl Read) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    stored.read_to_end(&mut bytes).map_err(|e| read_error(&e))?;
    Ok(bytes)
}

/// A JPEG strip or tile; its tables may be kept once for all of them, in front of which only the start marker stands.
fn jpeg(stored: Vec<u8>, page: &Page, tables: &Tables, rows: u64) -> Result<Vec<u8>> {
    let stored = match (tables.jpeg.as_deref(), &stored[..]) {
        (Some([tables @ .., _, _]), [_, _, rest @ ..]) if tables.len() > 2 && !rest.is_empty() => {
            [tables, rest].concat()
        }
        _ => stored,
    };
    scans::check(&mut stored.as_slice(), Counted::OfProgressive, tables.scans)?;
    let broken = |reason: String| Error::corrupt(format!("a JPEG chunk cannot be decoded: {reason}"));
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .jpeg_set_max_scans(tables.scans);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(stored), options);
    decoder.decode_headers().map_err(|e| broken(e.to_string()))?;
    let colours = decoder.input_colorspace().unwrap_or(ColorSpace::Unknown);
    let wanted = match page.photometric {
        Photometric::YCbCr => ColorSpace::RGB,
        _ => colours, // as they are: the TIFF says what they mean
    };
    decoder.set_options(options.jpeg_set_out_colorspace(wanted));
    let (width, height) = decoder.dimensions().unwrap_or_default();
    let (width, height) = (to_u64(width), to_u64(height));
    if width != page.chunk_width
        || height < rows
        || height > page.chunk_height
        || to_u64(wanted.num_components()) != page.chunk_samples()
        || page.bits != 8
    {
        return Err(broken(format!(
            "it holds {width} × {height} pixels of {colours:?}"
        )));
    }
    decoder.decode().map_err(|e| broken(e.to_string()))
}

fn webp(stored: Vec<u8>, page: &Page) -> Result<Vec<u8>> {
    let broken = |reason: String| Error::corrupt(format!("a WebP chunk cannot be decoded: {reason}"));
    let mut decoder = image_webp::WebPDecoder::new(Cursor::new(stored)).map_err(|e| broken(e.to_string()))?;
    let (width, height) = decoder.dimensions();
    let channels = if decoder.has_alpha() { 4 } else { 3 };
    if u64::from(width) != page.chunk_width || u64::from(height) > page.chunk_height || page.bits != 8 {
        return Err(broken(format!("it holds {width} × {height} pixels")));
    }
    // What is beyond all memory is refused.
    let mut pixels = zeroed(decoder.output_buffer_size().unwrap_or(usize::MAX))?;
    decoder
        .read_image(&mut pixels)
        .map_err(|e| broken(e.to_string()))?;
    match (page.chunk_samples(), channels) {
        (3, 3) | (4, 4) => Ok(pixels),
        // An opaque tile of an image with alpha is stored without it.
        (4, 3) => Ok(pixels
            .as_chunks()
            .0
            .iter()
            .flat_map(|&[r, g, b]| [r, g, b, 255])
            .collect()),
        _ => Err(broken(format!("it holds {channels} channels"))),
    }
}

/// Fax rows as packed bits, 1 for black: what a file of `WhiteIsZero` means by them.
fn fax(stored: &[u8], page: &Page, tables: &Tables, rows: u64) -> Result<Vec<u8>> {
    let narrow = |size: u64| u32::try_from(size).map_err(|_| Error::limit("a fax of more than 32-bit sizes"));
    let (width, height) = (narrow(page.chunk_width)?, narrow(rows)?);
    let row_bytes = to_usize(page.chunk_row_bytes());
    let mut packed = Vec::new();
    let mut left = height;
    let mut line = |transitions: &[u32]| {
        if let Some(others) = left.checked_sub(1) {
            let mut pels = fax::decoder::pels(transitions, width);
            packed.extend((0..row_bytes).map(|_| {
                let bits = [0x80u8, 0x40, 0x20, 0x10, 0x08, 0x04, 0x02, 0x01].into_iter();
                bits.zip(pels.by_ref()).fold(0, |byte, (bit, colour)| {
                    if colour == fax::Color::Black {
                        byte | bit
                    } else {
                        byte
                    }
                })
            }));
            left = others;
        }
    };
    match page.compression {
        4 => fax::decoder::decode_g4(stored.iter().copied(), width, Some(height), &mut line),
        _ if tables.fax_options & 1 != 0 => {
            return Err(Error::unsupported(
                "two-dimensional fax 3 is opened by the Python package, through Pillow",
            ));
        }
        // The decoder gives a line out when it meets the end-of-line mark after it; the last one may have none.
        _ => fax::decoder::decode_g3(
            stored.iter().copied().chain([0x00, 0x10, 0x01, 0x00, 0x10, 0x01]),
            &mut line,
        ),
    };
    if left > 0 {
        return Err(Error::corrupt(format!(
            "a fax chunk ends after {} of {height} rows",
            height.saturating_sub(left)
        )));
    }
    Ok(packed)
}

/// Bytes with their bits the other way round.
struct Reversed<R>(R);

impl<R: Read> Read for Reversed<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.0.read(buf)?;
        buf.iter_mut()
            .take(count)
            .for_each(|byte| *byte = byte.reverse_bits());
        Ok(count)
    }
}

/// LZW, most significant bit first; or the other way round, as the first TIFF writers had it.
struct Lzw<R> {
    stored: BufReader<R>,
    decoder: Option<LzwDecoder>,
}

impl<R: Read> Lzw<R> {
    fn new(stored: BufReader<R>) -> Self {
        Self {
            stored,
            decoder: None,
        }
    }
}

impl<R: Read> Read for Lzw<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        use io::BufRead;
        if buf.is_empty() {
            return Ok(0);
        }
        loop {
            let input = self.stored.fill_buf()?;
            let ended = input.is_empty();
            let decoder = self.decoder.get_or_insert_with(|| {
                if matches!(input, [0, second, ..] if second & 1 == 1) {
                    LzwDecoder::new(BitOrder::Lsb, 8)
                } else {
                    Configuration::with_tiff_size_switch(BitOrder::Msb, 8).build()
                }
            });
            let done = decoder.decode_bytes(input, buf);
            self.stored.consume(done.consumed_in);
            let status = done
                .status
                .map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))?;
            if done.consumed_out > 0 {
                return Ok(done.consumed_out);
            }
            if ended || matches!(status, LzwStatus::Done | LzwStatus::NoProgress) {
                return Ok(0);
            }
        }
    }
}

enum Run {
    /// So many bytes as they are.
    Copy(u64),
    /// One byte so many times.
    Repeat(u8, u64),
}

/// PackBits: runs and copies. It asks for single bytes, so what it reads from should be buffered.
pub(crate) struct PackBits<R> {
    stored: R,
    run: Run,
}

impl<R: Read> PackBits<R> {
    pub(crate) fn new(stored: R) -> Self {
        Self {
            stored,
            run: Run::Copy(0),
        }
    }

    /// What it reads from.
    pub(crate) fn inner(&mut self) -> &mut R {
        &mut self.stored
    }

    fn byte(&mut self) -> io::Result<Option<u8>> {
        let mut byte = [0];
        Ok((self.stored.read(&mut byte)? == 1).then_some(byte[0]))
    }
}

impl<R: Read> Read for PackBits<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while matches!(self.run, Run::Copy(0) | Run::Repeat(_, 0)) {
            let Some(code) = self.byte()? else { return Ok(0) };
            match code {
                0..128 => self.run = Run::Copy(u64::from(code) + 1),
                128 => {}
                129.. => match self.byte()? {
                    Some(byte) => self.run = Run::Repeat(byte, 257u64.saturating_sub(code.into())),
                    None => return Ok(0),
                },
            }
        }
        let (count, left) = match &mut self.run {
            Run::Copy(left) => ((&mut self.stored).take(*left).read(buf)?, left),
            Run::Repeat(byte, left) => (io::repeat(*byte).take(*left).read(buf)?, left),
        };
        *left = left.saturating_sub(to_u64(count));
        Ok(count)
    }
}
