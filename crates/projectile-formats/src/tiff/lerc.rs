//! Chunks in LERC, Esri's "limited error raster compression".

use lerc::SampleData;
use projectile_core::{DType, Error, Result};

use super::page::Page;

/// The samples of a chunk, row by row, in the byte order of the file. Where it says that there is none, NaN; of integers the
/// file's nodata, or 0.
pub(super) fn decoded(stored: &[u8], page: &Page, rows: u64, big_endian: bool) -> Result<Vec<u8>> {
    let broken = |reason: String| Error::corrupt(format!("a LERC chunk cannot be decoded: {reason}"));
    let info = lerc::decode_info(stored).map_err(|e| broken(e.to_string()))?;
    let (width, height) = (u64::from(info.width), u64::from(info.height));
    let samples = page.chunk_samples();
    if width != page.chunk_width
        || height < rows
        || height > page.chunk_height
        || u64::from(info.depth).checked_mul(info.bands.into()) != Some(samples)
    {
        return Err(broken(format!(
            "it holds {width} × {height} pixels of {} × {} samples",
            info.depth, info.bands
        )));
    }
    let image = lerc::decode(stored).map_err(|e| broken(e.to_string()))?;
    let dtype = match &image.data {
        SampleData::I8(_) => DType::Int8,
        SampleData::U8(_) => DType::UInt8,
        SampleData::I16(_) => DType::Int16,
        SampleData::U16(_) => DType::UInt16,
        SampleData::I32(_) => DType::Int32,
        SampleData::U32(_) => DType::UInt32,
        SampleData::F32(_) => DType::Float32,
        SampleData::F64(_) => DType::Float64,
    };
    let (pixels, depth) = ((width * height) as usize, info.depth as usize);
    if dtype != page.dtype || page.bits as usize != dtype.size() * 8 {
        return Err(broken(format!("it holds {dtype}, the file says {}", page.dtype)));
    }
    macro_rules! bytes {
        ($values:expr, $ty:ty, $none:expr) => {{
            let none: $ty = $none;
            let mut bytes = Vec::with_capacity($values.len() * size_of::<$ty>());
            if $values.len() as u64 != samples * pixels as u64 {
                return Err(broken("it ends early".to_owned()));
            }
            for pixel in 0..pixels {
                // Bands follow each other, each of them with its depth together.
                for band in 0..info.bands as usize {
                    let is_valid = image
                        .valid_masks
                        .get(band)
                        .is_none_or(|mask| mask.is_valid(pixel));
                    for at in 0..depth {
                        let value = if is_valid {
                            $values[(band * pixels + pixel) * depth + at]
                        } else {
                            none
                        };
                        if big_endian {
                            bytes.extend_from_slice(&value.to_be_bytes());
                        } else {
                            bytes.extend_from_slice(&value.to_le_bytes());
                        }
                    }
                }
            }
            bytes
        }};
    }
    let nodata = page.nodata.unwrap_or(0.0);
    Ok(match &image.data {
        SampleData::I8(values) => bytes!(values, i8, nodata as i8),
        SampleData::U8(values) => bytes!(values, u8, nodata as u8),
        SampleData::I16(values) => bytes!(values, i16, nodata as i16),
        SampleData::U16(values) => bytes!(values, u16, nodata as u16),
        SampleData::I32(values) => bytes!(values, i32, nodata as i32),
        SampleData::U32(values) => bytes!(values, u32, nodata as u32),
        SampleData::F32(values) => bytes!(values, f32, f32::NAN),
        SampleData::F64(values) => bytes!(values, f64, f64::NAN),
    })
}
