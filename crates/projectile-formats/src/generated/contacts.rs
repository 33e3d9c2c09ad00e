//! A matrix of contacts, as of a genome: counts that fall off from the diagonal, domains, loops, and mostly zeros.
#![expect(
    clippy::as_conversions,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "places and columns are inside of an image whose sizes are constants"
)]

use std::sync::{Arc, LazyLock};

use projectile_core::{Photometric, Resampling, Source};

use super::{Computed, Field, Row, hash, info};

/// Bins a side.
const SIZE: u64 = 8192;
const SEED: u64 = 0xc0_97ac_7500;

/// The expected count at each distance from the diagonal.
static DECAY: LazyLock<Vec<f32>> = LazyLock::new(|| {
    (0..SIZE)
        .map(|d| 60.0 * (1.0 + d as f32 / 4.0).powf(-1.2))
        .collect()
});

#[derive(Debug)]
struct Contacts;

pub(super) fn source() -> Arc<dyn Source> {
    let mut info = info("yx", &[SIZE, SIZE]);
    info.photometric = Photometric::Channels;
    // Averages of a sparse matrix fade to nothing; its greatest counts are what one looks for.
    info.resampling = Some(Resampling::MAX);
    info.colormap = Some("Reds".into());
    info.window = Some((0.0, 30.0));
    Computed::shared(Contacts, info)
}

/// The domain of a bin: where it begins and ends, for domains of about `2^log` bins.
fn domain(bin: i64, log: u32) -> (i64, i64) {
    let grid = 1i64 << log;
    let boundary = |cell: i64| {
        cell * grid + (hash::unit(hash::place(SEED + u64::from(log), cell, 0)) * 0.8 * grid as f32) as i64
    };
    let cell = bin >> log;
    if bin < boundary(cell) {
        (boundary(cell - 1), boundary(cell))
    } else {
        (boundary(cell), boundary(cell + 1))
    }
}

/// What a bin's row has of its own.
struct Bin {
    large: (i64, i64),
    small: (i64, i64),
}

impl Bin {
    fn new(bin: i64) -> Self {
        Self {
            large: domain(bin, 9),
            small: domain(bin, 7),
        }
    }
}

/// The count of a pair of bins, `low <= high`.
fn count(low: i64, high: i64, low_bin: &Bin, high_bin: &Bin, decay: &[f32]) -> i32 {
    let mut expected = decay[(high - low) as usize];
    for (a, b) in [(low_bin.large, high_bin.large), (low_bin.small, high_bin.small)] {
        if a == b {
            // A loop: the two ends of a domain meet.
            let (from_start, from_end) = ((low - a.0) as f32, (a.1 - high) as f32);
            let apart = from_start * from_start + from_end * from_end;
            expected *= if apart < 64.0 {
                3.0 + 40.0 * (-apart / 12.0).exp()
            } else {
                2.2
            };
        }
    }
    let hash = hash::place(SEED, low, high);
    // Contacts across the genome, alone in the dark.
    if hash.trailing_zeros() >= 18 {
        return 20 + (hash >> 58) as i32;
    }
    poisson(expected, hash::mix(hash))
}

/// A Poisson count of this mean, from a hash.
fn poisson(mean: f32, hash: u64) -> i32 {
    let chance = hash::unit(hash);
    // exp(-mean) >= 1 - mean: the commonest answer without an exponential.
    if chance < 1.0 - mean {
        return 0;
    }
    if mean > 24.0 {
        return (mean + mean.sqrt() * hash::normal(hash)).round().max(0.0) as i32;
    }
    let (mut term, mut sum, mut count) = ((-mean).exp(), 0.0, 0);
    sum += term;
    while chance > sum && count < 100 {
        count += 1;
        term *= mean / count as f32;
        sum += term;
    }
    count
}

impl Field for Contacts {
    type Sample = i32;

    fn row(&self, row: &Row<'_>, out: &mut [i32]) {
        let decay = DECAY.as_slice();
        let y = row.y as i64;
        let row_bin = Bin::new(y);
        let mut column_bin = Bin::new(row.x as i64);
        for (i, out) in (0..).zip(out.iter_mut()) {
            let x = (row.x + i * row.step) as i64;
            if !(column_bin.small.0..column_bin.small.1).contains(&x) {
                column_bin.small = domain(x, 7);
            }
            if !(column_bin.large.0..column_bin.large.1).contains(&x) {
                column_bin.large = domain(x, 9);
            }
            *out = if x < y {
                count(x, y, &column_bin, &row_bin, decay)
            } else {
                count(y, x, &row_bin, &column_bin, decay)
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_their_mean() {
        for mean in [0.01f32, 0.5, 5.0, 20.0, 60.0] {
            let sum: i64 = (0..20_000).map(|i| i64::from(poisson(mean, hash::mix(i)))).sum();
            let found = sum as f32 / 20_000.0;
            assert!(
                (found - mean).abs() < 4.0 * (mean / 20_000.0).sqrt(),
                "{found} for {mean}"
            );
        }
    }

    #[test]
    fn domains_cover_every_bin_once() {
        for log in [7, 9] {
            for bin in 0..SIZE as i64 {
                let (start, end) = domain(bin, log);
                assert!(start <= bin && bin < end, "{bin} in {start}..{end}");
                assert_eq!(domain(start, log), (start, end));
                assert_eq!(domain(end - 1, log), (start, end));
            }
        }
    }
}
