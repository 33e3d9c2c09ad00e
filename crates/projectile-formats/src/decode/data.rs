//! Decoded samples while they are still ours to change, and what a mode makes of them.

use half::f16;
use projectile_core::{DType, Sample, Samples};

use crate::open::Mode;

/// A type of sample that a decoder yields.
pub(crate) trait Element: Copy + Default {
    /// PIL's luma, `(19595 r + 38470 g + 7471 b + 32768) >> 16`; for floats the same weights without rounding.
    fn luma(rgb: [Self; 3]) -> Self;
}

macro_rules! element {
    (int $wide:ty: $($ty:ty),*) => {$(
        impl Element for $ty {
            #[expect(
                clippy::arithmetic_side_effects,
                reason = "the weights are 2^16 together, and the wider type has those bits to spare"
            )]
            fn luma([r, g, b]: [Self; 3]) -> Self {
                ((19595 * <$wide>::from(r) + 38470 * <$wide>::from(g) + 7471 * <$wide>::from(b) + 32768) >> 16) as $ty
            }
        }
    )*};
    (float: $($ty:ty),*) => {$(
        impl Element for $ty {
            fn luma([r, g, b]: [Self; 3]) -> Self {
                let sum = 19595.0 * f64::from(r) + 38470.0 * f64::from(g) + 7471.0 * f64::from(b);
                Self::from_f64(sum / 65536.0)
            }
        }
    )*};
}
element!(int u32: u8);
element!(int i64: u16, i8, i16, i32, u32);
element!(int i128: i64, u64);
element!(float: f16, f32, f64);

macro_rules! data {
    ($($variant:ident($ty:ty), $dtype:ident;)*) => {
        /// Decoded samples of any type, in C order.
        #[derive(Debug)]
        pub(crate) enum Data {
            $($variant(Vec<$ty>),)*
        }

        impl Data {
            pub(crate) fn dtype(&self) -> DType {
                match self { $(Self::$variant(_) => DType::$dtype,)* }
            }

            pub(crate) fn len(&self) -> usize {
                match self { $(Self::$variant(samples) => samples.len(),)* }
            }

            /// Zeroed samples of `dtype`; `None` for the types that no image format has.
            pub(crate) fn zeroed(dtype: DType, samples: usize) -> projectile_core::Result<Option<Self>> {
                Ok(match dtype {
                    $(DType::$dtype => Some(Self::$variant(super::input::zeroed(samples)?)),)*
                    _ => None,
                })
            }

            /// Sets every sample to the nearest value there is to `value`.
            pub(crate) fn fill(&mut self, value: f64) {
                match self {
                    $(Self::$variant(samples) => samples.fill(Sample::from_f64(value)),)*
                }
            }

            /// The samples' memory, to be filled in this machine's byte order.
            pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
                match self { $(Self::$variant(samples) => bytemuck::cast_slice_mut(samples),)* }
            }

            pub(crate) fn into_samples(self) -> Samples {
                match self { $(Self::$variant(samples) => Samples::$dtype(samples.into()),)* }
            }

            /// What `mode` makes of pixels of 1 to 4 channels, in place where they do not grow, and how many
            /// channels they have then.
            pub(crate) fn into_mode(self, mode: Mode, channels: usize) -> (Self, usize) {
                match self {
                    $(Self::$variant(samples) => {
                        let (samples, channels) = convert(samples, mode, channels);
                        (Self::$variant(samples), channels)
                    })*
                }
            }
        }
    };
}

data! {
    U8(u8), UInt8; U16(u16), UInt16; U32(u32), UInt32; U64(u64), UInt64;
    I8(i8), Int8; I16(i16), Int16; I32(i32), Int32; I64(i64), Int64;
    F16(f16), Float16; F32(f32), Float32; F64(f64), Float64;
}

/// The greatest number of `bits` bits; `None` unless these are 1 to 16.
pub(crate) fn most_of(bits: u8) -> Option<u16> {
    u16::MAX.checked_shr(16u32.checked_sub(bits.into())?)
}

/// The pixels of a row of single bits, the highest of each byte first, of which 1 is black.
pub(crate) fn unpack_bits(bytes: &[u8], row: &mut [u8]) {
    const MASKS: [u8; 8] = [0x80, 0x40, 0x20, 0x10, 0x08, 0x04, 0x02, 0x01];
    for (pixels, byte) in row.chunks_mut(8).zip(bytes) {
        for (pixel, mask) in pixels.iter_mut().zip(MASKS) {
            *pixel = if byte & mask == 0 { 255 } else { 0 };
        }
    }
}

fn convert<T: Element>(samples: Vec<T>, mode: Mode, channels: usize) -> (Vec<T>, usize) {
    match (mode, channels) {
        (Mode::Luma, 3) => (narrowed::<T, 3, 1>(samples, |rgb| [T::luma(rgb)]), 1),
        (Mode::Luma, 4) => (
            narrowed::<T, 4, 1>(samples, |[r, g, b, _]| [T::luma([r, g, b])]),
            1,
        ),
        (Mode::Luma, 2) => (narrowed::<T, 2, 1>(samples, |[gray, _]| [gray]), 1),
        (Mode::Rgb, 4) => (narrowed::<T, 4, 3>(samples, |[r, g, b, _]| [r, g, b]), 3),
        (Mode::Rgb, 1) => (samples.iter().flat_map(|&gray| [gray; 3]).collect(), 3),
        (Mode::Rgb, 2) => (
            samples
                .as_chunks()
                .0
                .iter()
                .flat_map(|&[gray, _]| [gray; 3])
                .collect(),
            3,
        ),
        _ => (samples, channels),
    }
}

/// Pixels of `FROM` channels as pixels of fewer, in the memory that they have: an image of hundreds of megabytes is
/// not held twice for it.
#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "`count` pixels of `FROM` samples are there, and `TO` is less"
)]
fn narrowed<T: Element, const FROM: usize, const TO: usize>(
    mut samples: Vec<T>,
    pixel: impl Fn([T; FROM]) -> [T; TO],
) -> Vec<T> {
    let count = samples.len() / FROM;
    for i in 0..count {
        let mut from = [T::default(); FROM];
        from.copy_from_slice(&samples[i * FROM..][..FROM]);
        samples[i * TO..][..TO].copy_from_slice(&pixel(from));
    }
    samples.truncate(count * TO);
    samples.shrink_to_fit();
    samples
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn luma_is_pils_in_every_type() {
        assert_eq!(u8::luma([255, 255, 255]), 255);
        assert_eq!(u8::luma([10, 200, 30]), 124);
        assert_eq!(u16::luma([65535, 65535, 65535]), 65535);
        assert_eq!(i16::luma([-1000, -1000, -1000]), -1000);
        assert_eq!(u64::luma([u64::MAX; 3]), u64::MAX);
        assert_eq!(f32::luma([1.0, 1.0, 1.0]), 1.0);
        assert_eq!(f64::luma([1.0, 0.0, 0.0]), 19595.0 / 65536.0);
    }

    #[test]
    fn numbers_of_few_bits_have_an_end() {
        assert_eq!(
            [0, 1, 12, 16, 17].map(most_of),
            [None, Some(1), Some(4095), Some(65535), None]
        );
    }

    #[test]
    fn bits_are_pixels_from_the_highest_on() {
        let mut row = [7; 10];
        unpack_bits(&[0b1000_0001, 0b0100_0000], &mut row);
        assert_eq!(row, [0, 255, 255, 255, 255, 255, 255, 0, 255, 0]);
    }

    #[test]
    fn modes_keep_or_drop_channels_as_pil_does() {
        let rgba = || vec![10u8, 200, 30, 7, 255, 255, 255, 0];
        assert_eq!(convert(rgba(), Mode::Luma, 4), (vec![124, 255], 1));
        assert_eq!(
            convert(rgba(), Mode::Rgb, 4),
            (vec![10, 200, 30, 255, 255, 255], 3)
        );
        assert_eq!(convert(vec![5u8, 9], Mode::Luma, 2), (vec![5], 1));
        assert_eq!(convert(vec![5u8, 9], Mode::Rgb, 2), (vec![5, 5, 5], 3));
        assert_eq!(convert(vec![5u8, 9], Mode::Rgb, 1), (vec![5, 5, 5, 9, 9, 9], 3));
        assert_eq!(convert(vec![5u8, 9], Mode::Luma, 1), (vec![5, 9], 1));
    }
}
