//! `mode`: the commonest valid value of each 2×2 step, the least of equally common ones (as `scipy.stats.mode`).

use super::cascade::{Counts, Reduction};
use super::reduce::reduce;
use super::{Job, Kind, with_type};
use crate::array::{DType, Pixels, Sample};
use crate::error::Result;

/// The commonest valid value.
pub(super) struct Mode;

struct Commonest<T> {
    nodata: Option<T>,
}

impl<T: Sample> Commonest<T> {
    fn is_valid(&self, sample: T) -> bool {
        !sample.is_nan() && self.nodata != Some(sample)
    }
}

impl<T: Sample> Reduction for Commonest<T> {
    type Input = T;
    type State = T;
    type Output = T;
    type Tail = Self;
    // Two samples counted twice each keep their order.
    const REPEATS: bool = true;

    fn load(&self, input: &[T], _channels: usize, states: &mut Vec<T>) {
        states.extend_from_slice(input);
    }

    fn merge(&self, a: T, b: T) -> T {
        self.merge4([a, b, a, b])
    }

    #[inline]
    fn merge4(&self, quarters: [T; 4]) -> T {
        let [a, b, c, d] = quarters;
        // Inside a label all four are equal, which is nearly always.
        if a == b && a == c && a == d {
            return a;
        }
        let mut best: Option<(usize, T)> = None;
        for candidate in quarters.into_iter().filter(|&sample| self.is_valid(sample)) {
            let count = quarters.iter().filter(|&&other| other == candidate).count();
            if best.is_none_or(|(most, least)| count > most || (count == most && candidate < least)) {
                best = Some((count, candidate));
            }
        }
        best.map_or(a, |(_, sample)| sample)
    }

    fn store(&self, states: &[T], _counts: Counts, _channels: usize, out: &mut Vec<T>) {
        out.extend_from_slice(states);
    }

    fn widen(&self, states: &[T], _counts: Counts, _channels: usize, out: &mut Vec<T>) {
        out.extend_from_slice(states);
    }

    fn tail(&self) -> Self {
        Self { nodata: self.nodata }
    }
}

impl Kind for Mode {
    fn name(&self) -> &'static str {
        "mode"
    }

    fn about(&self) -> &'static str {
        "the commonest valid value, for labels"
    }

    fn output(&self, dtype: DType) -> DType {
        dtype
    }

    fn reduce(&self, job: &Job<'_>) -> Result<Vec<Pixels>> {
        with_type!(job.dtype, T => reduce(&Commonest::<T> { nodata: job.rules.nodata_as() }, job))
    }
}
