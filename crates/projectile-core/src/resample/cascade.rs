//! Rows in, reduced rows out: the 2×2 step that every kind shares.
//!
//! Rows of running states trickle down: two rows of a level become one of the next, so a block of any height is
//! reduced to all its levels with one pending row a level in memory.

use crate::array::Sample;

/// How one kind reduces samples of one type. A `State` is what is known of a block on the way: a sum, a greatest.
pub(crate) trait Reduction: Send + Sync {
    /// The samples that go in.
    type Input: Sample;
    /// What is known of a block of them.
    type State: Copy + Send + Sync;
    /// The samples that come out.
    type Output: Sample;
    /// The same kind with states that can hold a block of any size.
    type Tail: Reduction<Output = Self::Output>;

    /// States of single samples: `input` holds whole pixels of `channels` samples.
    fn load(&self, input: &[Self::Input], channels: usize, states: &mut Vec<Self::State>);

    /// The state of two blocks together.
    fn merge(&self, a: Self::State, b: Self::State) -> Self::State;

    /// The state of a block's four quarters; those that lie outside the image repeat ones that do not where a kind
    /// says that is harmless (see [`Self::REPEATS`]).
    fn merge4(&self, quarters: [Self::State; 4]) -> Self::State {
        let [a, b, c, d] = quarters;
        self.merge(self.merge(a, b), self.merge(c, d))
    }

    /// Whether quarters outside the image may be filled with repeats. If not they are left out.
    const REPEATS: bool;

    /// Samples of a row of states.
    fn store(&self, states: &[Self::State], counts: Counts, channels: usize, out: &mut Vec<Self::Output>);

    /// A row of states as the tail's.
    fn widen(
        &self,
        states: &[Self::State],
        counts: Counts,
        channels: usize,
        out: &mut Vec<<Self::Tail as Reduction>::State>,
    );

    /// The kind that goes on where these states end.
    fn tail(&self) -> Self::Tail;
}

/// How many source pixels each pixel of a reduced row covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counts {
    /// For every pixel but the last.
    pub(crate) inner: u64,
    /// For the last, which the image's edge may cut.
    pub(crate) last: u64,
}

/// Reduces a block that is fed row by row.
pub(crate) struct Cascade<'a, R: Reduction> {
    kind: &'a R,
    channels: usize,
    /// Rows and columns of the block, in pixels of level 0.
    height: usize,
    width: usize,
    levels: Vec<LevelRows<R::State>>,
    /// Buffers to use again.
    spare: Vec<Vec<R::State>>,
}

struct LevelRows<S> {
    pending: Option<Vec<S>>,
    /// Rows of this level seen so far.
    seen: usize,
}

impl<'a, R: Reduction> Cascade<'a, R> {
    /// Reduces a block of `height × width` pixels by up to `2^steps`.
    pub(crate) fn new(kind: &'a R, height: usize, width: usize, channels: usize, steps: u32) -> Self {
        let levels = (0..=steps)
            .map(|_| LevelRows {
                pending: None,
                seen: 0,
            })
            .collect();
        Self {
            kind,
            channels,
            height,
            width,
            levels,
            spare: Vec::new(),
        }
    }

    /// Feeds the next row of samples. `emit` is called with each reduced row that becomes known: its level, its
    /// states, its counts.
    pub(crate) fn feed(&mut self, input: &[R::Input], emit: &mut impl FnMut(usize, &[R::State], Counts)) {
        let mut states = self.buffer();
        self.kind.load(input, self.channels, &mut states);
        self.push(0, states, emit);
    }

    /// Feeds the next row, already as states.
    pub(crate) fn feed_states(
        &mut self,
        states: &[R::State],
        emit: &mut impl FnMut(usize, &[R::State], Counts),
    ) {
        let mut row = self.buffer();
        row.extend_from_slice(states);
        self.push(0, row, emit);
    }

    /// Ends the block: rows without a partner are reduced alone.
    pub(crate) fn finish(mut self, emit: &mut impl FnMut(usize, &[R::State], Counts)) {
        for level in 0..self.levels.len() {
            if let Some(alone) = self.levels[level].pending.take() {
                let merged = self.halve(&alone, None);
                self.push(level + 1, merged, emit);
            }
        }
    }

    fn buffer(&mut self) -> Vec<R::State> {
        let mut buffer = self.spare.pop().unwrap_or_default();
        buffer.clear();
        buffer
    }

    fn push(&mut self, level: usize, row: Vec<R::State>, emit: &mut impl FnMut(usize, &[R::State], Counts)) {
        let counts = self.counts(level, self.levels[level].seen, row.len() / self.channels.max(1));
        self.levels[level].seen += 1;
        emit(level, &row, counts);
        if level + 1 == self.levels.len() {
            self.spare.push(row);
            return;
        }
        match self.levels[level].pending.take() {
            None => self.levels[level].pending = Some(row),
            Some(above) => {
                let merged = self.halve(&above, Some(&row));
                self.spare.push(above);
                self.spare.push(row);
                self.push(level + 1, merged, emit);
            }
        }
    }

    fn counts(&self, level: usize, row: usize, columns: usize) -> Counts {
        let side = 1usize << level;
        let rows = side.min(self.height - (row << level)) as u64;
        let last = self.width - (columns.saturating_sub(1) << level);
        Counts {
            inner: rows * side as u64,
            last: rows * last as u64,
        }
    }

    fn halve(&mut self, above: &[R::State], below: Option<&[R::State]>) -> Vec<R::State> {
        let mut out = self.buffer();
        match self.channels {
            1 => halve::<R, 1>(self.kind, above, below, 1, &mut out),
            3 => halve::<R, 3>(self.kind, above, below, 3, &mut out),
            4 => halve::<R, 4>(self.kind, above, below, 4, &mut out),
            channels => halve::<R, 0>(self.kind, above, below, channels, &mut out),
        }
        out
    }
}

/// Two rows (or an unpartnered one) become one of half the width. `CHANNELS` is 0 where the number is not a constant:
/// with a constant the inner loop unrolls.
fn halve<R: Reduction, const CHANNELS: usize>(
    kind: &R,
    above: &[R::State],
    below: Option<&[R::State]>,
    channels: usize,
    out: &mut Vec<R::State>,
) {
    let channels = if CHANNELS == 0 { channels } else { CHANNELS };
    let pairs = above.chunks_exact(2 * channels);
    let odd = pairs.remainder();
    if let Some(below) = below {
        for (above, below) in pairs.zip(below.chunks_exact(2 * channels)) {
            out.extend(
                (0..channels)
                    .map(|c| kind.merge4([above[c], above[channels + c], below[c], below[channels + c]])),
            );
        }
        let odd_below = &below[below.len() - odd.len()..];
        out.extend(odd.iter().zip(odd_below).map(|(&a, &b)| merge2(kind, a, b)));
    } else {
        for pair in pairs {
            out.extend((0..channels).map(|c| merge2(kind, pair[c], pair[channels + c])));
        }
        out.extend_from_slice(odd);
    }
}

fn merge2<R: Reduction>(kind: &R, a: R::State, b: R::State) -> R::State {
    if R::REPEATS {
        kind.merge4([a, b, a, b])
    } else {
        kind.merge(a, b)
    }
}
