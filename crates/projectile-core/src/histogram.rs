//! How often values occur.

use crate::array::DType;

/// The percentages that a histogram lists, for windows that leave out a little at each end.
const PERCENTS: [f64; 11] = [0.1, 0.5, 1.0, 2.0, 25.0, 50.0, 75.0, 98.0, 99.0, 99.5, 99.9];

/// Counts of values in bins of equal width; what is no data is counted apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// Where the first bin begins.
    pub start: f64,
    /// Where the last bin ends; a value that is just there is in it.
    pub stop: f64,
    /// How many values are in each bin.
    pub counts: Vec<u64>,
    /// Values below the first bin, negative infinity among them.
    pub below: u64,
    /// Values above the last bin, infinity among them.
    pub above: u64,
    /// NaN and what stands for no data.
    pub invalid: u64,
    /// All samples that were looked at.
    pub count: u64,
    /// Least and greatest finite value; NaN where there is none, as for the percentiles.
    pub min: f64,
    /// See [`min`](Self::min).
    pub max: f64,
    /// (percent, value) of the finite values, by nearest rank.
    pub percentiles: Vec<(f64, f64)>,
    /// Whether some pixels were not looked at.
    pub sampled: bool,
}

impl Histogram {
    /// Counts `values` of an image of `dtype` in up to `bins` bins over `range`, or over all finite values. Bins of
    /// integers are whole numbers wide, so that none holds more numbers than its neighbours.
    pub(crate) fn of(
        values: impl Iterator<Item = f64>,
        dtype: DType,
        nodata: Option<f64>,
        bins: usize,
        range: Option<(f64, f64)>,
        sampled: bool,
    ) -> Self {
        let mut count = 0;
        let valid: Vec<f64> = values
            .inspect(|_| count += 1)
            .filter(|value| !value.is_nan() && Some(*value) != nodata)
            .collect();
        let mut finite: Vec<f64> = valid.iter().copied().filter(|value| value.is_finite()).collect();
        finite.sort_unstable_by(f64::total_cmp);
        let (min, max) = finite
            .first()
            .zip(finite.last())
            .map_or((f64::NAN, f64::NAN), |(&min, &max)| (min, max));
        let rank = |percent: f64| {
            let at = (percent / 100.0 * (finite.len() as f64 - 1.0))
                .round_ties_even()
                .max(0.0) as usize;
            finite.get(at).copied().unwrap_or(f64::NAN)
        };
        let percentiles = PERCENTS.iter().map(|&percent| (percent, rank(percent))).collect();
        let (start, stop, width, bins) = bins_over(range, (min, max), dtype, bins);
        let mut counts = vec![0; bins];
        let (mut below, mut above) = (0, 0);
        for &value in &valid {
            if value < start {
                below += 1;
            } else if value > stop {
                above += 1;
            } else {
                // The last bin holds its own end.
                let bin = ((value - start) / width) as usize;
                counts[bin.min(bins - 1)] += 1;
            }
        }
        Self {
            start,
            stop,
            counts,
            below,
            above,
            invalid: count - valid.len() as u64,
            count,
            min,
            max,
            percentiles,
            sampled,
        }
    }
}

/// Start, stop, width and number of bins. Never of no width, whatever the values are.
fn bins_over(
    range: Option<(f64, f64)>,
    (min, max): (f64, f64),
    dtype: DType,
    bins: usize,
) -> (f64, f64, f64, usize) {
    let whole = dtype.is_integer() || dtype == DType::Bool;
    let (start, stop) = match range {
        Some(range) => range,
        None if !min.is_finite() => (0.0, 1.0),
        None if whole => (min, max + 1.0),
        None if min == max => (min - 0.5, max + 0.5),
        None => (min, max),
    };
    if whole && range.is_none() {
        let width = ((stop - start) / bins as f64).ceil().max(1.0);
        let bins = ((stop - start) / width).ceil().max(1.0);
        return (start, start + width * bins, width, bins as usize);
    }
    // Halved first, so that the whole range of float64 has a finite width.
    let width = (stop / bins as f64 - start / bins as f64).max(f64::MIN_POSITIVE);
    // The end as it was given: a sum of widths may fall short of the greatest value.
    (start, stop, width, bins)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[f64], dtype: DType, bins: usize, range: Option<(f64, f64)>) -> Histogram {
        Histogram::of(values.iter().copied(), dtype, Some(-1.0), bins, range, false)
    }

    #[test]
    fn every_value_is_counted_once() {
        let values = [
            0.0,
            0.1,
            0.5,
            0.99,
            1.0,
            -1.0,
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
        ];
        let all = of(&values, DType::Float64, 4, None);
        assert_eq!(
            (all.start, all.stop, &all.counts[..]),
            (0.0, 1.0, &[2, 0, 1, 2][..])
        );
        assert_eq!((all.below, all.above, all.invalid, all.count), (1, 1, 2, 9));
        let part = of(&values, DType::Float64, 2, Some((0.2, 0.6)));
        assert_eq!((&part.counts[..], part.below, part.above), (&[0, 1][..], 3, 3));
    }

    #[test]
    fn bins_of_integers_are_whole_and_fair() {
        let values: Vec<f64> = (0..1000).map(f64::from).collect();
        let all = of(&values, DType::UInt16, 256, None);
        assert_eq!((all.start, all.stop, all.counts.len()), (0.0, 1000.0, 250));
        assert!(all.counts.iter().all(|&count| count == 4));
        let few = of(&[3.0, 3.0, 5.0], DType::Int64, 256, None);
        assert_eq!((few.start, few.stop, &few.counts[..]), (3.0, 6.0, &[2, 0, 1][..]));
        assert_eq!(of(&[1.0, 0.0, 1.0], DType::Bool, 256, None).counts, [1, 2]);
    }

    #[test]
    fn odd_values_have_bins_too() {
        assert_eq!(of(&[], DType::Float32, 8, None).counts, [0; 8]);
        let constant = of(&[7.0; 5], DType::Float32, 3, None);
        assert_eq!(
            (constant.start, constant.stop, &constant.counts[..]),
            (6.5, 7.5, &[0, 5, 0][..])
        );
        let wide = of(&[-f64::MAX, 0.0, f64::MAX], DType::Float64, 4, None);
        assert_eq!(wide.counts.iter().sum::<u64>() + wide.below + wide.above, 3);
        assert!(of(&[f64::NAN], DType::Float64, 4, None).min.is_nan());
    }
}
