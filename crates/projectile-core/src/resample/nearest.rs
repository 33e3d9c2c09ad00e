//! `nearest`: a block's top left sample, `a[::f, ::f]`.

use std::marker::PhantomData;

use super::cascade::{Counts, Reduction};
use super::reduce::reduce;
use super::{Job, Kind, with_type};
use crate::array::{DType, Pixels, Sample};
use crate::error::Result;

/// The block's top left pixel, valid or not.
pub(super) struct Nearest;

struct TopLeft<T>(PhantomData<T>);

impl<T: Sample> Reduction for TopLeft<T> {
    type Input = T;
    type State = T;
    type Output = T;
    type Tail = Self;
    const REPEATS: bool = false;

    fn load(&self, input: &[T], _channels: usize, states: &mut Vec<T>) {
        states.extend_from_slice(input);
    }

    fn merge(&self, a: T, _b: T) -> T {
        a
    }

    fn store(&self, states: &[T], _counts: Counts, _channels: usize, out: &mut Vec<T>) {
        out.extend_from_slice(states);
    }

    fn widen(&self, states: &[T], _counts: Counts, _channels: usize, out: &mut Vec<T>) {
        out.extend_from_slice(states);
    }

    fn tail(&self) -> Self {
        Self(PhantomData)
    }
}

impl Kind for Nearest {
    fn name(&self) -> &'static str {
        "nearest"
    }

    fn about(&self) -> &'static str {
        "the block's top left pixel"
    }

    fn output(&self, dtype: DType) -> DType {
        dtype
    }

    fn reduce(&self, job: &Job<'_>) -> Result<Vec<Pixels>> {
        with_type!(job.dtype, T => reduce(&TopLeft::<T>(PhantomData), job))
    }
}
