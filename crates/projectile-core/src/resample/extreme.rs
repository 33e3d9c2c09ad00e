//! What `max` and `min` share: the better of two valid samples.

use std::marker::PhantomData;

use super::cascade::{Counts, Reduction};
use crate::array::Sample;

/// Which of two valid samples wins.
pub(super) trait Prefer: Send + Sync + 'static {
    /// Whether `a` wins over `b`.
    fn wins<T: Sample>(a: T, b: T) -> bool;
}

/// Keeps the sample that wins; invalid ones (NaN, nodata) lose to any.
pub(super) struct Extreme<T, P> {
    pub(super) nodata: Option<T>,
    prefer: PhantomData<P>,
}

impl<T: Sample, P: Prefer> Extreme<T, P> {
    pub(super) fn new(nodata: Option<T>) -> Self {
        Self {
            nodata,
            prefer: PhantomData,
        }
    }

    fn is_nodata(&self, sample: T) -> bool {
        self.nodata.is_some_and(|nodata| sample == nodata)
    }
}

impl<T: Sample, P: Prefer> Reduction for Extreme<T, P> {
    type Input = T;
    type State = T;
    type Output = T;
    type Tail = Self;
    const REPEATS: bool = false;

    fn load(&self, input: &[T], _channels: usize, states: &mut Vec<T>) {
        states.extend_from_slice(input);
    }

    #[inline]
    fn merge(&self, a: T, b: T) -> T {
        let b_is_invalid = b.is_nan() || self.is_nodata(b);
        if b_is_invalid || (!self.is_nodata(a) && P::wins(a, b)) {
            a
        } else {
            b
        }
    }

    fn store(&self, states: &[T], _counts: Counts, _channels: usize, out: &mut Vec<T>) {
        out.extend_from_slice(states);
    }

    fn widen(&self, states: &[T], _counts: Counts, _channels: usize, out: &mut Vec<T>) {
        out.extend_from_slice(states);
    }

    fn tail(&self) -> Self {
        Self::new(self.nodata)
    }
}
