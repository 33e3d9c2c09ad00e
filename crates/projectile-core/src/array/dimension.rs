//! What a person wants to know of an axis beyond its name and size.

use std::ops::Range;

/// An axis in the words of whoever made the data: what it is called, in which unit, and where each index lies.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dimension {
    /// What to call it, where that is more than the axis's own name, e.g. `latitude` for `y`.
    pub label: Option<String>,
    /// The unit of its coordinates, e.g. `µm`.
    pub unit: Option<String>,
    /// Where each index lies.
    pub coordinates: Option<Coordinates>,
}

/// The coordinate of each index along an axis.
#[derive(Clone, Debug, PartialEq)]
pub enum Coordinates {
    /// `start + index × step`.
    Even {
        /// The coordinate of index 0.
        start: f64,
        /// From one index to the next.
        step: f64,
    },
    /// A number for each index.
    Numbers(Vec<f64>),
    /// A text for each index: times, names.
    Texts(Vec<String>),
}

impl Coordinates {
    /// The shortest way to say `numbers`: evenly spaced ones by their start and step, where that gives each to
    /// within a millionth of a step.
    pub fn of(numbers: Vec<f64>) -> Self {
        const TOLERANCE: f64 = 1e-6;
        if let [first, .., last] = numbers[..] {
            let step = (last - first) / (numbers.len() - 1) as f64;
            let is_even = numbers.iter().enumerate().all(|(index, number)| {
                (first + index as f64 * step - number).abs() <= step.abs() * TOLERANCE
            });
            if is_even && step != 0.0 {
                return Self::Even { start: first, step };
            }
        }
        Self::Numbers(numbers)
    }
}

/// Half-open ranges of indexes along extra axes, by name; an axis that is not named is meant as a whole.
pub type Ranges = Vec<(String, Range<u64>)>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_numbers_are_said_in_two() {
        let even = Coordinates::of((0..1000).map(|i| -90.0 + f64::from(i) * 0.1).collect());
        let Coordinates::Even { start, step } = even else {
            panic!("{even:?}")
        };
        assert_eq!(start, -90.0);
        assert!((step - 0.1).abs() < 1e-12);
        for uneven in [
            vec![],
            vec![3.0],
            vec![1.0, 1.0],
            vec![1.0, 2.0, 4.0],
            vec![0.0, f64::NAN, 2.0],
        ] {
            let same = Coordinates::of(uneven.clone());
            let Coordinates::Numbers(numbers) = &same else {
                panic!("{same:?}")
            };
            assert_eq!(numbers.len(), uneven.len());
        }
    }
}
