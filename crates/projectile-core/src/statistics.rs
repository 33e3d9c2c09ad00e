//! What a sample of the image says of its values.

use crate::array::Pixels;

/// A summary of sampled values; NaN and nodata are counted, and left out of everything else.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Samples looked at.
    pub count: u64,
    /// Those that are data.
    pub valid: u64,
    /// Least valid value; NaN when there is none, as for all that follow.
    pub min: f64,
    /// Greatest valid value.
    pub max: f64,
    /// Mean of the finite values.
    pub mean: f64,
    /// Standard deviation of the finite values.
    pub std: f64,
    /// (percent, value) of the finite values, by nearest rank; of two ranks as near, the even one, as `numpy.percentile`'s
    /// method `nearest` takes.
    pub percentiles: Vec<(f64, f64)>,
}

/// The percentages that a summary lists. The outermost pair is the robust display window.
const PERCENTS: [f64; 9] = [0.5, 1.0, 5.0, 25.0, 50.0, 75.0, 95.0, 99.0, 99.5];

impl Summary {
    /// Summarises `values`.
    pub fn of(values: impl Iterator<Item = f64>, nodata: Option<f64>) -> Self {
        let mut count = 0;
        let mut valid: Vec<f64> = values
            .inspect(|_| count += 1)
            .filter(|value| !value.is_nan() && Some(*value) != nodata)
            .collect();
        valid.sort_unstable_by(f64::total_cmp);
        let first_finite = valid.partition_point(|value| *value == f64::NEG_INFINITY);
        let last_finite = valid.partition_point(|value| *value < f64::INFINITY);
        let finite = &valid[first_finite..last_finite];
        let n = finite.len() as f64;
        // Scaled down first, so that the sum of the greatest float64s stays finite.
        let mean = finite.iter().map(|value| value / n).sum::<f64>();
        let variance = finite
            .iter()
            .map(|value| (value - mean) * ((value - mean) / n))
            .sum::<f64>();
        let rank = |percent: f64| {
            let at = (percent / 100.0 * (n - 1.0)).round_ties_even().max(0.0) as usize;
            finite.get(at).copied().unwrap_or(f64::NAN)
        };
        Self {
            count,
            valid: valid.len() as u64,
            min: valid.first().copied().unwrap_or(f64::NAN),
            max: valid.last().copied().unwrap_or(f64::NAN),
            mean: if finite.is_empty() { f64::NAN } else { mean },
            std: if finite.is_empty() {
                f64::NAN
            } else {
                variance.sqrt()
            },
            percentiles: PERCENTS.iter().map(|&percent| (percent, rank(percent))).collect(),
        }
    }

    /// The window that shows nearly all finite values: the outermost percentiles; the least and greatest finite value
    /// where those are equal (a sparse image); one unit wide where even those are.
    pub fn robust_window(&self) -> (f64, f64) {
        let ends = self.percentiles.first().zip(self.percentiles.last());
        let (low, high) = ends.map_or((f64::NAN, f64::NAN), |((_, low), (_, high))| (*low, *high));
        if low < high {
            return (low, high);
        }
        if self.min < self.max && self.min.is_finite() && self.max.is_finite() {
            return (self.min, self.max);
        }
        if low.is_finite() {
            (low, low + 1.0)
        } else {
            (0.0, 1.0)
        }
    }
}

/// Summaries of a sample of the whole image.
#[derive(Clone, Debug, PartialEq)]
pub struct Statistics {
    /// One for each channel.
    pub channels: Vec<Summary>,
    /// All colour channels together.
    pub all: Summary,
    /// Whether some pixels were not looked at.
    pub sampled: bool,
}

impl Statistics {
    /// Summarises sampled planes of equal numbers of channels. The last `alpha_channels` are left out of `all`.
    pub(crate) fn of(planes: &[Pixels], alpha_channels: usize, nodata: Option<f64>, sampled: bool) -> Self {
        let channels = planes.first().map_or(0, Pixels::channels);
        let values: Vec<Vec<f64>> = planes.iter().map(Pixels::to_f64).collect();
        let of_channel = |c: usize| {
            values
                .iter()
                .flat_map(move |v| v.iter().skip(c).step_by(channels).copied())
        };
        let colours = channels - alpha_channels.min(channels.saturating_sub(1));
        Self {
            channels: (0..channels)
                .map(|c| Summary::of(of_channel(c), nodata))
                .collect(),
            all: Summary::of((0..colours).flat_map(of_channel), nodata),
            sampled,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_leaves_out_what_is_no_data() {
        let summary = Summary::of([1.0, f64::NAN, 3.0, -9.0, f64::INFINITY].into_iter(), Some(-9.0));
        assert_eq!((summary.count, summary.valid), (5, 3));
        assert_eq!(
            (summary.min, summary.max, summary.mean, summary.std),
            (1.0, f64::INFINITY, 2.0, 1.0)
        );
    }

    #[test]
    fn windows_are_robust_and_never_empty() {
        let window = |values: Vec<f64>| Summary::of(values.into_iter(), None).robust_window();
        assert_eq!(window((0..=1000).map(f64::from).collect()), (5.0, 995.0));
        let mut sparse = vec![0.0; 1000];
        sparse[3] = 7.0;
        assert_eq!(window(sparse), (0.0, 7.0));
        assert_eq!(window(vec![4.0; 9]), (4.0, 5.0));
        assert_eq!(window(vec![f64::NAN]), (0.0, 1.0));
        let (low, high) = window(vec![-f64::MAX, f64::MAX]);
        assert_eq!((low, high), (-f64::MAX, f64::MAX));
    }
}
