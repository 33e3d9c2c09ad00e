//! Round numbers within a window.

use super::super::Window;

/// At most `most` + 1 round numbers of a window: how far along it each is, from 0 to 1, and its text.
pub(super) fn between(window: Window, most: u32) -> Vec<(f64, String)> {
    let Window { vmin, vmax } = window;
    let span = vmax - vmin;
    if span <= 0.0 || !span.is_finite() {
        return vec![(0.5, text(vmin, 0, vmin.abs()))];
    }
    let least = span / f64::from(most.max(1));
    let power = least.log10().floor() as i32;
    // One of these is a step of at least that, ten being that of the next power.
    let (step, power) = [1.0, 2.0, 5.0]
        .into_iter()
        .map(|digit| (digit * 10f64.powi(power), power))
        .find(|(step, _)| *step >= least)
        .unwrap_or((10f64.powi(power + 1), power + 1));
    let greatest = vmin.abs().max(vmax.abs());
    let (first, last) = ((vmin / step - 1e-9).ceil(), (vmax / step + 1e-9).floor());
    // Where numbers are so near to each other that they cannot be told apart, both ends will do.
    let is_countable = span > greatest * 1e-12 && last - first <= f64::from(most) + 1.0;
    if !is_countable {
        return vec![(0.0, text(vmin, 0, vmin.abs())), (1.0, text(vmax, 0, vmax.abs()))];
    }
    (0..=(last - first) as u32)
        .map(|index| {
            let value = (first + f64::from(index)) * step;
            let share = ((value - vmin) / span).clamp(0.0, 1.0);
            (share, text(value + 0.0, power.min(0).unsigned_abs(), greatest))
        })
        .collect()
}

/// With as many decimals as the steps have; by powers of ten where `greatest` is long.
fn text(value: f64, decimals: u32, greatest: f64) -> String {
    const MOST_DECIMALS: u32 = 5;
    if greatest >= 1e6 || decimals > MOST_DECIMALS {
        let short = format!("{value:.3e}");
        let (digits, power) = short.split_once('e').unwrap_or((&short, "0"));
        let digits = digits.trim_end_matches('0').trim_end_matches('.');
        return if value == 0.0 {
            "0".to_owned()
        } else {
            format!("{digits}e{power}")
        };
    }
    let text = format!("{value:.*}", decimals as usize);
    if text
        .trim_start_matches('-')
        .chars()
        .all(|c| matches!(c, '0' | '.'))
    {
        text.trim_start_matches('-').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(vmin: f64, vmax: f64, most: u32) -> Vec<String> {
        let window = Window::new(vmin, vmax).unwrap();
        between(window, most).into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn numbers_are_round() {
        assert_eq!(texts(0.0, 1.0, 4), ["0.0", "0.5", "1.0"]);
        assert_eq!(texts(-1.0, 1.0, 4), ["-1.0", "-0.5", "0.0", "0.5", "1.0"]);
        assert_eq!(texts(3.0, 250.0, 4), ["100", "200"]);
        assert_eq!(texts(0.0, 4e9, 4), ["0", "1e9", "2e9", "3e9", "4e9"]);
        assert_eq!(texts(0.0, 2e-7, 2), ["0", "1e-7", "2e-7"]);
        assert_eq!(texts(5.0, 5.0, 4), ["5"]);
    }

    proptest! {
        #[test]
        fn there_are_some_and_not_too_many(low in -1e12f64..1e12, log in -8.0f64..12.0, most in 2u32..40) {
            let window = Window::new(low, low + 10f64.powf(log)).unwrap();
            let ticks = between(window, most);
            prop_assert!(!ticks.is_empty() && ticks.len() <= most as usize + 2);
            prop_assert!(ticks.iter().all(|(share, _)| (0.0..=1.0).contains(share)));
            prop_assert!(ticks.windows(2).all(|pair| pair[0].0 < pair[1].0));
        }
    }
}
