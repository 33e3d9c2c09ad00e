//! What stored numbers stand for: bits that count, signs, and a line from what is stored to what is meant.

use projectile_core::{DType, Sample, Samples};

/// From stored numbers to those that are meant. By default they are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Meaning {
    /// How many low bits of an unsigned integer count, and whether the highest of them is a sign.
    pub(crate) bits: Option<(u32, bool)>,
    /// Whether integers are of the other sign than the stored type: the middle of the range stands for zero, which is
    /// how formats without unsigned types store them.
    pub(crate) other_sign: bool,
    /// Applied last.
    pub(crate) linear: Option<Linear>,
}

/// `slope × stored + offset`, computed in float64 and rounded once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Linear {
    pub(crate) slope: f64,
    pub(crate) offset: f64,
    /// The type of the result.
    pub(crate) dtype: DType,
    /// The stored integer that stands for no value: NaN, where the result is a float.
    pub(crate) blank: Option<i64>,
}

impl Linear {
    /// The line, its result in float32 where that holds each stored integer, else in float64.
    pub(crate) fn new(stored: DType, slope: f64, offset: f64, blank: Option<i64>) -> Self {
        let is_narrow = stored.size() <= 2 || stored == DType::Float32;
        Self {
            slope,
            offset,
            dtype: if is_narrow { DType::Float32 } else { DType::Float64 },
            blank,
        }
    }
}

/// Numbers that a line can be drawn through.
trait Number: Copy {
    fn float(self) -> f64;
    fn is(self, blank: i64) -> bool;
}

macro_rules! integers {
    ($($ty:ty),*) => {$(
        impl Number for $ty {
            #[allow(clippy::cast_lossless, reason = "the same macro serves 64-bit integers, for which From is not")]
            #[expect(clippy::as_conversions, reason = "64-bit integers are meant to be rounded")]
            fn float(self) -> f64 {
                self as f64
            }
            fn is(self, blank: i64) -> bool {
                i64::try_from(self).is_ok_and(|value| value == blank)
            }
        }
    )*};
}
integers!(u8, u16, u32, u64, i8, i16, i32, i64);

macro_rules! floats {
    ($($ty:ty),*) => {$(
        impl Number for $ty {
            fn float(self) -> f64 {
                f64::from(self)
            }
            fn is(self, _: i64) -> bool {
                false
            }
        }
    )*};
}
floats!(half::f16, f32, f64);

impl Meaning {
    /// The type of what is meant by numbers of type `stored`.
    pub(crate) fn dtype(self, stored: DType) -> DType {
        let mut dtype = stored;
        if let Some((_, true)) = self.bits {
            dtype = of_other_sign(dtype);
        }
        if self.other_sign {
            dtype = of_other_sign(dtype);
        }
        match self.linear {
            Some(linear) if !dtype.is_complex() && dtype != DType::Bool => linear.dtype,
            _ => dtype,
        }
    }

    /// What is meant by `stored`.
    pub(crate) fn of(self, stored: Samples) -> Samples {
        let mut samples = stored;
        if let Some((bits, signed)) = self.bits {
            samples = low_bits(&samples, bits, signed);
        }
        if self.other_sign {
            samples = turned(&samples);
        }
        match self.linear {
            Some(linear) => line(samples, linear),
            None => samples,
        }
    }
}

fn of_other_sign(dtype: DType) -> DType {
    match dtype {
        DType::UInt8 => DType::Int8,
        DType::UInt16 => DType::Int16,
        DType::UInt32 => DType::Int32,
        DType::UInt64 => DType::Int64,
        DType::Int8 => DType::UInt8,
        DType::Int16 => DType::UInt16,
        DType::Int32 => DType::UInt32,
        DType::Int64 => DType::UInt64,
        other => other,
    }
}

fn turned(samples: &Samples) -> Samples {
    macro_rules! turned {
        ($($from:ident $to:ident: $ty:ty;)*) => {
            match samples {
                $(Samples::$from(buffer) => Samples::$to(
                    buffer.as_slice().iter().map(|&v| v.wrapping_add(<$ty>::MIN).cast_unsigned()).collect::<Vec<_>>().into(),
                ),)*
                Samples::UInt8(buffer) => {
                    Samples::Int8(buffer.as_slice().iter().map(|&v| (v ^ 0x80).cast_signed()).collect::<Vec<_>>().into())
                }
                other => other.clone(),
            }
        };
    }
    turned! { Int8 UInt8: i8; Int16 UInt16: i16; Int32 UInt32: i32; Int64 UInt64: i64; }
}

fn low_bits(samples: &Samples, bits: u32, signed: bool) -> Samples {
    macro_rules! low {
        ($($from:ident $to:ident: $unsigned:ty;)*) => {
            match samples {
                $(Samples::$from(buffer) => {
                    let above = <$unsigned>::BITS.saturating_sub(bits.max(1));
                    let words = buffer.as_slice().iter();
                    if signed {
                        Samples::$to(
                            words.map(|&v| (v << above).cast_signed() >> above).collect::<Vec<_>>().into(),
                        )
                    } else {
                        Samples::$from(words.map(|&v| (v << above) >> above).collect::<Vec<_>>().into())
                    }
                })*
                other => other.clone(),
            }
        };
    }
    low! { UInt8 Int8: u8; UInt16 Int16: u16; UInt32 Int32: u32; UInt64 Int64: u64; }
}

fn line(samples: Samples, linear: Linear) -> Samples {
    macro_rules! drawn {
        ($($variant:ident)*) => {
            match samples {
                $(Samples::$variant(buffer) => drawn(buffer.as_slice(), linear),)*
                other => other,
            }
        };
    }
    drawn! { UInt8 UInt16 UInt32 UInt64 Int8 Int16 Int32 Int64 Float16 Float32 Float64 }
}

fn drawn<T: Number>(stored: &[T], linear: Linear) -> Samples {
    fn into<T: Number, U: Sample>(stored: &[T], linear: Linear) -> Samples {
        let value = |&stored: &T| match linear.blank {
            Some(blank) if stored.is(blank) => U::from_f64(f64::NAN),
            _ => U::from_f64(stored.float() * linear.slope + linear.offset),
        };
        U::wrap(stored.iter().map(value).collect())
    }
    match linear.dtype {
        DType::Int16 => into::<T, i16>(stored, linear),
        DType::UInt16 => into::<T, u16>(stored, linear),
        DType::Int32 => into::<T, i32>(stored, linear),
        DType::Float32 => into::<T, f32>(stored, linear),
        _ => into::<T, f64>(stored, linear),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_other_sign_is_exact_at_the_ends() {
        let meaning = Meaning {
            other_sign: true,
            ..Meaning::default()
        };
        let Samples::UInt16(words) = meaning.of(Samples::Int16(vec![i16::MIN, -1, 0, i16::MAX].into()))
        else {
            panic!("another type")
        };
        assert_eq!(words.as_slice(), [0, 32767, 32768, 65535]);
        let Samples::UInt64(words) = meaning.of(Samples::Int64(vec![i64::MIN, i64::MAX].into())) else {
            panic!("another type")
        };
        assert_eq!(words.as_slice(), [0, u64::MAX]);
        let Samples::Int8(bytes) = meaning.of(Samples::UInt8(vec![0, 127, 128, 255].into())) else {
            panic!("another type")
        };
        assert_eq!(bytes.as_slice(), [-128, -1, 0, 127]);
        assert_eq!(meaning.dtype(DType::Int32), DType::UInt32);
    }

    #[test]
    fn bits_that_do_not_count_are_dropped_and_signs_extended() {
        let words = Samples::UInt16(vec![0xf001, 0x0fff, 0x0800].into());
        let of = |signed| Meaning {
            bits: Some((12, signed)),
            ..Meaning::default()
        };
        let Samples::UInt16(low) = of(false).of(words.clone()) else {
            panic!("another type")
        };
        assert_eq!(low.as_slice(), [1, 0xfff, 0x800]);
        let Samples::Int16(low) = of(true).of(words) else {
            panic!("another type")
        };
        assert_eq!(low.as_slice(), [1, -1, -2048]);
        assert_eq!(of(true).dtype(DType::UInt16), DType::Int16);
    }

    #[test]
    fn a_line_is_rounded_once_and_blanks_are_nan() {
        let meaning = Meaning {
            linear: Some(Linear::new(DType::Int16, 0.1, 3.0, Some(-1))),
            ..Meaning::default()
        };
        let Samples::Float32(values) = meaning.of(Samples::Int16(vec![7, -1].into())) else {
            panic!("another type")
        };
        assert_eq!(values.as_slice()[0], (7.0f64 * 0.1 + 3.0) as f32);
        assert!(values.as_slice()[1].is_nan());
        assert_eq!(Linear::new(DType::Int32, 2.0, 0.0, None).dtype, DType::Float64);
    }
}
