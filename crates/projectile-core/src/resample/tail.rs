//! Levels beyond a block's: made of what blocks come to, a row of blocks at a time and in order, whoever is done first.

use std::collections::VecDeque;

use super::cascade::{Cascade, Reduction};
use super::reduce::{BLOCK_STEPS, Job, Plane};
use crate::error::{Error, Result};
use crate::geometry::ceil_shift;

/// Reduces states at `1 / 2^BLOCK_STEPS` further. Of those it holds one row a level, and the rows that were there sooner than
/// one before them.
pub(super) struct Tail<'a, T: Reduction> {
    kind: &'a T,
    cascade: Cascade<'a, T>,
    channels: usize,
    /// Rows and columns of states, in pixels.
    rows: usize,
    columns: usize,
    /// Rows that have been reduced.
    reduced: usize,
    /// Rows that come next, those of them that have begun.
    begun: VecDeque<Row<T::State>>,
    /// Levels that are kept: samples of whole rows that nobody took yet.
    planes: Vec<Plane<T::Output>>,
}

/// Blocks of one row: where each begins, and its states.
struct Row<S> {
    blocks: Vec<(usize, Vec<S>)>,
    /// Pixels of the row that are there.
    filled: usize,
}

impl<S> Default for Row<S> {
    fn default() -> Self {
        Self {
            blocks: Vec::new(),
            filled: 0,
        }
    }
}

impl<'a, T: Reduction> Tail<'a, T> {
    /// What is beyond the blocks of `job`, where it keeps such levels.
    ///
    /// # Errors
    /// [`Limit`](crate::ErrorKind::Limit) where a level is larger than memory can be.
    pub(super) fn of(kind: &'a T, job: &Job<'_>) -> Result<Option<Self>> {
        let Some(steps) = job.keep.end().checked_sub(BLOCK_STEPS).filter(|&steps| steps > 0) else {
            return Ok(None);
        };
        let (rows, columns) = (
            ceil_shift(job.size.0, BLOCK_STEPS) as usize,
            ceil_shift(job.size.1, BLOCK_STEPS) as usize,
        );
        let kept = job.keep.clone().filter(|&level| level > BLOCK_STEPS);
        Ok(Some(Self {
            kind,
            cascade: Cascade::new(kind, rows, columns, job.channels, steps),
            channels: job.channels,
            rows,
            columns,
            reduced: 0,
            begun: VecDeque::new(),
            planes: kept
                .map(|level| Plane::empty(job.size, job.channels, level))
                .collect::<Result<_>>()?,
        }))
    }

    /// Makes room for all samples of the levels that are kept, so that none is moved while they fill.
    ///
    /// # Errors
    /// [`Limit`](crate::ErrorKind::Limit) where there is none.
    pub(super) fn reserve(&mut self) -> Result<()> {
        self.planes.iter_mut().try_for_each(Plane::reserve)
    }

    /// Takes the states of a block: row `y`, columns from `x` on, in pixels of the first row of states.
    pub(super) fn put(&mut self, y: usize, x: usize, states: Vec<T::State>) -> Result<()> {
        let ahead = y
            .checked_sub(self.reduced)
            .ok_or_else(|| Error::internal("a block was reduced twice"))?;
        if self.begun.len() <= ahead {
            self.begun.resize_with(ahead + 1, Row::default);
        }
        let row = &mut self.begun[ahead];
        row.filled += states.len() / self.channels;
        row.blocks.push((x, states));
        while self.begun.front().is_some_and(|row| row.filled == self.columns) {
            self.begun.pop_front().into_iter().for_each(|row| self.feed(row));
        }
        Ok(())
    }

    fn feed(&mut self, mut row: Row<T::State>) {
        row.blocks.sort_unstable_by_key(|&(x, _)| x);
        let states = row.blocks.into_iter().map(|(_, states)| states);
        let states = states.reduce(|mut all, more| {
            all.extend(more);
            all
        });
        let (kind, channels, planes) = (self.kind, self.channels, &mut self.planes);
        self.cascade
            .feed_states(&states.unwrap_or_default(), &mut |level, states, counts| {
                store(kind, channels, planes, level, states, counts);
            });
        self.reduced += 1;
    }

    /// The levels that are kept, each with the samples of the rows that became known since the last time.
    pub(super) fn known(&mut self) -> impl Iterator<Item = &mut Plane<T::Output>> {
        self.planes.iter_mut()
    }

    /// Reduces what had no partner; the samples of whole rows that nobody took.
    ///
    /// # Errors
    /// Where a block is missing.
    pub(super) fn finish(mut self) -> Result<Vec<Plane<T::Output>>> {
        if self.reduced != self.rows {
            return Err(Error::internal("a block of the pyramid was not reduced"));
        }
        let (kind, channels, planes) = (self.kind, self.channels, &mut self.planes);
        self.cascade.finish(&mut |level, states, counts| {
            store(kind, channels, planes, level, states, counts);
        });
        Ok(self.planes)
    }
}

/// Adds a row of states to the samples of its level, counted from the first row of states, where that is kept.
fn store<T: Reduction>(
    kind: &T,
    channels: usize,
    planes: &mut [Plane<T::Output>],
    level: usize,
    states: &[T::State],
    counts: super::cascade::Counts,
) {
    let reduction = level as u32 + BLOCK_STEPS;
    if let Some(plane) = planes.iter_mut().find(|plane| plane.level == reduction) {
        kind.store(states, counts, channels, &mut plane.samples);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resample::Rules;
    use crate::resample::average::Weighted;
    use crate::source::Cancel;

    /// 600 × 1000 rows and columns of blocks' states, two levels of which are kept.
    fn reduced(order: impl Iterator<Item = usize>) -> Result<Vec<Vec<f64>>> {
        const COLUMNS: usize = 1000;
        let kind = Weighted::<f64, f64>::new(Rules::default(), 1);
        let job = Job {
            blocks: &|_| Err(Error::internal("nothing is read")),
            size: (600 << BLOCK_STEPS, (COLUMNS as u64) << BLOCK_STEPS),
            channels: 1,
            dtype: crate::array::DType::Float64,
            keep: 10..=11,
            rules: Rules::default(),
            threads: 1,
            cancel: &Cancel::new(),
            rows: None,
        };
        let mut tail = Tail::of(&kind, &job)?.unwrap();
        for block in order {
            let (y, x) = (block / 4, block % 4 * 250);
            let samples: Vec<f64> = (0..250).map(|i| ((y * COLUMNS + x + i) % 977) as f64).collect();
            let mut states = Vec::new();
            kind.load(&samples, 1, &mut states);
            tail.put(y, x, states)?;
        }
        Ok(tail.finish()?.into_iter().map(|plane| plane.samples).collect())
    }

    #[test]
    fn blocks_may_be_done_in_any_order() {
        let in_order = reduced(0..2400).unwrap();
        assert_eq!([in_order[0].len(), in_order[1].len()], [150 * 250, 75 * 125]);
        let average: f64 = (0..4)
            .flat_map(|y| (0..4).map(move |x| f64::from((y * 1000 + x) % 977)))
            .sum();
        assert_eq!(in_order[0][0], average / 16.0);
        assert_eq!(reduced((0..2400).rev()).unwrap(), in_order);
        assert_eq!(reduced((0..2400).map(|i| i * 1009 % 2400)).unwrap(), in_order);
    }

    #[test]
    fn a_block_that_is_missing_or_there_twice_is_an_error() {
        assert!(reduced(0..2399).is_err());
        assert!(reduced((0..2400).chain([7])).is_err());
    }
}
