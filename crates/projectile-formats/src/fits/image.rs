//! An image of a file: plain, or compressed by tiles in a table.

use std::sync::Arc;

use projectile_core::{DType, Error, Result, Sample, Source, SourceInfo};

use super::axes::{axes, dimensions};
use super::header::Header;
use super::tiled;
use super::units::Unit;
use crate::flat::{self, FlatArray, Linear, Meaning, Place};
use crate::open::OpenOptions;
use crate::sizes::to_u64;

/// An image, of which nothing but the header has been read.
#[derive(Debug)]
pub(crate) struct Image<'a> {
    unit: &'a Unit,
    is_tiled: bool,
}

/// The dtype of a `BITPIX`, as it is stored.
pub(super) fn dtype(bits: i64) -> Option<DType> {
    Some(match bits {
        8 => DType::UInt8,
        16 => DType::Int16,
        32 => DType::Int32,
        64 => DType::Int64,
        -32 => DType::Float32,
        -64 => DType::Float64,
        _ => return None,
    })
}

impl<'a> Image<'a> {
    /// The image of a unit; `None` where it holds none: tables, vectors, empty ones.
    pub(crate) fn of(unit: &'a Unit) -> Result<Option<Self>> {
        let header = &unit.header;
        let is_tiled = header.is_true("ZIMAGE") && header.text("XTENSION") == Some("BINTABLE");
        let is_plain = match header.text("XTENSION") {
            None => !header.is_true("GROUPS"),
            Some("IMAGE" | "IUEIMAGE") => true,
            Some(_) => false,
        };
        if !is_tiled && !is_plain {
            return Ok(None);
        }
        let sizes = header.sizes(if is_tiled { "ZNAXIS" } else { "NAXIS" })?;
        let is_image = sizes.len() >= 2 && !sizes.contains(&0);
        Ok(is_image.then_some(Self { unit, is_tiled }))
    }

    /// What it is called: `EXTNAME`, with `EXTVER` where that is not 1; empty where it has no name.
    pub(crate) fn name(&self) -> String {
        let header = &self.unit.header;
        let name = header.text("EXTNAME").unwrap_or_default();
        match header.integer("EXTVER") {
            Some(version) if version != 1 && !name.is_empty() => format!("{name},{version}"),
            // fpack calls what it compresses so; it is no name of the image.
            _ if self.is_tiled && name == "COMPRESSED_IMAGE" => String::new(),
            _ => name.to_owned(),
        }
    }

    /// Its pixels; `number` tells it from the file's other ones. `whole` as in [`flat::source`].
    pub(crate) fn source(
        &self,
        number: usize,
        place: &Place,
        options: &OpenOptions,
        whole: &mut u64,
    ) -> Result<Arc<dyn Source>> {
        let header = &self.unit.header;
        let prefix = if self.is_tiled { "Z" } else { "" };
        let bits = header.integer(&format!("{prefix}BITPIX"));
        let stored = bits
            .and_then(dtype)
            .ok_or_else(|| Error::corrupt(format!("its header has no valid {prefix}BITPIX")))?;
        let mut shape = header.sizes(&format!("{prefix}NAXIS"))?;
        shape.reverse();
        let meaning = meaning(header, stored);
        let mut info = SourceInfo::new(meaning.dtype(stored), axes(header, &shape, options)?, "FITS");
        info.dimensions = dimensions(header, shape.len());
        info.version = place.blob().version() ^ to_u64(number).rotate_left(32);
        info.nodata = nodata(header, meaning);
        details(header, &mut info);
        if self.is_tiled {
            return tiled::source(place, self.unit, stored, meaning, info, options);
        }
        let mut array = FlatArray::new(stored, true, self.unit.start, &shape)?;
        array.meaning = meaning;
        flat::source(place, &array, info, options, whole)
    }
}

/// `BZERO + BSCALE × stored`, which for integers is also how those of the other sign are stored.
fn meaning(header: &Header, stored: DType) -> Meaning {
    let (slope, offset) = (
        header.real("BSCALE").unwrap_or(1.0),
        header.real("BZERO").unwrap_or(0.0),
    );
    let blank = header.integer("BLANK").filter(|_| stored.is_integer());
    let middle = match stored {
        DType::UInt8 => Some(-128.0),
        DType::Int16 => Some(f64::from(1u32 << 15)),
        DType::Int32 => Some(f64::from(1u32 << 31)),
        DType::Int64 => Some(9_223_372_036_854_775_808.0),
        _ => None,
    };
    let mut meaning = Meaning::default();
    if slope == 1.0 && middle == Some(offset) {
        meaning.other_sign = true;
    } else if (slope, offset) != (1.0, 0.0) {
        meaning.linear = Some(Linear::new(stored, slope, offset, blank));
    }
    meaning
}

/// `BLANK`, in the numbers that are read; where these are floats, it is NaN among them already.
fn nodata(header: &Header, meaning: Meaning) -> Option<f64> {
    let blank = header.integer("BLANK")?.to_f64();
    match meaning.linear {
        Some(_) => None,
        None if meaning.other_sign => Some(blank + header.real("BZERO").unwrap_or(0.0)),
        None => Some(blank),
    }
}

fn details(header: &Header, info: &mut SourceInfo) {
    for (keyword, name) in [
        ("OBJECT", "object"),
        ("TELESCOP", "telescope"),
        ("INSTRUME", "instrument"),
        ("FILTER", "filter"),
        ("DATE-OBS", "observed"),
        ("BUNIT", "unit"),
    ] {
        if let Some(text) = header.text(keyword) {
            info.details.push((name.to_owned(), text.to_owned()));
        }
    }
    if let Some(seconds) = header.real("EXPTIME") {
        info.details.push(("exposure".to_owned(), format!("{seconds} s")));
    }
}
