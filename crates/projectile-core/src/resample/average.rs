//! `average`: the mean of the valid samples of a block.
//!
//! Sums go down the levels unrounded and each level is rounded once from them, so a level's sample is within half a
//! step of the exact mean however deep it is, and a block cut by the image's edge is the mean of its real pixels.
//! 8- and 16-bit integers and floats keep their type; bool and wider integers become floats, since the mean of a
//! sparse count rounded to an integer would be 0 nearly everywhere.

use std::marker::PhantomData;

use half::f16;

use super::cascade::{Counts, Reduction};
use super::project::along;
use super::reduce::reduce;
use super::{Blend, Job, Kind, Projector, Rules, Stack, with_type};
use crate::array::{DType, Pixels, Sample};
use crate::error::{Error, Result};

/// The mean of the valid pixels.
pub(super) struct Average;

impl Kind for Average {
    fn name(&self) -> &'static str {
        "average"
    }

    fn about(&self) -> &'static str {
        "the mean of the valid pixels"
    }

    fn blend(&self) -> Blend {
        Blend::Mean
    }

    fn output(&self, dtype: DType) -> DType {
        match dtype {
            DType::Bool => DType::Float16,
            DType::UInt32 | DType::Int32 | DType::UInt64 | DType::Int64 => DType::Float64,
            other => other,
        }
    }

    fn reduce(&self, job: &Job<'_>) -> Result<Vec<Pixels>> {
        let plain = job.rules.nodata.is_none() && !job.rules.alpha;
        match job.dtype {
            DType::Bool => reduce(&Weighted::<u8, f16>::new(job.rules, job.channels), job),
            DType::UInt8 if plain => reduce(&Narrow::<u8>(PhantomData), job),
            DType::UInt16 if plain => reduce(&Narrow::<u16>(PhantomData), job),
            DType::Int8 if plain => reduce(&Narrow::<i8>(PhantomData), job),
            DType::Int16 if plain => reduce(&Narrow::<i16>(PhantomData), job),
            DType::UInt8 => reduce(&Weighted::<u8, u8>::new(job.rules, job.channels), job),
            DType::UInt16 => reduce(&Weighted::<u16, u16>::new(job.rules, job.channels), job),
            DType::Int8 => reduce(&Weighted::<i8, i8>::new(job.rules, job.channels), job),
            DType::Int16 => reduce(&Weighted::<i16, i16>::new(job.rules, job.channels), job),
            DType::UInt32 => reduce(&Weighted::<u32, f64>::new(job.rules, job.channels), job),
            DType::Int32 => reduce(&Weighted::<i32, f64>::new(job.rules, job.channels), job),
            DType::UInt64 => reduce(&Weighted::<u64, f64>::new(job.rules, job.channels), job),
            DType::Int64 => reduce(&Weighted::<i64, f64>::new(job.rules, job.channels), job),
            DType::Float16 => reduce(&Weighted::<f16, f16>::new(job.rules, job.channels), job),
            DType::Float32 => reduce(&Weighted::<f32, f32>::new(job.rules, job.channels), job),
            DType::Float64 => reduce(&Weighted::<f64, f64>::new(job.rules, job.channels), job),
            DType::Complex64 | DType::Complex128 => {
                Err(Error::internal("complex samples are reduced as magnitudes"))
            }
        }
    }

    fn projected(&self, dtype: DType, _nodata: Option<f64>) -> Option<(DType, Option<f64>)> {
        // As numpy's `mean`; NaN where nothing is valid, so that no mean is taken for nodata.
        Some((if dtype.is_float() { dtype } else { DType::Float64 }, None))
    }

    fn projector(&self, stack: &Stack) -> Result<Box<dyn Projector>> {
        let (rules, channels) = (stack.rules, stack.shape[2]);
        match stack.dtype {
            DType::Float16 => Ok(along(Weighted::<f16, f16>::new(rules, channels), stack)),
            DType::Float32 => Ok(along(Weighted::<f32, f32>::new(rules, channels), stack)),
            other => with_type!(other, T => Ok(along(Weighted::<T, f64>::new(rules, channels), stack))),
        }
    }
}

/// A sum and how much was summed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Mean {
    pub(super) sum: f64,
    pub(super) weight: f64,
}

/// Means where some samples do not count (NaN, nodata) or count by their alpha.
#[derive(Clone)]
pub(super) struct Weighted<T, O> {
    nodata: Option<T>,
    /// What a block without a valid sample becomes.
    empty: f64,
    alpha: bool,
    output: PhantomData<O>,
}

impl<T: Sample, O: Sample> Weighted<T, O> {
    pub(super) fn new(rules: Rules, channels: usize) -> Self {
        Self {
            nodata: rules.nodata_as(),
            empty: if O::from_f64(f64::NAN).is_nan() {
                f64::NAN
            } else {
                rules.nodata.unwrap_or(0.0)
            },
            alpha: rules.alpha && channels > 1,
            output: PhantomData,
        }
    }

    #[inline]
    fn state(&self, sample: T) -> Mean {
        if sample.is_nan() || self.nodata == Some(sample) {
            Mean {
                sum: 0.0,
                weight: 0.0,
            }
        } else {
            Mean {
                sum: sample.to_f64(),
                weight: 1.0,
            }
        }
    }
}

impl<T: Sample, O: Sample> Reduction for Weighted<T, O> {
    type Input = T;
    type State = Mean;
    type Output = O;
    type Tail = Self;
    const REPEATS: bool = false;

    fn load(&self, input: &[T], channels: usize, states: &mut Vec<Mean>) {
        if !self.alpha {
            states.extend(input.iter().map(|&sample| self.state(sample)));
            return;
        }
        for pixel in input.chunks_exact(channels) {
            let weight = pixel[channels - 1].to_f64();
            // What could not be read is NaN, alpha and all.
            let state = |sample: f64, weight: f64| {
                if sample.is_nan() || weight.is_nan() {
                    Mean {
                        sum: 0.0,
                        weight: 0.0,
                    }
                } else {
                    Mean {
                        sum: sample * weight,
                        weight,
                    }
                }
            };
            let colours = pixel[..channels - 1].iter();
            states.extend(colours.map(|sample| state(sample.to_f64(), weight)));
            states.push(state(weight, 1.0));
        }
    }

    #[inline]
    fn merge(&self, a: Mean, b: Mean) -> Mean {
        Mean {
            sum: a.sum + b.sum,
            weight: a.weight + b.weight,
        }
    }

    fn store(&self, states: &[Mean], _counts: Counts, _channels: usize, out: &mut Vec<O>) {
        // A mean of valid samples that happens to be the nodata value is nudged by rounding anyway; only blocks
        // without any valid sample are marked.
        out.extend(states.iter().map(|state| {
            O::from_f64(if state.weight > 0.0 {
                state.sum / state.weight
            } else {
                self.empty
            })
        }));
    }

    fn widen(&self, states: &[Mean], _counts: Counts, _channels: usize, out: &mut Vec<Mean>) {
        out.extend_from_slice(states);
    }

    fn tail(&self) -> Self {
        Self {
            nodata: self.nodata,
            empty: self.empty,
            alpha: self.alpha,
            output: PhantomData,
        }
    }
}

/// An 8- or 16-bit integer, whose sums over a block fit 32 bits.
pub(super) trait NarrowSample: Sample {
    type Sum: Copy + Send + Sync + std::ops::Add<Output = Self::Sum>;
    fn sum(self) -> Self::Sum;
    fn sum_to_f64(sum: Self::Sum) -> f64;
    /// `sum / count`, rounded to nearest.
    fn mean(sum: Self::Sum, count: u64) -> Self;
    /// `sum / 2^shift`, rounded to nearest.
    fn mean_shift(sum: Self::Sum, shift: u32) -> Self;
}

macro_rules! narrow {
    ($($ty:ty, $sum:ty;)*) => {$(
        impl NarrowSample for $ty {
            type Sum = $sum;
            #[inline]
            fn sum(self) -> $sum {
                self.into()
            }
            fn sum_to_f64(sum: $sum) -> f64 {
                sum.into()
            }
            #[inline]
            fn mean(sum: $sum, count: u64) -> Self {
                (i64::from(sum) + count as i64 / 2).div_euclid(count as i64) as $ty
            }
            #[inline]
            fn mean_shift(sum: $sum, shift: u32) -> Self {
                // Half is added after all but one bit are gone, so that the sum cannot overflow.
                if shift == 0 { sum as $ty } else { (((sum >> (shift - 1)) + 1) >> 1) as $ty }
            }
        }
    )*};
}

narrow! { u8, u32; u16, u32; i8, i32; i16, i32; }

/// Means of small integers that all count: only sums are carried, what was summed follows from the geometry.
struct Narrow<T>(PhantomData<T>);

impl<T: NarrowSample> Reduction for Narrow<T> {
    type Input = T;
    type State = T::Sum;
    type Output = T;
    type Tail = Weighted<T, T>;
    const REPEATS: bool = false;

    fn load(&self, input: &[T], _channels: usize, states: &mut Vec<T::Sum>) {
        states.extend(input.iter().map(|&sample| sample.sum()));
    }

    #[inline]
    fn merge(&self, a: T::Sum, b: T::Sum) -> T::Sum {
        a + b
    }

    fn store(&self, states: &[T::Sum], counts: Counts, channels: usize, out: &mut Vec<T>) {
        let (inner, last) = states.split_at(states.len() - channels);
        if counts.inner.is_power_of_two() {
            let shift = counts.inner.trailing_zeros();
            out.extend(inner.iter().map(|&sum| T::mean_shift(sum, shift)));
        } else {
            out.extend(inner.iter().map(|&sum| T::mean(sum, counts.inner)));
        }
        out.extend(last.iter().map(|&sum| T::mean(sum, counts.last)));
    }

    fn widen(&self, states: &[T::Sum], counts: Counts, channels: usize, out: &mut Vec<Mean>) {
        let inner = states.len() - channels;
        out.extend(states.iter().enumerate().map(|(i, &sum)| Mean {
            sum: T::sum_to_f64(sum),
            weight: if i < inner { counts.inner } else { counts.last } as f64,
        }));
    }

    fn tail(&self) -> Weighted<T, T> {
        Weighted {
            nodata: None,
            empty: 0.0,
            alpha: false,
            output: PhantomData,
        }
    }
}
