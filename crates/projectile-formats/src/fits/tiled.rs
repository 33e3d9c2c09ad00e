//! Images that are compressed by tiles, one in each row of a table (FITS Standard 4.0, chapter 10).

use std::io::Read;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use projectile_core::{DType, Error, Result, Samples, Source, SourceInfo};

use super::header::Header;
use super::rice;
use super::table::{Column, Table};
use super::units::Unit;
use crate::blob::Blob;
use crate::chunked::{Block, BlockReader, ChunkedOptions, ChunkedSource, Division};
use crate::flat::{Meaning, Place};
use crate::open::OpenOptions;

/// Bytes of a tile beyond which it is refused: it is decoded whole.
const MOST_TILE_BYTES: u64 = 1 << 30;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Codec {
    Rice {
        width: usize,
        block: usize,
    },
    Gzip,
    /// Gzip of the first bytes of all numbers, then the second ones, and so on.
    ShuffledGzip,
    Stored,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Dither {
    None,
    /// Noise that was added before rounding is taken away; `zeros`: exact zeros have a number of their own.
    Subtractive {
        seed: u64,
        zeros: bool,
    },
}

#[derive(Debug)]
struct Tiles {
    blob: Arc<dyn Blob>,
    table: Table,
    /// Pixels of a tile along each axis, the slowest first.
    tile: Vec<u64>,
    shape: Vec<u64>,
    codec: Codec,
    dtype: DType,
    meaning: Meaning,
    dither: Dither,
    data: Column,
    fallback: Option<Column>,
    stored: Option<Column>,
    scale: Option<Column>,
    zero: Option<Column>,
    blank: Option<Column>,
    /// `ZBLANK`, where it is the same for all tiles.
    common_blank: Option<f64>,
}

/// A source of a compressed image.
pub(super) fn source(
    place: &Place,
    unit: &Unit,
    dtype: DType,
    meaning: Meaning,
    info: SourceInfo,
    options: &OpenOptions,
) -> Result<Arc<dyn Source>> {
    let (header, table) = (&unit.header, Table::of(unit)?);
    let shape = info.axes.shape();
    let tile = tile(header, &shape)?;
    let rows = shape
        .iter()
        .zip(&tile)
        .try_fold(1u64, |rows, (size, tile)| rows.checked_mul(size.div_ceil(*tile)));
    if rows != Some(table.rows) {
        return Err(Error::corrupt(format!(
            "its table has {} rows, which are not as many as there are tiles",
            table.rows
        )));
    }
    let bytes = tile
        .iter()
        .try_fold(dtype.size() as u64, |bytes, &size| bytes.checked_mul(size));
    let most = MOST_TILE_BYTES.min(options.limits.decoded_bytes);
    if bytes.is_none_or(|bytes| bytes > most) {
        return Err(Error::limit(format!(
            "its tiles of {tile:?} pixels take more than {most} bytes each"
        )));
    }
    let column = |name| table.column(name);
    let blob = place.blob();
    let residence = blob.residence();
    let tiles = Tiles {
        codec: codec(header)?,
        dither: dither(header)?,
        data: column("COMPRESSED_DATA")
            .ok_or_else(|| Error::corrupt("its table has no column COMPRESSED_DATA"))?,
        fallback: column("GZIP_COMPRESSED_DATA"),
        stored: column("UNCOMPRESSED_DATA"),
        scale: column("ZSCALE"),
        zero: column("ZZERO"),
        blank: column("ZBLANK"),
        common_blank: header.real("ZBLANK"),
        blob,
        table,
        tile: tile.clone(),
        shape,
        dtype,
        meaning,
    };
    let chunked = ChunkedOptions::of(residence, options.cache.clone());
    let divisions = tile.into_iter().map(Division::Even).collect();
    Ok(Arc::new(ChunkedSource::new(
        info,
        divisions,
        Box::new(tiles),
        &chunked,
    )?))
}

/// `ZTILEn`: by default a row.
fn tile(header: &Header, shape: &[u64]) -> Result<Vec<u64>> {
    let count = shape.len();
    (0..count)
        .map(|at| {
            let axis = count - at;
            match header.integer(&format!("ZTILE{axis}")) {
                None => Ok(if axis == 1 { shape[at] } else { 1 }),
                Some(size) => u64::try_from(size)
                    .ok()
                    .filter(|&size| size > 0)
                    .map(|size| size.min(shape[at]))
                    .ok_or_else(|| Error::corrupt(format!("its header has no valid ZTILE{axis}"))),
            }
        })
        .collect()
}

fn codec(header: &Header) -> Result<Codec> {
    let parameter = |name: &str, without: usize| {
        (1..=9)
            .find(|number| header.text(&format!("ZNAME{number}")) == Some(name))
            .and_then(|number| header.integer(&format!("ZVAL{number}")))
            .map_or(Ok(without), |value| {
                usize::try_from(value)
                    .ok()
                    .filter(|value| (1..=4096).contains(value))
                    .ok_or_else(|| Error::corrupt(format!("its header has no valid {name}")))
            })
    };
    match header.text("ZCMPTYPE") {
        Some("RICE_1" | "RICE_ONE") => Ok(Codec::Rice {
            width: parameter("BYTEPIX", 4)?,
            block: parameter("BLOCKSIZE", 32)?,
        }),
        Some("GZIP_1") => Ok(Codec::Gzip),
        Some("GZIP_2") => Ok(Codec::ShuffledGzip),
        Some("NOCOMPRESS") => Ok(Codec::Stored),
        other => Err(Error::unsupported(format!(
            "its image is compressed by {}, which is not read here (RICE_1, GZIP_1 and GZIP_2 are): pip install \
             projectile astropy, then projectile.show(astropy.io.fits.getdata(path, extension))",
            other.unwrap_or("nothing that its header names")
        ))),
    }
}

fn dither(header: &Header) -> Result<Dither> {
    let zeros = match header.text("ZQUANTIZ") {
        Some("SUBTRACTIVE_DITHER_1") => false,
        Some("SUBTRACTIVE_DITHER_2") => true,
        None | Some("NO_DITHER" | "NONE") => return Ok(Dither::None),
        Some(other) => {
            return Err(Error::unsupported(format!(
                "its numbers were rounded by {other}, which is not known"
            )));
        }
    };
    let seed = header
        .integer("ZDITHER0")
        .filter(|seed| (1..=10_000).contains(seed));
    let seed = seed.ok_or_else(|| Error::corrupt("its header has no valid ZDITHER0"))? as u64;
    Ok(Dither::Subtractive { seed, zeros })
}

impl Tiles {
    /// The row of a block, which is one tile.
    fn row(&self, block: &Block) -> u64 {
        // Not more than the rows there are, whose number was checked.
        block
            .0
            .iter()
            .zip(self.tile.iter().zip(&self.shape))
            .fold(0, |row, (range, (tile, size))| {
                row * size.div_ceil(*tile) + range.start / tile
            })
    }

    /// Where the tile of a row is, and how it is kept.
    fn find(&self, row: &[u8]) -> Result<(Codec, Range<u64>, bool)> {
        if let Some(range) = self.table.array(row, self.data)? {
            return Ok((self.codec, range, true));
        }
        // What could not be rounded is kept as it was.
        for (column, codec) in [(self.fallback, Codec::Gzip), (self.stored, Codec::Stored)] {
            if let Some(column) = column
                && let Some(range) = self.table.array(row, column)?
            {
                return Ok((codec, range, false));
            }
        }
        Err(Error::corrupt("a tile is missing"))
    }

    fn tile(
        &self,
        number: u64,
        row: &[u8],
        codec: Codec,
        bytes: &[u8],
        primary: bool,
        count: usize,
    ) -> Result<Samples> {
        let scaling = if self.dtype.is_float() && primary {
            self.scale
                .and_then(|column| Table::number(row, column))
                .zip(self.zero.and_then(|column| Table::number(row, column)))
        } else {
            None
        };
        let stored = match (scaling, self.dtype) {
            (Some(_), _) => DType::Int32,
            (None, dtype) => dtype,
        };
        let samples = match codec {
            Codec::Rice { width, block } => {
                if stored.is_float() {
                    return Err(Error::corrupt("floats that were not rounded are no Rice code"));
                }
                integers(&rice::decode(bytes, count, width, block)?, width, stored)?
            }
            Codec::Gzip => Samples::from_bytes(stored, &inflated(bytes, count * stored.size())?, true),
            Codec::ShuffledGzip => {
                let shuffled = inflated(bytes, count * stored.size())?;
                let mut plain = vec![0; shuffled.len()];
                for (at, byte) in plain.iter_mut().enumerate() {
                    *byte = shuffled[at % stored.size() * count + at / stored.size()];
                }
                Samples::from_bytes(stored, &plain, true)
            }
            Codec::Stored => Samples::from_bytes(
                stored,
                bytes
                    .get(..count * stored.size())
                    .ok_or_else(|| Error::corrupt("a tile is too short"))?,
                true,
            ),
        };
        let Some((scale, zero)) = scaling else {
            return Ok(self.meaning.of(samples));
        };
        let Samples::Int32(rounded) = &samples else {
            return Err(Error::internal("rounded numbers are int32"));
        };
        let blank = self
            .blank
            .and_then(|column| Table::number(row, column))
            .or(self.common_blank);
        let values = self.values(rounded.as_slice(), number, scale, zero, blank);
        Ok(self.meaning.of(if self.dtype == DType::Float32 {
            Samples::Float32(values.map(|value| value as f32).collect::<Vec<_>>().into())
        } else {
            Samples::Float64(values.collect::<Vec<_>>().into())
        }))
    }

    /// The numbers that were rounded to `rounded`.
    fn values<'a>(
        &self,
        rounded: &'a [i32],
        number: u64,
        scale: f64,
        zero: f64,
        blank: Option<f64>,
    ) -> impl Iterator<Item = f64> + 'a {
        /// The number of exact zeros.
        const ZERO: i32 = -2_147_483_646;
        let mut noise = match self.dither {
            Dither::None => None,
            Dither::Subtractive { seed, .. } => Some(Noise::new(number + seed - 1)),
        };
        let zeros = matches!(self.dither, Dither::Subtractive { zeros: true, .. });
        rounded.iter().map(move |&value| {
            let noise = noise.as_mut().map(Noise::next);
            if blank == Some(f64::from(value)) {
                f64::NAN
            } else if zeros && value == ZERO {
                0.0
            } else {
                let value = noise.map_or(f64::from(value), |noise| f64::from(value) - noise + 0.5);
                value * scale + zero
            }
        })
    }
}

/// How many numbers the noise has (Appendix I).
const NOISE: usize = 10_000;

/// The noise of dithering: the same for all who write and read.
struct Noise {
    seed: usize,
    at: usize,
}

impl Noise {
    fn numbers() -> &'static [f32] {
        static NUMBERS: OnceLock<Vec<f32>> = OnceLock::new();
        NUMBERS.get_or_init(|| {
            const FACTOR: u64 = 16_807;
            const MODULUS: u64 = 2_147_483_647;
            std::iter::successors(Some(FACTOR % MODULUS), |seed| Some(seed * FACTOR % MODULUS))
                .take(NOISE)
                .map(|seed| (seed as f64 / MODULUS as f64) as f32)
                .collect()
        })
    }

    /// Of a tile, which counts from 0.
    fn new(tile: u64) -> Self {
        let seed = (tile % NOISE as u64) as usize;
        Self {
            seed,
            at: Self::start(seed),
        }
    }

    fn start(seed: usize) -> usize {
        (f64::from(Self::numbers()[seed]) * 500.0) as usize
    }

    fn next(&mut self) -> f64 {
        let number = Self::numbers()[self.at];
        self.at += 1;
        if self.at == NOISE {
            self.seed = (self.seed + 1) % NOISE;
            self.at = Self::start(self.seed);
        }
        f64::from(number)
    }
}

/// Integers of `width` bytes as those of an image.
fn integers(values: &[u32], width: usize, dtype: DType) -> Result<Samples> {
    let signed = |&value: &u32| match width {
        1 => i32::from(value as u8),
        2 => i32::from(value as i16),
        _ => value as i32,
    };
    let all = values.iter().map(signed);
    Ok(match dtype {
        DType::UInt8 => Samples::UInt8(all.map(|value| value as u8).collect::<Vec<_>>().into()),
        DType::Int16 => Samples::Int16(all.map(|value| value as i16).collect::<Vec<_>>().into()),
        DType::Int32 => Samples::Int32(all.collect::<Vec<_>>().into()),
        other => {
            return Err(Error::unsupported(format!("RICE_1 of {other} is not read")));
        }
    })
}

/// Exactly `length` bytes. Whoever calls has made sure that they may be allocated.
fn inflated(bytes: &[u8], length: usize) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    MultiGzDecoder::new(bytes)
        .take(length as u64)
        .read_to_end(&mut out)
        .map_err(|error| Error::corrupt(format!("a compressed tile is broken: {error}")))?;
    if out.len() == length {
        Ok(out)
    } else {
        Err(Error::corrupt("a compressed tile is too short"))
    }
}

impl BlockReader for Tiles {
    fn read(&self, blocks: &[Block]) -> Vec<Result<Samples>> {
        let numbers: Vec<u64> = blocks.iter().map(|block| self.row(block)).collect();
        let of_all = |error: &Error| blocks.iter().map(|_| Err(error.clone())).collect();
        let rows = numbers.iter().map(|&number| self.table.row(number));
        let rows = rows
            .collect::<Result<Vec<_>>>()
            .and_then(|ranges| self.blob.read(&ranges));
        let rows: Vec<Bytes> = match rows {
            Ok(rows) => rows,
            Err(error) => return of_all(&error),
        };
        let found: Vec<Result<(Codec, Range<u64>, bool)>> = rows.iter().map(|row| self.find(row)).collect();
        let ranges: Vec<Range<u64>> = found
            .iter()
            .flatten()
            .map(|(_, range, _)| range.clone())
            .collect();
        let mut data = match self.blob.read(&ranges) {
            Ok(data) => data.into_iter(),
            Err(error) => return of_all(&error),
        };
        let tiles = blocks.iter().zip(&numbers).zip(rows.iter().zip(found));
        tiles
            .map(|((block, &number), (row, found))| {
                let (codec, _, primary) = found?;
                let bytes = data
                    .next()
                    .ok_or_else(|| Error::internal("fewer bytes came than were asked for"))?;
                self.tile(number, row, codec, &bytes, primary, block.samples() as usize)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_noise_is_that_of_the_standard() {
        // The seed after 10,000 steps, by which the standard has readers check themselves.
        let seed = (0..10_000).fold(1u64, |seed, _| seed * 16_807 % 2_147_483_647);
        assert_eq!(seed, 1_043_618_065);
        assert_eq!(Noise::numbers()[9999], (1_043_618_065.0 / 2_147_483_647.0) as f32);
    }
}
