//! Numbers that look random and are the same in every process: hashes of places.
#![expect(
    clippy::as_conversions,
    reason = "bits of hashes and of places are taken as they are, whatever their sign"
)]

/// Splitmix64's finaliser: every bit of the input changes half of the output's.
pub(super) fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// A hash of a place in the plane.
pub(super) fn place(seed: u64, x: i64, y: i64) -> u64 {
    mix(seed.wrapping_mul(0xd6e8_feb8_6659_fd93) ^ (x as u64) ^ (y as u64).rotate_left(32))
}

/// A number in 0..1 from the hash's upper bits.
pub(super) fn unit(hash: u64) -> f32 {
    (hash >> 40) as f32 * (1.0 / (1u32 << 24) as f32)
}

/// The `n`-th number in 0..1 that a hash gives.
pub(super) fn nth(hash: u64, n: u64) -> f32 {
    unit(mix(hash ^ n.wrapping_mul(0xa076_1d64_78bd_642f)))
}

/// About normally distributed: mean 0, variance 1, never beyond ±3.5.
pub(super) fn normal(hash: u64) -> f32 {
    let sum: u64 = [0, 16, 32, 48].iter().map(|shift| (hash >> shift) & 0xffff).sum();
    (sum as f32 - 131_070.0) * (1.732_050_8 / 65_536.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_spread_as_they_should() {
        let hashes: Vec<u64> = (0..100i64)
            .flat_map(|y| (0..100).map(move |x| place(7, x, y)))
            .collect();
        let mean = |of: &dyn Fn(u64) -> f32| hashes.iter().map(|&h| f64::from(of(h))).sum::<f64>() / 1e4;
        assert!((mean(&unit) - 0.5).abs() < 0.01);
        assert!(mean(&normal).abs() < 0.03);
        assert!((mean(&|h| normal(h).powi(2)) - 1.0).abs() < 0.05);
        assert!(
            hashes
                .iter()
                .all(|&h| (0.0..1.0).contains(&unit(h)) && (0.0..1.0).contains(&nth(h, 3)))
        );
    }

    #[test]
    fn they_never_change() {
        assert_eq!(mix(0), 0xe220_a839_7b1d_cdaf);
    }
}
