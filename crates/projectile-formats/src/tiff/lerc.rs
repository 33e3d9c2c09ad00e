//! Chunks in LERC, Esri's "limited error raster compression".

use lerc::SampleData;
use projectile_core::{DType, Error, Result, Sample};

use super::page::Page;
use crate::sizes::{product, to_u64, to_usize};

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
    let count = product(&[width, height, samples]);
    let of_band = product(&[width, height, info.depth.into()]).map_or(usize::MAX, to_usize);
    let depth = to_usize(info.depth.into());
    if dtype != page.dtype || !page.is_unpacked() {
        return Err(broken(format!("it holds {dtype}, the file says {}", page.dtype)));
    }
    macro_rules! bytes {
        ($values:expr, $none:expr) => {{
            if Some(to_u64($values.len())) != count {
                return Err(broken("it ends early".to_owned()));
            }
            let none = Sample::from_f64($none);
            let mut bytes = Vec::with_capacity(size_of_val(&$values[..]));
            // Bands follow each other, each of them with its depth together.
            let mut bands: Vec<_> = $values
                .chunks_exact(of_band)
                .map(|band| band.chunks_exact(depth))
                .collect();
            let pixels = bands.first().map_or(0, ExactSizeIterator::len);
            for pixel in 0..pixels {
                for (number, band) in bands.iter_mut().enumerate() {
                    let mask = image.valid_masks.get(number);
                    let is_valid = mask.is_none_or(|mask| mask.is_valid(pixel));
                    for &value in band.next().unwrap_or_default() {
                        let value = if is_valid { value } else { none };
                        bytes.extend_from_slice(&if big_endian {
                            value.to_be_bytes()
                        } else {
                            value.to_le_bytes()
                        });
                    }
                }
            }
            bytes
        }};
    }
    let nodata = page.nodata.unwrap_or(0.0);
    Ok(match &image.data {
        SampleData::I8(values) => bytes!(values, nodata),
        SampleData::U8(values) => bytes!(values, nodata),
        SampleData::I16(values) => bytes!(values, nodata),
        SampleData::U16(values) => bytes!(values, nodata),
        SampleData::I32(values) => bytes!(values, nodata),
        SampleData::U32(values) => bytes!(values, nodata),
        SampleData::F32(values) => bytes!(values, f64::NAN),
        SampleData::F64(values) => bytes!(values, f64::NAN),
    })
}
