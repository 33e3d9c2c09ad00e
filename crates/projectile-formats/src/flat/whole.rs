//! Reading an array whole, straight into the memory that it will live in.

use std::io::Read;

use bytemuck::Pod;
use half::f16;
use projectile_core::{DType, Error, Result, Samples};

use super::place::header_error;
use crate::open::OpenOptions;
use crate::sizes::to_u64;

/// Bytes between two looks at the cancel flag.
const CHUNK: usize = 8 << 20;

/// Reads `count` elements. Whoever calls has made sure that they are there and may be kept.
pub(crate) fn read_samples(
    reader: &mut impl Read,
    dtype: DType,
    big_endian: bool,
    count: u64,
    options: &OpenOptions,
) -> Result<Samples> {
    let count =
        usize::try_from(count).map_err(|_| Error::limit("the array is larger than this machine's memory"))?;
    let mut fill = |bytes: &mut [u8]| {
        fill(reader, bytes, options)?;
        if big_endian {
            bytes.chunks_exact_mut(dtype.word()).for_each(<[u8]>::reverse);
        }
        Ok(())
    };
    Ok(match dtype {
        DType::Bool => {
            let mut bytes = read_as::<u8>(count, &mut fill)?;
            for byte in &mut bytes {
                *byte = u8::from(*byte != 0);
            }
            Samples::Bool(bytes.into())
        }
        DType::UInt8 => Samples::UInt8(read_as::<u8>(count, &mut fill)?.into()),
        DType::UInt16 => Samples::UInt16(read_as::<u16>(count, &mut fill)?.into()),
        DType::UInt32 => Samples::UInt32(read_as::<u32>(count, &mut fill)?.into()),
        DType::UInt64 => Samples::UInt64(read_as::<u64>(count, &mut fill)?.into()),
        DType::Int8 => Samples::Int8(read_as::<i8>(count, &mut fill)?.into()),
        DType::Int16 => Samples::Int16(read_as::<i16>(count, &mut fill)?.into()),
        DType::Int32 => Samples::Int32(read_as::<i32>(count, &mut fill)?.into()),
        DType::Int64 => Samples::Int64(read_as::<i64>(count, &mut fill)?.into()),
        DType::Float16 => Samples::Float16(read_as::<f16>(count, &mut fill)?.into()),
        DType::Float32 => Samples::Float32(read_as::<f32>(count, &mut fill)?.into()),
        DType::Float64 => Samples::Float64(read_as::<f64>(count, &mut fill)?.into()),
        DType::Complex64 => Samples::Complex64(read_as::<[f32; 2]>(count, &mut fill)?.into()),
        DType::Complex128 => Samples::Complex128(read_as::<[f64; 2]>(count, &mut fill)?.into()),
    })
}

fn read_as<T: Pod>(count: usize, fill: &mut impl FnMut(&mut [u8]) -> Result<()>) -> Result<Vec<T>> {
    let mut samples: Vec<T> = Vec::new();
    samples
        .try_reserve_exact(count)
        .map_err(|_| Error::limit("the array does not fit into memory"))?;
    samples.resize(count, T::zeroed());
    // Files are little-endian as this machine is; where they are not, `fill` turns each word over.
    fill(bytemuck::cast_slice_mut(&mut samples))?;
    Ok(samples)
}

fn fill(reader: &mut impl Read, bytes: &mut [u8], options: &OpenOptions) -> Result<()> {
    let total = to_u64(bytes.len());
    let mut done = 0u64;
    for chunk in bytes.chunks_mut(CHUNK) {
        options.cancel.check()?;
        reader.read_exact(chunk).map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => Error::corrupt(format!(
                "the file is cut short: its header promises {total} bytes of elements"
            )),
            _ => header_error(&error),
        })?;
        done = done.saturating_add(to_u64(chunk.len()));
        if let Some(progress) = &options.progress {
            progress.update(done, total);
        }
    }
    Ok(())
}
