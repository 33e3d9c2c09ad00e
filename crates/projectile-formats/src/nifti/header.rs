//! A header (nifti1.h and nifti2.h of the `NIfTI` Data Format Working Group): fields at fixed places, in either byte
//! order.

use projectile_core::{DType, Error, Result, Sample};

/// Bytes of the longer header, that of version 2.
pub(crate) const LONGEST: usize = 540;

/// What an element is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element {
    /// The type of its samples.
    pub dtype: DType,
    /// Samples of an element: 3 or 4 for colours, else 1.
    pub samples: u64,
}

/// What a header says.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// 1 or 2.
    pub version: u8,
    /// Whether the file is big-endian.
    pub big_endian: bool,
    /// Whether the elements are in a file of their own, `.img`.
    pub is_pair: bool,
    /// Elements along x, y, z, t and up to three more: the fastest first.
    pub sizes: Vec<u64>,
    /// What an element is.
    pub element: Element,
    /// From one element to the next along each axis; in the units of `space_unit` along x, y and z, in those of
    /// `time_unit` along t.
    pub steps: Vec<f64>,
    /// The unit along x, y and z.
    pub space_unit: Option<&'static str>,
    /// The unit along t.
    pub time_unit: Option<&'static str>,
    /// Where t begins.
    pub time_start: f64,
    /// The byte of the first element.
    pub start: u64,
    /// What is meant by a stored number: `slope × stored + intercept`.
    pub scaling: Option<(f64, f64)>,
    /// The range of values to show.
    pub window: Option<(f64, f64)>,
    /// What the elements mean.
    pub intent: i32,
    /// A text for people.
    pub description: String,
}

/// Fields of a header by their place.
struct Fields<'a> {
    bytes: &'a [u8],
    big_endian: bool,
}

macro_rules! field {
    ($name:ident, $ty:ty) => {
        fn $name(&self, at: usize) -> Result<$ty> {
            let rest = self.bytes.get(at..);
            let bytes = *rest
                .and_then(<[u8]>::first_chunk)
                .ok_or_else(|| Error::corrupt("the file is cut short in its header"))?;
            Ok(if self.big_endian {
                <$ty>::from_be_bytes(bytes)
            } else {
                <$ty>::from_le_bytes(bytes)
            })
        }
    };
}

impl Fields<'_> {
    field!(u8, u8);
    field!(i16, i16);
    field!(i32, i32);
    field!(i64, i64);
    field!(f32, f32);
    field!(f64, f64);

    fn text(&self, at: usize, length: usize) -> String {
        let rest = self.bytes.get(at..).unwrap_or_default();
        let bytes = rest.get(..length).unwrap_or_default();
        let text: Vec<u8> = bytes.iter().copied().take_while(|&byte| byte != 0).collect();
        String::from_utf8_lossy(&text).trim().to_owned()
    }
}

/// Whether a file begins like one of either version.
pub(crate) fn is_header(head: &[u8]) -> bool {
    let at = |from: usize, bytes: &[u8]| head.get(from..).is_some_and(|rest| rest.starts_with(bytes));
    at(344, b"n+1\0") || at(344, b"ni1\0") || at(4, b"n+2\0\r\n\x1a\n") || at(4, b"ni2\0\r\n\x1a\n")
}

/// Reads the header that a file begins with; of `bytes` no more than 540 are looked at.
///
/// # Errors
/// [`Corrupt`](projectile_core::ErrorKind::Corrupt) when it is none,
/// [`Unsupported`](projectile_core::ErrorKind::Unsupported) for elements that are no numbers of ours.
pub fn parse_header(bytes: &[u8]) -> Result<Header> {
    if !is_header(bytes) {
        return Err(Error::corrupt("it does not begin like a NIfTI file"));
    }
    let little = Fields {
        bytes,
        big_endian: false,
    };
    let size = little.i32(0)?;
    let big_endian = match size {
        348 | 540 => false,
        _ if matches!(size.swap_bytes(), 348 | 540) => true,
        _ => return Err(Error::corrupt("its header has a length that no version has")),
    };
    let fields = Fields { bytes, big_endian };
    if fields.i32(0)? == 348 {
        version_1(&fields)
    } else {
        version_2(&fields)
    }
}

fn version_1(fields: &Fields<'_>) -> Result<Header> {
    let dim = (40..56).step_by(2).map(|at| fields.i16(at).map(i64::from));
    let sizes = sizes(&dim.collect::<Result<Vec<_>>>()?)?;
    let steps = (80..)
        .step_by(4)
        .take(sizes.len())
        .map(|at| fields.f32(at).map(f64::from))
        .collect::<Result<_>>()?;
    let is_pair = fields.text(344, 4) == "ni1";
    let start = f64::from(fields.f32(108)?);
    let (space_unit, time_unit) = units(i32::from(fields.u8(123)?));
    Ok(Header {
        version: 1,
        big_endian: fields.big_endian,
        is_pair,
        sizes,
        element: element(fields.i16(70)?)?,
        steps,
        space_unit,
        time_unit,
        time_start: f64::from(fields.f32(136)?),
        start: first(
            start.is_finite().then_some(i64::from_f64(start.trunc())),
            352,
            is_pair,
        )?,
        scaling: scaling(f64::from(fields.f32(112)?), f64::from(fields.f32(116)?)),
        window: window(f64::from(fields.f32(128)?), f64::from(fields.f32(124)?)),
        intent: i32::from(fields.i16(68)?),
        description: fields.text(148, 80),
    })
}

fn version_2(fields: &Fields<'_>) -> Result<Header> {
    let dim = (16..80).step_by(8).map(|at| fields.i64(at));
    let sizes = sizes(&dim.collect::<Result<Vec<_>>>()?)?;
    let steps = (112..)
        .step_by(8)
        .take(sizes.len())
        .map(|at| fields.f64(at))
        .collect::<Result<_>>()?;
    let is_pair = fields.text(4, 4) == "ni2";
    let (space_unit, time_unit) = units(fields.i32(500)?);
    Ok(Header {
        version: 2,
        big_endian: fields.big_endian,
        is_pair,
        sizes,
        element: element(fields.i16(12)?)?,
        steps,
        space_unit,
        time_unit,
        time_start: fields.f64(216)?,
        start: first(Some(fields.i64(168)?), 544, is_pair)?,
        scaling: scaling(fields.f64(176)?, fields.f64(184)?),
        window: window(fields.f64(200)?, fields.f64(192)?),
        intent: fields.i32(504)?,
        description: fields.text(240, 80),
    })
}

/// `dim`: how many axes, then the size of each.
fn sizes(dim: &[i64]) -> Result<Vec<u64>> {
    let wrong = || Error::corrupt(format!("its header has no valid sizes: {dim:?}"));
    let (&count, sizes) = dim.split_first().ok_or_else(wrong)?;
    let count = usize::try_from(count).ok().filter(|&count| count > 0);
    let sizes = count.and_then(|count| sizes.get(..count));
    sizes
        .ok_or_else(wrong)?
        .iter()
        .map(|&size| {
            u64::try_from(size)
                .ok()
                .filter(|&size| size > 0)
                .ok_or_else(wrong)
        })
        .collect()
}

/// `vox_offset`, which in a single file is not inside the header.
fn first(start: Option<i64>, least: u64, is_pair: bool) -> Result<u64> {
    let start = start
        .and_then(|start| u64::try_from(start).ok())
        .ok_or_else(|| Error::corrupt("its header has no valid vox_offset"))?;
    // Some writers leave it at 0.
    Ok(if is_pair { start } else { start.max(least) })
}

fn scaling(slope: f64, intercept: f64) -> Option<(f64, f64)> {
    let means_something = slope.is_finite() && intercept.is_finite() && slope != 0.0;
    (means_something && (slope, intercept) != (1.0, 0.0)).then_some((slope, intercept))
}

fn window(least: f64, most: f64) -> Option<(f64, f64)> {
    (least.is_finite() && most.is_finite() && most > least).then_some((least, most))
}

/// `xyzt_units`.
fn units(code: i32) -> (Option<&'static str>, Option<&'static str>) {
    let space = match code & 0x07 {
        1 => Some("m"),
        2 => Some("mm"),
        3 => Some("µm"),
        _ => None,
    };
    let time = match code & 0x38 {
        8 => Some("s"),
        16 => Some("ms"),
        24 => Some("µs"),
        32 => Some("Hz"),
        40 => Some("ppm"),
        48 => Some("rad/s"),
        _ => None,
    };
    (space, time)
}

/// `datatype`.
fn element(code: i16) -> Result<Element> {
    let (dtype, samples) = match code {
        2 => (DType::UInt8, 1),
        4 => (DType::Int16, 1),
        8 => (DType::Int32, 1),
        16 => (DType::Float32, 1),
        32 => (DType::Complex64, 1),
        64 => (DType::Float64, 1),
        128 => (DType::UInt8, 3),
        256 => (DType::Int8, 1),
        512 => (DType::UInt16, 1),
        768 => (DType::UInt32, 1),
        1024 => (DType::Int64, 1),
        1280 => (DType::UInt64, 1),
        1792 => (DType::Complex128, 1),
        2304 => (DType::UInt8, 4),
        _ => {
            return Err(Error::unsupported(format!(
                "its elements are of the datatype {code}, which is not read: pip install projectile nibabel, then \
                 projectile.show(nibabel.load(path).get_fdata())"
            )));
        }
    };
    Ok(Element { dtype, samples })
}
