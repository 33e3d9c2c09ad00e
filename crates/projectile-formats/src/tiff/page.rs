//! One image of a TIFF: what its tags say, checked, and where its chunks lie.

use projectile_core::{DType, Error, Result};

use super::ifd::{Directory, File};
use crate::sizes::{to_u64, to_usize};

/// What the samples are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Photometric {
    WhiteIsZero,
    BlackIsZero,
    Rgb,
    Palette,
    Cmyk,
    YCbCr,
    /// Anything else: shown as channels of data.
    Other(u64),
}

/// One image, as its directory describes it.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a tag of its own")]
pub(crate) struct Page {
    pub(crate) width: u64,
    pub(crate) height: u64,
    pub(crate) samples: u64,
    /// Bits of each sample as stored.
    pub(crate) bits: u32,
    /// The type that a sample has in memory.
    pub(crate) dtype: DType,
    pub(crate) photometric: Photometric,
    pub(crate) compression: u64,
    /// Whether each channel has chunks of its own.
    pub(crate) planar: bool,
    pub(crate) predictor: u64,
    /// Whether the bits of each stored byte are reversed.
    pub(crate) reversed: bool,
    pub(crate) tiled: bool,
    pub(crate) chunk_width: u64,
    pub(crate) chunk_height: u64,
    /// Kinds of the samples beyond the colours: 1 premultiplied alpha, 2 alpha, else unknown.
    pub(crate) extra: Option<Vec<u64>>,
    /// Whether it is a smaller version of another image, or a mask of one.
    pub(crate) secondary: bool,
    pub(crate) is_mask: bool,
    pub(crate) orientation: u8,
    pub(crate) nodata: Option<f64>,
    pub(crate) profile: bool,
    /// Of the chroma of YCbCr: pixels across and down for each of its samples.
    pub(crate) subsampling: [u64; 2],
}

/// Where the chunks of a page lie: offset and length, one plane after the other, row by row.
#[derive(Clone, Debug)]
pub(crate) struct Chunks {
    pub(crate) spans: Vec<(u64, u64)>,
    pub(crate) tables: Tables,
}

/// What a page says once for the decoding of all its chunks.
#[derive(Clone, Debug)]
pub(crate) struct Tables {
    pub(crate) jpeg: Option<Vec<u8>>,
    /// Options of fax compression.
    pub(crate) fax_options: u64,
    /// What LERC is compressed by once more: 0 nothing, 1 deflate, 2 zstd.
    pub(crate) lerc: u64,
    /// The most scans that are read of a JPEG chunk.
    pub(crate) scans: usize,
}

impl Tables {
    pub(crate) fn read(file: &mut File, tags: &Directory) -> Result<Self> {
        Ok(Self {
            jpeg: file.bytes(tags, 347)?.map(|(_, bytes)| bytes),
            fax_options: file.integer(tags, 292)?.unwrap_or(0),
            lerc: file
                .integers(tags, 50674)?
                .and_then(|values| values.get(1).copied())
                .unwrap_or(0),
            scans: file.limits.scans,
        })
    }
}

impl Page {
    pub(crate) fn read(file: &mut File, tags: &Directory) -> Result<Self> {
        let missing = |name: &str| Error::corrupt(format!("it does not say its {name}"));
        let width = file.integer(tags, 256)?.ok_or_else(|| missing("width"))?;
        let height = file.integer(tags, 257)?.ok_or_else(|| missing("height"))?;
        if width == 0 || height == 0 || width > u64::from(u32::MAX) || height > u64::from(u32::MAX) {
            return Err(Error::corrupt(format!("it has no pixels: {width} × {height}")));
        }
        let samples = file.integer(tags, 277)?.unwrap_or(1);
        if samples == 0 || samples > u64::from(u16::MAX) {
            return Err(Error::corrupt(format!("{samples} samples a pixel cannot be")));
        }
        let depths = file.integers(tags, 258)?.unwrap_or_else(|| vec![1]);
        let bits = *depths.first().ok_or_else(|| missing("bits per sample"))?;
        if depths.iter().any(|&other| other != bits) {
            return Err(Error::unsupported(format!(
                "its channels differ in bits: {depths:?}"
            )));
        }
        let format = file.integers(tags, 339)?.unwrap_or_else(|| vec![1]);
        if format.iter().any(|other| Some(other) != format.first()) {
            return Err(Error::unsupported("its channels differ in type"));
        }
        let dtype = dtype_of(bits, format.first().copied().unwrap_or(1))?;
        let photometric = match file.integer(tags, 262)? {
            Some(0) => Photometric::WhiteIsZero,
            Some(1 | 4) => Photometric::BlackIsZero,
            Some(2) => Photometric::Rgb,
            Some(3) => Photometric::Palette,
            Some(5) => Photometric::Cmyk,
            Some(6) => Photometric::YCbCr,
            Some(other) => Photometric::Other(other),
            None if samples >= 3 => Photometric::Rgb,
            None => Photometric::BlackIsZero,
        };
        let tile = (file.integer(tags, 322)?, file.integer(tags, 323)?);
        let (tiled, chunk_width, chunk_height) = match tile {
            (Some(width), Some(height)) => (true, width, height),
            _ => (
                false,
                width,
                file.integer(tags, 278)?.unwrap_or(height).min(height),
            ),
        };
        // A tile may be larger than the image, but not by any number: its rows are read into memory.
        if chunk_width == 0
            || chunk_height == 0
            || chunk_width > width.saturating_add(1 << 16)
            || chunk_height > height.saturating_add(1 << 16)
        {
            return Err(Error::corrupt(format!(
                "chunks of {chunk_width} × {chunk_height} cannot be"
            )));
        }
        let subsampling = match file.integers(tags, 530)?.as_deref() {
            Some(&[across, down, ..]) => [across, down],
            _ => [2, 2],
        };
        let nodata = file.text(tags, 42113)?.and_then(|text| text.trim().parse().ok());
        let kind = file.integer(tags, 254)?.unwrap_or(0);
        let compression = file.integer(tags, 259)?.unwrap_or(1);
        // These give samples out as they are: libtiff heeds no predictor for them.
        let predictor = match compression {
            7 | 33003 | 33005 | 34712 | 34887 | 50001 => 1,
            _ => file.integer(tags, 317)?.unwrap_or(1),
        };
        let orientation = file.integer(tags, 274)?.unwrap_or(1);
        Ok(Self {
            width,
            height,
            samples,
            bits: u32::try_from(bits)
                .map_err(|_| Error::corrupt(format!("samples of {bits} bits cannot be")))?,
            dtype,
            photometric,
            compression,
            planar: samples > 1 && file.integer(tags, 284)? == Some(2),
            predictor,
            reversed: file.integer(tags, 266)? == Some(2),
            tiled,
            chunk_width,
            chunk_height,
            extra: file.integers(tags, 338)?,
            secondary: kind & 0b101 != 0 || file.integer(tags, 255)? == Some(2),
            is_mask: kind & 0b100 != 0,
            orientation: u8::try_from(orientation)
                .ok()
                .filter(|o| (1..=8).contains(o))
                .unwrap_or(1),
            nodata,
            profile: tags.has(34675),
            subsampling,
        })
    }

    /// Samples of one pixel in one chunk.
    pub(crate) fn chunk_samples(&self) -> u64 {
        if self.planar { 1 } else { self.samples }
    }

    /// Whether samples are stored as wide as they are in memory.
    pub(crate) fn is_unpacked(&self) -> bool {
        self.bits.is_multiple_of(8) && u64::from(self.bits / 8) == to_u64(self.dtype.size())
    }

    /// Bytes of so many stored columns of a row, no more than a chunk has.
    #[expect(
        clippy::arithmetic_side_effects,
        reason = "columns are below 2^33, samples below 2^16 and bits below 2^8 where a page was read"
    )]
    pub(crate) fn row_bytes(&self, columns: u64) -> u64 {
        (columns * self.chunk_samples() * u64::from(self.bits)).div_ceil(8)
    }

    /// Bytes of one stored row of a chunk.
    pub(crate) fn chunk_row_bytes(&self) -> u64 {
        self.row_bytes(self.chunk_width)
    }

    /// Bytes of the samples of a whole chunk.
    pub(crate) fn chunk_bytes(&self) -> u64 {
        self.chunk_row_bytes().saturating_mul(self.chunk_height)
    }

    /// Bytes that a stored chunk cannot have more of: the worst of codecs, with its tables.
    pub(crate) fn most_stored(&self) -> u64 {
        self.chunk_bytes().saturating_mul(2).saturating_add(1 << 20)
    }

    /// Chunks across and down one plane.
    pub(crate) fn grid(&self) -> (u64, u64) {
        (
            self.width.div_ceil(self.chunk_width),
            self.height.div_ceil(self.chunk_height),
        )
    }

    /// Whether pages like this can be slices of one stack.
    pub(crate) fn stacks_with(&self, other: &Self) -> bool {
        let shape = |page: &Self| {
            (
                page.width,
                page.height,
                page.samples,
                page.dtype,
                page.bits,
                page.orientation,
            )
        };
        shape(self) == shape(other) && self.photometric == other.photometric && self.extra == other.extra
    }

    /// Whether this is a smaller version of another page.
    pub(crate) fn is_overview_of(&self, other: &Self) -> bool {
        let kind = |page: &Self| (page.samples, page.dtype, page.bits, page.orientation);
        kind(self) == kind(other)
            && self.photometric == other.photometric
            && self.extra == other.extra
            && !self.is_mask
            && self.width <= other.width
            && self.height <= other.height
    }

    /// Where the chunks lie, inside the file and in number as the sizes need them.
    pub(crate) fn chunks(&self, file: &mut File, tags: &Directory) -> Result<Chunks> {
        let (offset_tag, length_tag) = if self.tiled { (324, 325) } else { (273, 279) };
        let offsets = file
            .integers(tags, offset_tag)?
            .ok_or_else(|| Error::corrupt("it does not say where its pixels are"))?;
        let lengths = file.integers(tags, length_tag)?.unwrap_or_default();
        let (across, down) = self.grid();
        let planes = if self.planar { self.samples } else { 1 };
        let needed = across.saturating_mul(down).saturating_mul(planes);
        if to_u64(offsets.len()) < needed {
            return Err(Error::corrupt(format!(
                "{} chunks where its sizes need {needed}",
                offsets.len()
            )));
        }
        let needed = to_usize(needed);
        let mut spans = Vec::with_capacity(needed);
        for (i, &offset) in offsets.iter().take(needed).enumerate() {
            // Old writers leave the lengths out: a chunk then ends with the file.
            let length = lengths
                .get(i)
                .copied()
                .unwrap_or_else(|| file.len.saturating_sub(offset));
            if offset.checked_add(length).is_none_or(|end| end > file.len) {
                return Err(Error::corrupt(
                    "the file is truncated: a chunk of its pixels lies beyond its end",
                ));
            }
            spans.push((offset, length));
        }
        Ok(Chunks {
            spans,
            tables: Tables::read(file, tags)?,
        })
    }
}

fn dtype_of(bits: u64, format: u64) -> Result<DType> {
    Ok(match (format, bits) {
        (1 | 4, 1..=8) => DType::UInt8,
        (1 | 4, 9..=16) => DType::UInt16,
        (1 | 4, 17..=32) => DType::UInt32,
        (1 | 4, 64) => DType::UInt64,
        (2, 8) => DType::Int8,
        (2, 16) => DType::Int16,
        (2, 32) => DType::Int32,
        (2, 64) => DType::Int64,
        (3, 16) => DType::Float16,
        (3, 32) => DType::Float32,
        (3, 64) => DType::Float64,
        (6, 64) => DType::Complex64,
        (6, 128) => DType::Complex128,
        (5 | 6, _) => {
            return Err(Error::unsupported(format!(
                "complex numbers of {bits} bits are not read: only those of two 32-bit or 64-bit floats"
            )));
        }
        (1..=4, 1..=128) => return Err(Error::unsupported(format!("samples of {bits} bits are not read"))),
        _ => {
            return Err(Error::corrupt(format!(
                "samples of {bits} bits and format {format} cannot be"
            )));
        }
    })
}
