//! A rectangle of pixels at any size, for clients whose sizes are not the image's halves.

use std::ops::Range;

use super::{Blend, Resampling, Rules};
use crate::array::{Pixels, Samples};
use crate::error::{Error, Result};
use crate::geometry::Fit;
use crate::source::Cancel;

/// Shares of a pixel below which it is only touched by a rounding.
const SLIVER: f64 = 1e-9;

/// Which pixels along an axis one pixel of the answer is made of.
struct Span {
    pixels: Range<usize>,
    start: f64,
    end: f64,
}

impl Span {
    /// How much of a pixel lies in it, 0 to 1.
    fn share(&self, pixel: usize) -> f64 {
        (self.end.min(pixel as f64 + 1.0) - self.start.max(pixel as f64)).max(0.0)
    }
}

/// The spans of `count` pixels that divide `start..start + length` of `size` pixels evenly.
fn spans(start: f64, length: f64, count: usize, size: usize) -> Vec<Span> {
    let edge = |at: usize| (start + length * at as f64 / count as f64).clamp(0.0, size as f64);
    (0..count)
        .map(|at| {
            let (start, end) = (edge(at), edge(at + 1));
            let first = ((start + SLIVER).floor() as usize).min(size.saturating_sub(1));
            let last = ((end - SLIVER).ceil() as usize).clamp(first + 1, size.max(first + 1));
            Span {
                pixels: first..last,
                start,
                end,
            }
        })
        .collect()
}

impl Resampling {
    /// The part of `pixels` that `fit` says, at the size that it says: means weigh each pixel by its share, the least
    /// and greatest are of all pixels that are touched, labels and the like are of the pixel in the middle.
    ///
    /// # Errors
    /// [`Cancelled`](crate::ErrorKind::Cancelled).
    pub(crate) fn fit(self, pixels: Pixels, fit: &Fit, rules: Rules, cancel: &Cancel) -> Result<Pixels> {
        let pixels = pixels.magnitude().unwrap_or(pixels);
        let [height, width, _] = pixels.shape();
        if height == 0 || width == 0 {
            return Err(Error::internal("no pixels to fit"));
        }
        let rows = spans(fit.start.0, fit.length.0, fit.size.0, height);
        let columns = spans(fit.start.1, fit.length.1, fit.size.1, width);
        match self.blend() {
            Blend::Nearest => {
                let middle = |span: &Span, size: usize| {
                    (f64::midpoint(span.start, span.end).floor() as usize).min(size - 1)
                };
                let rows: Vec<usize> = rows.iter().map(|span| middle(span, height)).collect();
                let columns: Vec<usize> = columns.iter().map(|span| middle(span, width)).collect();
                pixels.pick(&rows, &columns)
            }
            Blend::Mean => weighed(&pixels, &rows, &columns, rules, true, cancel),
            Blend::Sum => weighed(&pixels, &rows, &columns, rules, false, cancel),
            Blend::Greatest => extreme(&pixels, &rows, &columns, rules, |a, b| a > b, cancel),
            Blend::Least => extreme(&pixels, &rows, &columns, rules, |a, b| a < b, cancel),
        }
        .map(|fitted| {
            if self.keeps_dtype() {
                fitted.cast(self.output(pixels.dtype()))
            } else {
                fitted
            }
        })
    }
}

fn is_valid(value: f64, rules: Rules) -> bool {
    !value.is_nan() && rules.nodata != Some(value)
}

/// What stands where there is no valid pixel.
fn nothing(pixels: &Pixels, rules: Rules) -> f64 {
    if pixels.dtype().is_float() {
        f64::NAN
    } else {
        rules.nodata.unwrap_or(0.0)
    }
}

/// Means (or sums) of samples by their shares; colours are weighed by their alpha as well.
fn weighed(
    pixels: &Pixels,
    rows: &[Span],
    columns: &[Span],
    rules: Rules,
    mean: bool,
    cancel: &Cancel,
) -> Result<Pixels> {
    let [_, width, channels] = pixels.shape();
    let alpha = (rules.alpha && channels > 1).then(|| channels - 1);
    // As levels have it: no sum, and no mean of it, is a 0 for that.
    let empty = if mean { nothing(pixels, rules) } else { f64::NAN };
    let values = pixels.to_f64();
    let mut out = Vec::with_capacity(rows.len() * columns.len() * channels);
    let mut column_sums = vec![(0.0, 0.0); width * channels];
    for row in rows {
        cancel.check()?;
        column_sums.fill((0.0, 0.0));
        for y in row.pixels.clone() {
            let share = row.share(y);
            for (x, pixel) in values[y * width * channels..][..width * channels]
                .chunks_exact(channels)
                .enumerate()
            {
                for (c, &value) in pixel.iter().enumerate() {
                    if is_valid(value, rules) {
                        let opacity = match alpha {
                            Some(alpha) if c != alpha => pixel[alpha],
                            _ => 1.0,
                        };
                        let (sum, weight) = &mut column_sums[x * channels + c];
                        *sum += value * share * opacity;
                        *weight += share * opacity;
                    }
                }
            }
        }
        for column in columns {
            for c in 0..channels {
                let (mut sum, mut weight) = (0.0, 0.0);
                for x in column.pixels.clone() {
                    let share = column.share(x);
                    let (of_sum, of_weight) = column_sums[x * channels + c];
                    sum += of_sum * share;
                    weight += of_weight * share;
                }
                let is_colour = alpha.is_some_and(|alpha| c != alpha);
                out.push(match (weight > 0.0, mean) {
                    (true, true) => sum / weight,
                    (true, false) => sum,
                    // Nothing opaque: whatever the colour is, it is not seen.
                    (false, _) if is_colour => 0.0,
                    (false, _) => empty,
                });
            }
        }
    }
    Pixels::new(Samples::Float64(out.into()), rows.len(), columns.len(), channels)
}

/// Of all valid samples that are touched, the one that wins; picked exactly where all of one block win by their place.
fn extreme(
    pixels: &Pixels,
    rows: &[Span],
    columns: &[Span],
    rules: Rules,
    wins: impl Fn(f64, f64) -> bool,
    cancel: &Cancel,
) -> Result<Pixels> {
    let [_, width, channels] = pixels.shape();
    let empty = nothing(pixels, rules);
    let values = pixels.to_f64();
    let mut out = Vec::with_capacity(rows.len() * columns.len() * channels);
    for row in rows {
        cancel.check()?;
        for column in columns {
            for c in 0..channels {
                let mut best: Option<f64> = None;
                for y in row.pixels.clone() {
                    for x in column.pixels.clone() {
                        let value = values[(y * width + x) * channels + c];
                        if is_valid(value, rules) && best.is_none_or(|best| wins(value, best)) {
                            best = Some(value);
                        }
                    }
                }
                out.push(best.unwrap_or(empty));
            }
        }
    }
    Pixels::new(Samples::Float64(out.into()), rows.len(), columns.len(), channels)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ramp(height: usize, width: usize) -> Pixels {
        let samples: Vec<f32> = (0..height * width).map(|i| (i * i % 251) as f32).collect();
        Pixels::new(Samples::Float32(samples.into()), height, width, 1).unwrap()
    }

    fn fit(
        kind: Resampling,
        pixels: Pixels,
        start: (f64, f64),
        length: (f64, f64),
        size: (usize, usize),
    ) -> Vec<f64> {
        let fit = Fit { start, length, size };
        let fitted = kind.fit(pixels, &fit, Rules::default(), &Cancel::new()).unwrap();
        assert_eq!(fitted.shape(), [size.0, size.1, 1]);
        fitted.to_f64()
    }

    #[test]
    fn means_weigh_pixels_by_their_share() {
        let row = Pixels::new(Samples::Float64(vec![0.0, 10.0, 20.0].into()), 1, 3, 1).unwrap();
        assert_eq!(
            fit(Resampling::AVERAGE, row.clone(), (0.0, 0.0), (1.0, 3.0), (1, 2)),
            [10.0 * 0.5 / 1.5, (10.0 * 0.5 + 20.0) / 1.5]
        );
        assert_eq!(
            fit(Resampling::NEAREST, row.clone(), (0.0, 0.0), (1.0, 3.0), (1, 6)),
            [0.0, 0.0, 10.0, 10.0, 20.0, 20.0]
        );
        assert_eq!(
            fit(Resampling::MAX, row, (0.0, 0.0), (1.0, 3.0), (1, 2)),
            [10.0, 20.0]
        );
    }

    #[test]
    fn what_is_no_value_has_no_share_and_alpha_weighs_colours() {
        let samples = Samples::Float64(vec![f64::NAN, 4.0, f64::NAN, f64::NAN].into());
        let row = Pixels::new(samples, 1, 4, 1).unwrap();
        let halves = fit(Resampling::AVERAGE, row, (0.0, 0.0), (1.0, 4.0), (1, 2));
        assert!(halves[0] == 4.0 && halves[1].is_nan());
        let colours = Samples::UInt8(vec![200, 255, 100, 0].into());
        let row = Pixels::new(colours, 1, 2, 2).unwrap();
        let one = Fit {
            start: (0.0, 0.0),
            length: (1.0, 2.0),
            size: (1, 1),
        };
        let rules = Rules {
            nodata: None,
            alpha: true,
        };
        let mixed = Resampling::AVERAGE.fit(row, &one, rules, &Cancel::new()).unwrap();
        assert_eq!(mixed.to_f64(), [200.0, 128.0]);
    }

    proptest! {
        /// Whole numbers of times smaller or larger, the answer is that of blocks, or of pixels repeated.
        #[test]
        fn whole_factors_are_exact(
            rows in 1usize..5, columns in 1usize..5, factor in 1usize..5, larger: bool,
        ) {
            let (height, width) = (rows * factor, columns * factor);
            if larger {
                let pixels = ramp(rows, columns);
                for kind in Resampling::all().filter(|kind| kind.name() != "sum") {
                    let shown = fit(kind, pixels.clone(), (0.0, 0.0), (rows as f64, columns as f64), (height, width));
                    for y in 0..height {
                        for x in 0..width {
                            prop_assert_eq!(
                                shown[y * width + x],
                                pixels.to_f64()[y / factor * columns + x / factor]
                            );
                        }
                    }
                }
            } else {
                let pixels = ramp(height, width);
                let all = pixels.to_f64();
                let of = |kind| fit(kind, pixels.clone(), (0.0, 0.0), (height as f64, width as f64), (rows, columns));
                let (means, most) = (of(Resampling::AVERAGE), of(Resampling::MAX));
                for y in 0..rows {
                    for x in 0..columns {
                        let block: Vec<f64> = (0..factor * factor)
                            .map(|i| all[(y * factor + i / factor) * width + x * factor + i % factor])
                            .collect();
                        let mean = block.iter().sum::<f64>() / block.len() as f64;
                        prop_assert!((means[y * columns + x] - mean).abs() < 1e-4);
                        prop_assert_eq!(most[y * columns + x], block.iter().copied().fold(f64::MIN, f64::max));
                    }
                }
            }
        }
    }
}
