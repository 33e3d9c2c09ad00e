//! Reducing a region of a source, block by block, in parallel.

use std::any::TypeId;
use std::ops::{Range, RangeInclusive};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::cascade::{Cascade, Reduction};
use crate::array::{DType, Pixels, Sample, Samples, with_samples};
use crate::error::{Error, Result};
use crate::geometry::ceil_shift;
use crate::source::{Cancel, Region};

/// Reads the pixels of a region, whose position is relative to the job's region.
pub type Blocks<'a> = &'a (dyn Fn(Region) -> Result<Pixels> + Send + Sync);

/// Takes whole rows of a level as they become known, from the top down: the level, the first row, the rows.
pub type Rows<'a> = &'a (dyn Fn(u32, u64, Pixels) -> Result<()> + Sync);

/// Which samples count, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rules {
    /// The value that stands for "no data"; NaN is never data.
    pub nodata: Option<f64>,
    /// The last channel is straight alpha, by which averages weigh the others.
    pub alpha: bool,
}

impl Rules {
    /// The nodata value as a sample, where the type can hold it.
    pub(crate) fn nodata_as<T: Sample>(&self) -> Option<T> {
        let nodata = self.nodata?;
        let sample = T::from_f64(nodata);
        (sample.to_f64() == nodata).then_some(sample)
    }
}

/// A region to reduce by 2×2 steps.
pub struct Job<'a> {
    /// Where the pixels come from.
    pub blocks: Blocks<'a>,
    /// Rows and columns of the region, in pixels of level 0. It starts at a multiple of `2^*keep.end()`.
    pub size: (u64, u64),
    /// Channels of each pixel.
    pub channels: usize,
    /// The type of the samples read; not complex.
    pub dtype: DType,
    /// Which levels to keep: level k is reduced by 2^k.
    pub keep: RangeInclusive<u32>,
    /// Which samples count.
    pub rules: Rules,
    /// How many threads may work.
    pub threads: usize,
    /// Looked at between blocks.
    pub cancel: &'a Cancel,
    /// Takes the rows of the levels that are kept, band by band, so that none is ever whole in memory; the answer is then
    /// empty. A level's rows come in order, and those of finer levels before those of coarser ones that are made of them.
    pub rows: Option<Rows<'a>>,
}

impl std::fmt::Debug for Job<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Job")
            .field("size", &self.size)
            .field("keep", &self.keep)
            .finish_non_exhaustive()
    }
}

/// Base-2 logarithm of a block's rows. Up to here sums of 16-bit samples fit 32 bits: `2^8 * 2^8 * 65535 < 2^32`.
pub(crate) const BLOCK_STEPS: u32 = 8;
/// Columns of a block: wide enough for long runs, narrow enough for the states to stay in the cache.
const BLOCK_WIDTH: u64 = 1024;

/// How whole rows are cut into blocks.
#[derive(Debug, PartialEq, Eq)]
struct Cut {
    /// Columns of a block.
    width: u64,
    /// Blocks that are worked on at a time.
    threads: usize,
}

impl Cut {
    /// Blocks that stay within bounds however many channels a pixel has.
    ///
    /// # Errors
    /// [`Limit`](crate::ErrorKind::Limit) where even the smallest one does not.
    fn of(job: &Job<'_>) -> Result<Self> {
        /// Bytes of the samples of all blocks that are worked on at a time, and of one.
        const TOGETHER: u64 = 256 << 20;
        const ONE: u64 = 1 << 30;
        const NARROWEST: u64 = 1 << BLOCK_STEPS;
        let pixel = (job.channels as u64)
            .saturating_mul(job.dtype.size() as u64)
            .max(1);
        let column = pixel.saturating_mul(1 << BLOCK_STEPS);
        let least = column.saturating_mul(NARROWEST);
        if least > ONE {
            return Err(Error::limit(format!(
                "pixels of {} channels are too large to be reduced: choose fewer channels",
                job.channels
            )));
        }
        let threads = job.threads.clamp(1, (TOGETHER / least).max(1) as usize);
        let width = TOGETHER / threads as u64 / column / NARROWEST * NARROWEST;
        Ok(Self {
            width: width.clamp(NARROWEST, BLOCK_WIDTH),
            threads,
        })
    }
}

/// One kept level, while it fills.
struct Plane<T> {
    level: u32,
    height: usize,
    width: usize,
    samples: Vec<T>,
}

/// Reduces `job` by `kind`.
pub(crate) fn reduce<R: Reduction>(kind: &R, job: &Job<'_>) -> Result<Vec<Pixels>> {
    if let Some(rows) = job.rows {
        return stream(kind, job, rows).map(|()| Vec::new());
    }
    let (height, width) = job.size;
    let Reduced {
        kept: mut planes,
        tail,
    } = reduce_rows(kind, job, 0..height, job.keep.clone())?;
    if *job.keep.end() > BLOCK_STEPS {
        let size = (
            ceil_shift(height, BLOCK_STEPS) as usize,
            ceil_shift(width, BLOCK_STEPS) as usize,
        );
        reduce_tail(&kind.tail(), &tail, size, job, &mut planes)?;
    }
    planes.into_iter().map(|plane| finish(plane, job)).collect()
}

/// Reduces `job` band by band, and gives away what is known after each.
fn stream<R: Reduction>(kind: &R, job: &Job<'_>, give: Rows<'_>) -> Result<()> {
    let (height, width) = job.size;
    let (first, last) = (*job.keep.start(), *job.keep.end());
    let (bands, columns) = (ceil_shift(height, BLOCK_STEPS), ceil_shift(width, BLOCK_STEPS));
    let tail_kind = kind.tail();
    let mut tail = (last > BLOCK_STEPS).then(|| {
        Cascade::new(
            &tail_kind,
            bands as usize,
            columns as usize,
            job.channels,
            last - BLOCK_STEPS,
        )
    });
    let mut deep: Vec<(u32, Vec<R::Output>)> = Vec::new();
    let mut given = vec![0u64; last as usize + 1];
    for band in 0..bands {
        let top = band << BLOCK_STEPS;
        let bottom = height.min(top + (1 << BLOCK_STEPS));
        let done = reduce_rows(kind, job, top..bottom, first..=last.min(BLOCK_STEPS))?;
        for plane in done.kept {
            give(plane.level, top >> plane.level, finish(plane, job)?)?;
        }
        let Some(cascade) = &mut tail else { continue };
        let states: Vec<TailState<R>> = done.tail.into_iter().flatten().collect();
        let mut emit = |level: usize, states: &[TailState<R>], counts| {
            keep_row(&tail_kind, job, level, states, counts, &mut deep);
        };
        cascade.feed_states(&states, &mut emit);
        if band + 1 == bands
            && let Some(cascade) = tail.take()
        {
            cascade.finish(&mut emit);
        }
        for (level, samples) in deep.drain(..) {
            let y = given[level as usize];
            given[level as usize] += 1;
            let plane = Plane {
                level,
                height: 1,
                width: ceil_shift(width, level) as usize,
                samples,
            };
            give(level, y, finish(plane, job)?)?;
        }
    }
    Ok(())
}

/// Stores a row of the tail's cascade, where its level is kept.
fn keep_row<T: Reduction>(
    kind: &T,
    job: &Job<'_>,
    level: usize,
    states: &[T::State],
    counts: super::cascade::Counts,
    rows: &mut Vec<(u32, Vec<T::Output>)>,
) {
    let reduction = level as u32 + BLOCK_STEPS;
    if level > 0 && reduction >= *job.keep.start() {
        let mut row = Vec::new();
        kind.store(states, counts, job.channels, &mut row);
        rows.push((reduction, row));
    }
}

/// Reduces whole rows, the first of which is a multiple of a block's: planes of the levels to `keep`, and the states at
/// 1/256, from which coarser levels are made.
fn reduce_rows<R: Reduction>(
    kind: &R,
    job: &Job<'_>,
    rows: Range<u64>,
    keep: RangeInclusive<u32>,
) -> Result<ReducedRows<R>> {
    let steps = BLOCK_STEPS.min(*job.keep.end());
    let (height, width) = (rows.end - rows.start, job.size.1);
    let rows_of_blocks = ceil_shift(height, BLOCK_STEPS);
    let cut = Cut::of(job)?;
    let columns_of_blocks = width.div_ceil(cut.width);
    let blocks = rows_of_blocks
        .checked_mul(columns_of_blocks)
        .and_then(|blocks| usize::try_from(blocks).ok())
        .ok_or_else(too_large)?;

    let planes = Mutex::new(
        keep.map(|level| plane::<R::Output>((height, width), job.channels, level))
            .collect::<Result<Vec<_>>>()?,
    );
    let has_tail = *job.keep.end() > BLOCK_STEPS;
    let tail_row = ceil_shift(width, BLOCK_STEPS) as usize * job.channels;
    let tail = Mutex::new(if has_tail {
        tail_of(height, job)?
    } else {
        Vec::new()
    });
    in_parallel(blocks, cut.threads, job.cancel, |block| {
        let (by, bx) = (block as u64 / columns_of_blocks, block as u64 % columns_of_blocks);
        let region = Region {
            y: by << BLOCK_STEPS,
            x: bx * cut.width,
            height: (height - (by << BLOCK_STEPS)).min(1 << BLOCK_STEPS),
            width: (width - bx * cut.width).min(cut.width),
        };
        let of_image = Region {
            y: rows.start + region.y,
            ..region
        };
        let done = reduce_block(kind, job, steps, of_image)?;
        place(&mut lock(&planes), &done.kept, region, job.channels);
        if has_tail {
            let at = by as usize * tail_row + (region.x >> BLOCK_STEPS) as usize * job.channels;
            for (state, slot) in done.tail.iter().zip(&mut lock(&tail)[at..]) {
                *slot = Some(*state);
            }
        }
        Ok(())
    })?;
    Ok(Reduced {
        kept: into_inner(planes),
        tail: into_inner(tail),
    })
}

/// Does `count` pieces of work on up to `threads` threads, in order but for those that are done at a time, until one fails.
///
/// # Errors
/// The first that a piece gives, and [`Cancelled`](crate::ErrorKind::Cancelled).
pub fn in_parallel(
    count: usize,
    threads: usize,
    cancel: &Cancel,
    each: impl Fn(usize) -> Result<()> + Sync,
) -> Result<()> {
    let next = AtomicUsize::new(0);
    let failure = Mutex::new(None);
    let work = || {
        let failed = || lock(&failure).is_some();
        while !failed() {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= count {
                return;
            }
            if let Err(error) = cancel.check().and_then(|()| each(at)) {
                lock(&failure).get_or_insert(error);
            }
        }
    };
    let threads = threads.clamp(1, count.max(1));
    if threads == 1 {
        work();
    } else {
        std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    }
    into_inner(failure).map_or(Ok(()), Err)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn into_inner<T>(mutex: Mutex<T>) -> T {
    mutex
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn plane<T: Sample>((height, width): (u64, u64), channels: usize, level: u32) -> Result<Plane<T>> {
    let too_large = || Error::limit(format!("level {level} of the pyramid is too large for memory"));
    let (height, width) = (ceil_shift(height, level), ceil_shift(width, level));
    let samples = usize::try_from(height)
        .ok()
        .and_then(|height| {
            height
                .checked_mul(usize::try_from(width).ok()?)?
                .checked_mul(channels)
        })
        .ok_or_else(too_large)?;
    let mut plane = Vec::new();
    plane.try_reserve_exact(samples).map_err(|_| too_large())?;
    plane.resize(samples, T::zeroed());
    Ok(Plane {
        level,
        height: height as usize,
        width: width as usize,
        samples: plane,
    })
}

/// Room for the states at 1/256 of so many rows; none is known yet.
fn tail_of<S: Copy>(height: u64, job: &Job<'_>) -> Result<Vec<Option<S>>> {
    let (height, width) = (
        ceil_shift(height, BLOCK_STEPS),
        ceil_shift(job.size.1, BLOCK_STEPS),
    );
    let states = height
        .checked_mul(width)
        .and_then(|states| states.checked_mul(job.channels as u64))
        .and_then(|states| usize::try_from(states).ok())
        .ok_or_else(too_large)?;
    let mut tail = Vec::new();
    tail.try_reserve_exact(states).map_err(|_| too_large())?;
    tail.resize(states, None);
    Ok(tail)
}

fn too_large() -> Error {
    Error::limit("the region is too large to reduce")
}

/// What is kept of levels, and the states at 1/256.
struct Reduced<K, S> {
    kept: Vec<K>,
    tail: Vec<S>,
}

/// What whole rows come to.
type ReducedRows<R> = Reduced<Plane<<R as Reduction>::Output>, Option<TailState<R>>>;

/// Rows of a block, of one level.
type LevelOf<R> = (u32, Vec<<R as Reduction>::Output>);

type TailState<R> = <<R as Reduction>::Tail as Reduction>::State;

fn reduce_block<R: Reduction>(
    kind: &R,
    job: &Job<'_>,
    steps: u32,
    region: Region,
) -> Result<Reduced<LevelOf<R>, TailState<R>>> {
    let pixels = (job.blocks)(region)?.with_whole_rows()?;
    let (height, width) = (region.height as usize, region.width as usize);
    if pixels.shape() != [height, width, job.channels] {
        return Err(Error::internal(format!(
            "a read of {height}×{width}×{} pixels answered with {:?}",
            job.channels,
            pixels.shape()
        )));
    }
    let mut kept: Vec<_> = job
        .keep
        .clone()
        .filter(|&k| k <= steps)
        .map(|k| (k, Vec::new()))
        .collect();
    let first_kept = *job.keep.start() as usize;
    let mut tail = Vec::new();
    let mut emit = |level: usize, states: &[R::State], counts| {
        if level >= first_kept {
            kind.store(states, counts, job.channels, &mut kept[level - first_kept].1);
        }
        if level == BLOCK_STEPS as usize && *job.keep.end() > BLOCK_STEPS {
            kind.widen(states, counts, job.channels, &mut tail);
        }
    };
    let mut cascade = Cascade::new(kind, height, width, job.channels, steps);
    let fed: Result<()> = with_samples!(pixels.samples(), slice => {
        pixels.rows(typed::<_, R::Input>(slice)?).for_each(|row| cascade.feed(row, &mut emit));
        Ok(())
    });
    fed?;
    cascade.finish(&mut emit);
    Ok(Reduced { kept, tail })
}

/// `slice` as samples of type `T`, which it must be.
pub(super) fn typed<S: bytemuck::Pod, T: bytemuck::Pod>(slice: &[S]) -> Result<&[T]> {
    let same = TypeId::of::<S>() == TypeId::of::<T>();
    same.then(|| bytemuck::cast_slice(slice))
        .ok_or_else(|| Error::internal("samples of another type than was planned"))
}

fn place<T: Copy>(planes: &mut [Plane<T>], kept: &[(u32, Vec<T>)], region: Region, channels: usize) {
    for (level, samples) in kept {
        let Some(plane) = planes.iter_mut().find(|plane| plane.level == *level) else {
            continue;
        };
        let (y, x) = ((region.y >> level) as usize, (region.x >> level) as usize);
        let row = ceil_shift(region.width, *level) as usize * channels;
        for (i, run) in samples.chunks_exact(row).enumerate() {
            let at = ((y + i) * plane.width + x) * channels;
            plane.samples[at..at + row].copy_from_slice(run);
        }
    }
}

fn reduce_tail<T: Reduction>(
    kind: &T,
    states: &[Option<T::State>],
    (height, width): (usize, usize),
    job: &Job<'_>,
    planes: &mut [Plane<T::Output>],
) -> Result<()> {
    let steps = job.keep.end() - BLOCK_STEPS;
    let mut cascade = Cascade::new(kind, height, width, job.channels, steps);
    let mut rows: Vec<Vec<T::Output>> = vec![Vec::new(); steps as usize + 1];
    let mut emit = |level: usize, states: &[T::State], counts| {
        if level > 0 && level as u32 + BLOCK_STEPS >= *job.keep.start() {
            kind.store(states, counts, job.channels, &mut rows[level]);
        }
    };
    for row in states.chunks_exact(width * job.channels) {
        let row: Vec<T::State> = row.iter().copied().flatten().collect();
        if row.len() != width * job.channels {
            return Err(Error::internal("a block of the pyramid was not reduced"));
        }
        cascade.feed_states(&row, &mut emit);
    }
    cascade.finish(&mut emit);
    for (level, samples) in (BLOCK_STEPS..).zip(rows).skip(1) {
        if let Some(plane) = planes.iter_mut().find(|plane| plane.level == level) {
            plane.samples = samples;
        }
    }
    Ok(())
}

fn finish<T: Sample>(plane: Plane<T>, job: &Job<'_>) -> Result<Pixels> {
    let samples = match (T::wrap(plane.samples), job.dtype) {
        // Bool shares bytes with uint8 inside.
        (Samples::UInt8(bytes), DType::Bool) => Samples::Bool(bytes),
        (samples, _) => samples,
    };
    Pixels::new(samples, plane.height, plane.width, job.channels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn with<T>(
        size: (u64, u64),
        channels: usize,
        dtype: DType,
        threads: usize,
        then: impl FnOnce(&Job<'_>) -> T,
    ) -> T {
        let job = Job {
            blocks: &|_| Err(Error::internal("nothing is read")),
            size,
            channels,
            dtype,
            keep: 1..=12,
            rules: Rules::default(),
            threads,
            cancel: &Cancel::new(),
            rows: None,
        };
        then(&job)
    }

    #[test]
    fn blocks_are_bounded_by_what_their_pixels_take() {
        let cut = |channels, dtype, threads| with((1000, 1000), channels, dtype, threads, Cut::of);
        let is = |width, threads| Cut { width, threads };
        assert_eq!(cut(1, DType::Float64, 64).unwrap(), is(BLOCK_WIDTH, 64));
        assert_eq!(cut(4, DType::UInt8, 2).unwrap(), is(BLOCK_WIDTH, 2));
        assert_eq!(cut(300, DType::UInt16, 4).unwrap(), is(256, 4));
        assert_eq!(cut(1025, DType::UInt8, 8).unwrap(), is(256, 3));
        assert_eq!(cut(4096, DType::Float32, 8).unwrap(), is(256, 1));
        let refused = cut(4097, DType::Float32, 8).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Limit);
        assert!(cut(usize::MAX, DType::Float64, 1).is_err());
    }

    #[test]
    fn what_no_memory_holds_is_refused_before_anything_is_read() {
        for size in [
            (u64::MAX, u64::MAX),
            (1 << 40, 1 << 40),
            (256, u64::MAX),
            (1 << 50, 1),
        ] {
            let reduced = with(size, 1, DType::UInt8, 2, |job| {
                crate::resample::Resampling::AVERAGE.reduce(job)
            });
            let refused = reduced.unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Limit, "{size:?}");
        }
    }
}
