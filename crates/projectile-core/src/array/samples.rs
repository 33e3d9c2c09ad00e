//! Typed, shared buffers of samples.

use std::fmt;
use std::sync::Arc;

use half::f16;

use super::DType;

/// Shared, read-only samples of one type: a `Vec`, or any memory that can lend itself as a slice
/// (a numpy array's, say), kept alive as long as somebody looks at it.
pub struct Buffer<T>(Arc<dyn AsRef<[T]> + Send + Sync>);

impl<T> Buffer<T> {
    /// Shares `owner`'s slice without copying it.
    pub fn new(owner: impl AsRef<[T]> + Send + Sync + 'static) -> Self {
        Self(Arc::new(owner))
    }

    /// The samples.
    pub fn as_slice(&self) -> &[T] {
        (*self.0).as_ref()
    }
}

impl<T> Clone for Buffer<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Send + Sync + 'static> From<Vec<T>> for Buffer<T> {
    fn from(samples: Vec<T>) -> Self {
        Self::new(samples)
    }
}

impl<T> fmt::Debug for Buffer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buffer({} samples)", self.as_slice().len())
    }
}

/// A shared buffer of samples of any [`DType`]. Bool is kept as bytes, 0 or 1; complex as pairs.
#[derive(Clone, Debug)]
pub enum Samples {
    /// `bool`, as bytes that are 0 or 1.
    Bool(Buffer<u8>),
    /// `uint8`.
    UInt8(Buffer<u8>),
    /// `uint16`.
    UInt16(Buffer<u16>),
    /// `uint32`.
    UInt32(Buffer<u32>),
    /// `uint64`.
    UInt64(Buffer<u64>),
    /// `int8`.
    Int8(Buffer<i8>),
    /// `int16`.
    Int16(Buffer<i16>),
    /// `int32`.
    Int32(Buffer<i32>),
    /// `int64`.
    Int64(Buffer<i64>),
    /// `float16`.
    Float16(Buffer<f16>),
    /// `float32`.
    Float32(Buffer<f32>),
    /// `float64`.
    Float64(Buffer<f64>),
    /// `complex64`, as (real, imaginary).
    Complex64(Buffer<[f32; 2]>),
    /// `complex128`, as (real, imaginary).
    Complex128(Buffer<[f64; 2]>),
}

/// Runs `$body` with `$slice` bound to the typed slice of `$samples`, whatever its type; with `complex => …`, that
/// instead for complex samples. Bool is bytes.
macro_rules! with_samples {
    (@ $samples:expr, $slice:ident, $body:expr, [$($variant:ident)*], $($more:tt)*) => {
        match $samples {
            $($crate::array::Samples::$variant(buffer) => {
                let $slice = buffer.as_slice();
                $body
            })*
            $($more)*
        }
    };
    ($samples:expr, $slice:ident => $body:expr) => {
        $crate::array::with_samples!(@ $samples, $slice, $body, [
            Bool UInt8 UInt16 UInt32 UInt64 Int8 Int16 Int32 Int64 Float16 Float32 Float64 Complex64 Complex128
        ],)
    };
    ($samples:expr, $slice:ident => $body:expr, complex => $complex:expr) => {
        $crate::array::with_samples!(@ $samples, $slice, $body, [
            Bool UInt8 UInt16 UInt32 UInt64 Int8 Int16 Int32 Int64 Float16 Float32 Float64
        ], $crate::array::Samples::Complex64(_) | $crate::array::Samples::Complex128(_) => $complex)
    };
}
pub(crate) use with_samples;

impl Samples {
    /// The type of each sample.
    pub fn dtype(&self) -> DType {
        match self {
            Self::Bool(_) => DType::Bool,
            Self::UInt8(_) => DType::UInt8,
            Self::UInt16(_) => DType::UInt16,
            Self::UInt32(_) => DType::UInt32,
            Self::UInt64(_) => DType::UInt64,
            Self::Int8(_) => DType::Int8,
            Self::Int16(_) => DType::Int16,
            Self::Int32(_) => DType::Int32,
            Self::Int64(_) => DType::Int64,
            Self::Float16(_) => DType::Float16,
            Self::Float32(_) => DType::Float32,
            Self::Float64(_) => DType::Float64,
            Self::Complex64(_) => DType::Complex64,
            Self::Complex128(_) => DType::Complex128,
        }
    }

    /// How many samples there are.
    pub fn len(&self) -> usize {
        with_samples!(self, slice => slice.len())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Samples from bytes as a file holds them, in little- or big-endian order. A trailing part of a sample is
    /// dropped; bool bytes other than 0 become 1.
    pub fn from_bytes(dtype: DType, bytes: &[u8], big_endian: bool) -> Self {
        macro_rules! words {
            ($variant:ident, $ty:ty) => {{
                const SIZE: usize = size_of::<$ty>();
                let words: Vec<$ty> = bytes
                    .chunks_exact(SIZE)
                    .map(|chunk| {
                        let mut word = [0u8; SIZE];
                        word.copy_from_slice(chunk);
                        if big_endian {
                            <$ty>::from_be_bytes(word)
                        } else {
                            <$ty>::from_le_bytes(word)
                        }
                    })
                    .collect();
                words
            }};
        }
        match dtype {
            DType::Bool => Self::Bool(bytes.iter().map(|&b| u8::from(b != 0)).collect::<Vec<_>>().into()),
            DType::UInt8 => Self::UInt8(bytes.to_vec().into()),
            DType::Int8 => Self::Int8(words!(Int8, i8).into()),
            DType::UInt16 => Self::UInt16(words!(UInt16, u16).into()),
            DType::UInt32 => Self::UInt32(words!(UInt32, u32).into()),
            DType::UInt64 => Self::UInt64(words!(UInt64, u64).into()),
            DType::Int16 => Self::Int16(words!(Int16, i16).into()),
            DType::Int32 => Self::Int32(words!(Int32, i32).into()),
            DType::Int64 => Self::Int64(words!(Int64, i64).into()),
            DType::Float16 => Self::Float16(words!(Float16, f16).into()),
            DType::Float32 => Self::Float32(words!(Float32, f32).into()),
            DType::Float64 => Self::Float64(words!(Float64, f64).into()),
            DType::Complex64 => Self::Complex64(
                words!(f32, f32)
                    .chunks_exact(2)
                    .map(|p| [p[0], p[1]])
                    .collect::<Vec<_>>()
                    .into(),
            ),
            DType::Complex128 => Self::Complex128(
                words!(f64, f64)
                    .chunks_exact(2)
                    .map(|p| [p[0], p[1]])
                    .collect::<Vec<_>>()
                    .into(),
            ),
        }
    }
}

/// One sample of a real type. Bool shares `u8`.
pub trait Sample: bytemuck::Pod + PartialOrd + Send + Sync + fmt::Debug {
    /// The value as f64: exact for all but 64-bit integers beyond ±2^53.
    fn to_f64(self) -> f64;

    /// The nearest value of this type to `value`: ties to even, NaN to 0 and out-of-range values to the ends for
    /// integers.
    fn from_f64(value: f64) -> Self;

    /// Whether it is a NaN; never for integers.
    fn is_nan(self) -> bool;

    /// `samples` as [`Samples`] of this type; `u8` becomes `uint8`.
    fn wrap(samples: Vec<Self>) -> Samples;
}

macro_rules! sample {
    (int $($ty:ty, $variant:ident;)*) => {$(
        impl Sample for $ty {
            #[inline]
            #[allow(clippy::cast_lossless, reason = "the same macro serves 64-bit integers, for which From is not")]
            fn to_f64(self) -> f64 {
                self as f64
            }
            #[inline]
            fn from_f64(value: f64) -> Self {
                value.round_ties_even() as $ty
            }
            #[inline]
            fn is_nan(self) -> bool {
                false
            }
            fn wrap(samples: Vec<Self>) -> Samples {
                Samples::$variant(samples.into())
            }
        }
    )*};
}

sample! { int
    u8, UInt8; u16, UInt16; u32, UInt32; u64, UInt64;
    i8, Int8; i16, Int16; i32, Int32; i64, Int64;
}

impl Sample for f16 {
    #[inline]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
    #[inline]
    fn from_f64(value: f64) -> Self {
        f16::from_f64(value)
    }
    #[inline]
    fn is_nan(self) -> bool {
        f16::is_nan(self)
    }
    fn wrap(samples: Vec<Self>) -> Samples {
        Samples::Float16(samples.into())
    }
}

impl Sample for f32 {
    #[inline]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
    #[inline]
    fn from_f64(value: f64) -> Self {
        value as f32
    }
    #[inline]
    fn is_nan(self) -> bool {
        f32::is_nan(self)
    }
    fn wrap(samples: Vec<Self>) -> Samples {
        Samples::Float32(samples.into())
    }
}

impl Sample for f64 {
    #[inline]
    fn to_f64(self) -> f64 {
        self
    }
    #[inline]
    fn from_f64(value: f64) -> Self {
        value
    }
    #[inline]
    fn is_nan(self) -> bool {
        f64::is_nan(self)
    }
    fn wrap(samples: Vec<Self>) -> Samples {
        Samples::Float64(samples.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_become_samples_in_either_order() {
        let Samples::UInt16(little) = Samples::from_bytes(DType::UInt16, &[1, 2, 3, 4, 9], false) else {
            panic!("another type")
        };
        assert_eq!(little.as_slice(), [0x0201, 0x0403]);
        let Samples::Complex64(big) =
            Samples::from_bytes(DType::Complex64, &[0x3f, 0x80, 0, 0, 0xc0, 0, 0, 0], true)
        else {
            panic!("another type")
        };
        assert_eq!(big.as_slice(), [[1.0, -2.0]]);
    }
}
