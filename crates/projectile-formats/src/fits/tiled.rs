//! Images that are compressed by tiles, one in each row of a table (FITS Standard 4.0, chapter 10).

use std::io::Read;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use projectile_core::{DType, Error, Result, Sample, Samples, Source, SourceInfo};

use super::header::Header;
use super::rice;
use super::table::{Column, Table};
use super::units::Unit;
use crate::blob::Blob;
use crate::chunked::{Block, BlockReader, ChunkedOptions, ChunkedSource, Division};
use crate::decode::shuffle::unshuffle;
use crate::flat::{Meaning, Place};
use crate::open::OpenOptions;
use crate::sizes::{product, to_u64, to_usize};

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
    /// `seed`: of the first tile, counted from 0.
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
    let bytes = product(&tile).and_then(|pixels| pixels.checked_mul(to_u64(dtype.size())));
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
    let axes = (1..=shape.len()).rev();
    axes.zip(shape)
        .map(|(axis, &length)| match header.integer(&format!("ZTILE{axis}")) {
            None => Ok(if axis == 1 { length } else { 1 }),
            Some(size) => u64::try_from(size)
                .ok()
                .filter(|&size| size > 0)
                .map(|size| size.min(length))
                .ok_or_else(|| Error::corrupt(format!("its header has no valid ZTILE{axis}"))),
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
        .and_then(|seed| u64::try_from(seed).ok()?.checked_sub(1))
        .filter(|&seed| seed < NOISE)
        .ok_or_else(|| Error::corrupt("its header has no valid ZDITHER0"))?;
    Ok(Dither::Subtractive { seed, zeros })
}

impl Tiles {
    /// The row of a block, which is one tile.
    fn row(&self, block: &Block) -> u64 {
        let axes = block.0.iter().zip(self.tile.iter().zip(&self.shape));
        #[expect(
            clippy::arithmetic_side_effects,
            reason = "tiles have pixels, and all of them are as many as the rows of the table"
        )]
        axes.fold(0, |row, (range, (tile, size))| {
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
        let length = count
            .checked_mul(stored.size())
            .ok_or_else(|| Error::limit("a tile is larger than any memory"))?;
        let samples = match codec {
            Codec::Rice { width, block } => {
                if stored.is_float() {
                    return Err(Error::corrupt("floats that were not rounded are no Rice code"));
                }
                integers(&rice::decode(bytes, count, width, block)?, width, stored)?
            }
            Codec::Gzip => Samples::from_bytes(stored, &inflated(bytes, length)?, true),
            Codec::ShuffledGzip => {
                let shuffled = inflated(bytes, length)?;
                let mut plain = Vec::new();
                unshuffle(
                    &shuffled,
                    NonZeroUsize::new(stored.size()).unwrap_or(NonZeroUsize::MIN),
                    &mut plain,
                );
                Samples::from_bytes(stored, &plain, true)
            }
            Codec::Stored => Samples::from_bytes(
                stored,
                bytes
                    .get(..length)
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
            Samples::Float32(values.map(f32::from_f64).collect::<Vec<_>>().into())
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
            Dither::Subtractive { seed, .. } => Some(noise(number, seed)),
        };
        let zeros = matches!(self.dither, Dither::Subtractive { zeros: true, .. });
        rounded.iter().map(move |&value| {
            let noise = noise.as_mut().and_then(Iterator::next);
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
const NOISE: u64 = 10_000;

/// The numbers of the noise of dithering: the same for all who write and read.
fn noises() -> &'static [f32] {
    static NUMBERS: OnceLock<Vec<f32>> = OnceLock::new();
    NUMBERS.get_or_init(|| {
        const FACTOR: u64 = 16_807;
        const MODULUS: u64 = 2_147_483_647;
        let next = |seed: &u64| Some(seed.checked_mul(FACTOR)? % MODULUS);
        std::iter::successors(Some(FACTOR), next)
            .take(to_usize(NOISE))
            .map(|seed| f32::from_f64(seed.to_f64() / MODULUS.to_f64()))
            .collect()
    })
}

/// The noise of a tile, which counts from 0 as the first one's `seed` does: without end.
fn noise(tile: u64, seed: u64) -> impl Iterator<Item = f64> {
    let all = noises();
    let seed = to_usize((tile % NOISE).saturating_add(seed) % NOISE);
    let mut seeds = all.iter().skip(seed).chain(all.iter().cycle());
    let mut run = [].iter();
    std::iter::from_fn(move || {
        loop {
            if let Some(&number) = run.next() {
                return Some(f64::from(number));
            }
            // Each seed says where among the first 500 its run begins, which goes to the end.
            let start = u16::from_f64((f64::from(*seeds.next()?) * 500.0).trunc());
            run = all.get(usize::from(start)..)?.iter();
        }
    })
}

/// Integers of `width` bytes as those of an image.
#[expect(
    clippy::as_conversions,
    reason = "the numbers are modulo their width, which is how they get their sign"
)]
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
        .take(to_u64(length))
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
                self.tile(number, row, codec, &bytes, primary, to_usize(block.samples()))
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
        assert_eq!(noises()[9999], (1_043_618_065.0 / 2_147_483_647.0) as f32);
    }
}
