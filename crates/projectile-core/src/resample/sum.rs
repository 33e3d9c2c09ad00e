//! `sum`: the sum of the valid samples of a block, as float64.

use super::average::Weighted;
use super::cascade::{Counts, Reduction};
use super::project::along;
use super::reduce::reduce;
use super::{Blend, Job, Kind, Projector, Rules, Stack, with_type};
use crate::array::{DType, Pixels, Sample};
use crate::error::Result;

/// The sum of the valid pixels.
pub(super) struct Sum;

/// Sums, by way of the states of [`Weighted`] means.
struct Total<T: Sample>(Weighted<T, f64>);

impl<T: Sample> Reduction for Total<T> {
    type Input = T;
    type State = <Weighted<T, f64> as Reduction>::State;
    type Output = f64;
    type Tail = Self;
    const REPEATS: bool = false;

    fn load(&self, input: &[T], channels: usize, states: &mut Vec<Self::State>) {
        self.0.load(input, channels, states);
    }

    #[inline]
    fn merge(&self, a: Self::State, b: Self::State) -> Self::State {
        self.0.merge(a, b)
    }

    fn store(&self, states: &[Self::State], _counts: Counts, _channels: usize, out: &mut Vec<f64>) {
        out.extend(
            states
                .iter()
                .map(|state| if state.weight > 0.0 { state.sum } else { f64::NAN }),
        );
    }

    fn widen(&self, states: &[Self::State], _counts: Counts, _channels: usize, out: &mut Vec<Self::State>) {
        out.extend_from_slice(states);
    }

    fn tail(&self) -> Self {
        Self(self.0.clone())
    }
}

impl Kind for Sum {
    fn name(&self) -> &'static str {
        "sum"
    }

    fn about(&self) -> &'static str {
        "the sum of the valid pixels"
    }

    fn keeps_dtype(&self) -> bool {
        false
    }

    fn blend(&self) -> Blend {
        Blend::Sum
    }

    fn output(&self, _dtype: DType) -> DType {
        DType::Float64
    }

    fn reduce(&self, job: &Job<'_>) -> Result<Vec<Pixels>> {
        let mut job = Job {
            rules: job.rules,
            keep: job.keep.clone(),
            ..*job
        };
        job.rules.alpha = false;
        with_type!(job.dtype, T => reduce(&Total(Weighted::<T, f64>::new(job.rules, job.channels)), &job))
    }

    fn projected(&self, _dtype: DType, _nodata: Option<f64>) -> Option<(DType, Option<f64>)> {
        Some((DType::Float64, None))
    }

    fn projector(&self, stack: &Stack) -> Result<Box<dyn Projector>> {
        let rules = Rules {
            alpha: false,
            ..stack.rules
        };
        with_type!(stack.dtype, T => Ok(along(Total(Weighted::<T, f64>::new(rules, stack.shape[2])), stack)))
    }
}
