//! How an axis is divided into blocks, and which block each pixel that is asked for comes from.

use std::ops::Range;

use projectile_core::{Error, Result};

use crate::sizes::{to_u64, to_usize};

/// How an axis is divided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Division {
    /// Into blocks of this many elements, the last perhaps of fewer.
    Even(u64),
    /// At these elements: from 0, ascending, to the axis's size.
    At(Vec<u64>),
}

impl Division {
    /// # Errors
    /// [`BadRequest`](projectile_core::ErrorKind::BadRequest) when it does not divide an axis of `size` elements.
    pub(super) fn check(&self, size: u64) -> Result<()> {
        let divides = match self {
            Self::Even(length) => *length > 0,
            Self::At(edges) => {
                edges.first() == Some(&0)
                    && edges.last() == Some(&size)
                    && edges.is_sorted_by(|before, after| before < after)
            }
        };
        if divides {
            return Ok(());
        }
        Err(Error::bad_request(
            "chunks",
            format!("chunks that do not divide an axis of {size} elements"),
        ))
    }

    /// The block that holds an element.
    pub(super) fn block_of(&self, element: u64) -> u64 {
        match self {
            #[expect(
                clippy::arithmetic_side_effects,
                reason = "`check` refuses blocks of no elements"
            )]
            Self::Even(length) => element / length,
            // The first edge is 0, which no element is before.
            Self::At(edges) => to_u64(edges.partition_point(|&edge| edge <= element)).saturating_sub(1),
        }
    }

    /// The elements of a block of an axis of `size` elements.
    pub(super) fn elements(&self, block: u64, size: u64) -> Range<u64> {
        match self {
            Self::Even(length) => {
                let start = block.saturating_mul(*length).min(size);
                start..start.saturating_add(*length).min(size)
            }
            Self::At(edges) => {
                let mut edges = edges.iter().copied().skip(to_usize(block));
                let mut edge = || edges.next().unwrap_or(size);
                edge()..edge()
            }
        }
    }

    /// The length of the longest block.
    pub(super) fn longest(&self, size: u64) -> u64 {
        match self {
            Self::Even(length) => (*length).min(size),
            Self::At(edges) => edges
                .iter()
                .zip(edges.iter().skip(1))
                .map(|(start, end)| end.abs_diff(*start))
                .max()
                .unwrap_or(size),
        }
    }
}

/// Elements that follow each other in what is asked for, and come from one block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// The first one's place in what is asked for.
    pub(super) out: usize,
    pub(super) length: usize,
    pub(super) block: u64,
    /// The first one's place in the block.
    pub(super) start: u64,
    /// Elements of the block from one to the next: 0 where one stands for all.
    pub(super) step: u64,
}

/// The blocks that every `step`-th element of a range touches, in their order.
pub(super) fn touched(division: &Division, range: Range<u64>, step: u64) -> Vec<u64> {
    let mut blocks: Vec<u64> = range
        .step_by(to_usize(step))
        .map(|element| division.block_of(element))
        .collect();
    blocks.dedup();
    blocks
}

/// Where every `step`-th element of a range comes from. Of the blocks that these touch only every `every`-th is used;
/// elements of the others are stood for by the nearest element of one that is.
pub(super) fn runs(division: &Division, size: u64, range: Range<u64>, step: u64, every: u64) -> Vec<Run> {
    let touched = touched(division, range.clone(), step);
    let every = to_usize(every.max(1));
    // Each block that is touched, and the middle one of as many as it stands for.
    let mut stands_for = touched.chunks(every).flat_map(|group| {
        let used = group.get(every / 2).or(group.last());
        group.iter().filter_map(move |touched| Some((*touched, *used?)))
    });
    let mut current = stands_for.next();
    let mut previous = 0;
    let mut runs: Vec<Run> = Vec::new();
    for (out, element) in range.step_by(to_usize(step)).enumerate() {
        let block = division.block_of(element);
        if current.is_some_and(|(touched, _)| touched != block) {
            current = stands_for.next();
        }
        let used = current.map_or(block, |(_, used)| used);
        let elements = division.elements(used, size);
        let nearest = element.min(elements.end.saturating_sub(1)).max(elements.start);
        let start = nearest.saturating_sub(elements.start);
        let ahead = start.abs_diff(std::mem::replace(&mut previous, start));
        if let Some(run) = runs.last_mut()
            && run.block == used
            && (run.length == 1 || ahead == run.step)
        {
            run.step = ahead;
            run.length = run.length.saturating_add(1);
            continue;
        }
        runs.push(Run {
            out,
            length: 1,
            block: used,
            start,
            step: 0,
        });
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The element that each place in the answer comes from.
    fn elements(division: &Division, size: u64, runs: &[Run]) -> Vec<u64> {
        let mut all = Vec::new();
        for run in runs {
            assert_eq!(run.out, all.len());
            let elements = division.elements(run.block, size);
            for i in 0..run.length as u64 {
                let element = elements.start + run.start + i * run.step;
                assert!(elements.contains(&element));
                all.push(element);
            }
        }
        all
    }

    #[test]
    fn every_element_comes_from_its_own_block() {
        for division in [
            Division::Even(7),
            Division::Even(100),
            Division::At(vec![0, 1, 13, 14, 40, 50]),
        ] {
            division.check(50).unwrap();
            for (start, end) in [(0, 50), (3, 44), (13, 14), (49, 50)] {
                for step in [1, 2, 5, 9, 64] {
                    let found = runs(&division, 50, start..end, step, 1);
                    let expected: Vec<u64> = (start..end).step_by(step as usize).collect();
                    assert_eq!(
                        elements(&division, 50, &found),
                        expected,
                        "{division:?} {start}..{end} by {step}"
                    );
                }
            }
        }
        // One run a block where elements follow each other.
        assert_eq!(runs(&Division::Even(10), 50, 0..50, 1, 1).len(), 5);
    }

    #[test]
    fn a_sample_touches_few_blocks_and_stays_near() {
        let division = Division::Even(10);
        let found = runs(&division, 1000, 0..1000, 3, 10);
        let blocks: std::collections::BTreeSet<u64> = found.iter().map(|run| run.block).collect();
        assert_eq!(blocks.len(), 10);
        let all = elements(&division, 1000, &found);
        for (out, element) in all.iter().enumerate() {
            let asked = out as u64 * 3;
            assert!(asked.abs_diff(*element) <= 60, "{asked} is shown by {element}");
            if blocks.contains(&(asked / 10)) {
                assert_eq!(*element, asked);
            }
        }
        assert!(found.len() < 60, "{}", found.len());
    }

    #[test]
    fn the_last_block_ends_with_its_axis_however_long_that_is() {
        let division = Division::Even(1000);
        let last = division.block_of(u64::MAX - 1);
        assert_eq!(
            division.elements(last, u64::MAX),
            u64::MAX / 1000 * 1000..u64::MAX
        );
    }

    #[test]
    fn what_does_not_divide_is_refused() {
        for division in [
            Division::Even(0),
            Division::At(vec![]),
            Division::At(vec![0, 49]),
            Division::At(vec![1, 50]),
            Division::At(vec![0, 20, 20, 50]),
        ] {
            assert!(division.check(50).is_err(), "{division:?}");
        }
    }
}
