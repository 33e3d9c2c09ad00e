//! `max`: the greatest valid sample of a block.

use super::extreme::{Extreme, Prefer};
use super::project::along;
use super::reduce::reduce;
use super::{Blend, Job, Kind, Projector, Stack, with_type};
use crate::array::{DType, Pixels, Sample};
use crate::error::Result;

/// The greatest valid sample.
pub(super) struct Max;

struct Greatest;

impl Prefer for Greatest {
    #[inline]
    fn wins<T: Sample>(a: T, b: T) -> bool {
        a > b
    }
}

impl Kind for Max {
    fn name(&self) -> &'static str {
        "max"
    }

    fn about(&self) -> &'static str {
        "the greatest valid pixel"
    }

    fn blend(&self) -> Blend {
        Blend::Greatest
    }

    fn output(&self, dtype: DType) -> DType {
        dtype
    }

    fn reduce(&self, job: &Job<'_>) -> Result<Vec<Pixels>> {
        with_type!(job.dtype, T => reduce(&Extreme::<T, Greatest>::new(job.rules.nodata_as()), job))
    }

    fn projected(&self, dtype: DType, nodata: Option<f64>) -> Option<(DType, Option<f64>)> {
        Some((dtype, nodata))
    }

    fn projector(&self, stack: &Stack) -> Result<Box<dyn Projector>> {
        with_type!(stack.dtype, T => Ok(along(Extreme::<T, Greatest>::new(stack.rules.nodata_as()), stack)))
    }
}
