//! Which dtype a datatype of HDF5 is.

use hdf5_pure::{Datatype, DatatypeByteOrder};
use projectile_core::{DType, Error, Result};

use crate::sizes::{to_u64, to_usize};

/// A datatype of numbers: its dtype, and whether it is big-endian.
///
/// # Errors
/// [`Unsupported`](projectile_core::ErrorKind::Unsupported) for numbers that have no dtype of ours.
pub(super) fn element(datatype: &Datatype) -> Result<(DType, bool)> {
    let not_read = |what: &str| Error::unsupported(format!("its elements are {what}, which are not read"));
    let big_endian = |order: &DatatypeByteOrder| match order {
        DatatypeByteOrder::LittleEndian => Ok(false),
        DatatypeByteOrder::BigEndian => Ok(true),
        DatatypeByteOrder::Vax => Err(not_read("floats of a VAX")),
    };
    match datatype {
        Datatype::FixedPoint {
            size,
            byte_order,
            layout,
        } => {
            if layout.bit_offset != 0 || size.checked_mul(8) != Some(layout.bit_precision.into()) {
                return Err(not_read("integers of a part of their bits"));
            }
            let dtype = match (size, layout.signed) {
                (1, false) => DType::UInt8,
                (2, false) => DType::UInt16,
                (4, false) => DType::UInt32,
                (8, false) => DType::UInt64,
                (1, true) => DType::Int8,
                (2, true) => DType::Int16,
                (4, true) => DType::Int32,
                (8, true) => DType::Int64,
                _ => return Err(not_read("integers of an unusual size")),
            };
            Ok((dtype, big_endian(byte_order)?))
        }
        Datatype::FloatingPoint {
            size,
            byte_order,
            layout,
        } => {
            let parts = (
                *size,
                layout.bit_offset,
                layout.exponent_size,
                layout.mantissa_size,
                layout.exponent_bias,
            );
            let dtype = match parts {
                (2, 0, 5, 10, 15) => DType::Float16,
                (4, 0, 8, 23, 127) => DType::Float32,
                (8, 0, 11, 52, 1023) => DType::Float64,
                _ => return Err(not_read("floats of another form than IEEE 754 has")),
            };
            Ok((dtype, big_endian(byte_order)?))
        }
        Datatype::Enumeration {
            base_type, members, ..
        } => {
            let base = element(base_type)?;
            let names: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
            // What h5py writes for bool.
            let is_bool = base.0.size() == 1 && names == ["FALSE", "TRUE"];
            Ok(if is_bool { (DType::Bool, false) } else { base })
        }
        Datatype::Compound { size, members } => {
            // What h5py writes for complex numbers.
            let [real, imaginary] = &members[..] else {
                return Err(not_read("records"));
            };
            let (first, second) = (element(&real.datatype)?, element(&imaginary.datatype)?);
            let is_complex = matches!(
                (real.name.as_str(), imaginary.name.as_str()),
                ("r", "i") | ("real", "imag") | ("re", "im")
            );
            let together = real.byte_offset == 0
                && imaginary.byte_offset == to_u64(first.0.size())
                && Some(to_usize((*size).into())) == first.0.size().checked_mul(2);
            match first.0 {
                DType::Float32 if is_complex && together && first == second => {
                    Ok((DType::Complex64, first.1))
                }
                DType::Float64 if is_complex && together && first == second => {
                    Ok((DType::Complex128, first.1))
                }
                _ => Err(not_read("records")),
            }
        }
        _ => Err(not_read("no numbers")),
    }
}

/// Whether a datatype is one of numbers at all, so that it would be an image.
pub(super) fn is_number(datatype: &Datatype) -> bool {
    match datatype {
        Datatype::FixedPoint { .. } | Datatype::FloatingPoint { .. } | Datatype::Enumeration { .. } => true,
        Datatype::Compound { .. } => element(datatype).is_ok(),
        _ => false,
    }
}
