//! Reducing a region of a source, block by block, in parallel.

use std::any::TypeId;
use std::ops::RangeInclusive;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::cascade::{Cascade, Reduction};
use crate::array::{DType, Pixels, Sample, Samples, with_samples};
use crate::error::{Error, Result};
use crate::geometry::ceil_shift;
use crate::source::{Cancel, Region};

/// Reads the pixels of a region, whose position is relative to the job's region.
pub type Blocks<'a> = &'a (dyn Fn(Region) -> Result<Pixels> + Send + Sync);

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

/// One kept level, while it fills.
struct Plane<T> {
    level: u32,
    height: usize,
    width: usize,
    samples: Vec<T>,
}

/// Reduces `job` by `kind`.
pub(crate) fn reduce<R: Reduction>(kind: &R, job: &Job<'_>) -> Result<Vec<Pixels>> {
    let steps = BLOCK_STEPS.min(*job.keep.end());
    let (height, width) = job.size;
    let rows_of_blocks = ceil_shift(height, BLOCK_STEPS);
    let columns_of_blocks = width.div_ceil(BLOCK_WIDTH);
    let blocks = usize::try_from(rows_of_blocks * columns_of_blocks)
        .map_err(|_| Error::limit("the region is too large to reduce"))?;

    let planes = Mutex::new(
        job.keep
            .clone()
            .map(|level| plane::<R::Output>(job, level))
            .collect::<Result<Vec<_>>>()?,
    );
    // The states at 1/256, from which coarser levels are made.
    let tail_size = (
        ceil_shift(height, BLOCK_STEPS) as usize,
        ceil_shift(width, BLOCK_STEPS) as usize,
    );
    let has_tail = *job.keep.end() > BLOCK_STEPS;
    let tail_row = tail_size.1 * job.channels;
    let tail = Mutex::new(vec![None; if has_tail { tail_size.0 * tail_row } else { 0 }]);

    let next = AtomicUsize::new(0);
    let failure = Mutex::new(None);
    let work = || {
        let failed = || lock(&failure).is_some();
        while !failed() {
            let block = next.fetch_add(1, Ordering::Relaxed);
            if block >= blocks {
                return;
            }
            let (by, bx) = (block as u64 / columns_of_blocks, block as u64 % columns_of_blocks);
            let region = Region {
                y: by << BLOCK_STEPS,
                x: bx * BLOCK_WIDTH,
                height: (height - (by << BLOCK_STEPS)).min(1 << BLOCK_STEPS),
                width: (width - bx * BLOCK_WIDTH).min(BLOCK_WIDTH),
            };
            let done = job
                .cancel
                .check()
                .and_then(|()| reduce_block(kind, job, steps, region));
            match done {
                Ok(done) => {
                    place(&mut lock(&planes), &done.kept, region, job.channels);
                    if has_tail {
                        let at = by as usize * tail_row + (region.x >> BLOCK_STEPS) as usize * job.channels;
                        for (state, slot) in done.tail.iter().zip(&mut lock(&tail)[at..]) {
                            *slot = Some(*state);
                        }
                    }
                }
                Err(error) => {
                    lock(&failure).get_or_insert(error);
                }
            }
        }
    };
    let threads = job.threads.clamp(1, blocks.max(1));
    if threads == 1 {
        work();
    } else {
        std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    }
    if let Some(error) = into_inner(failure) {
        return Err(error);
    }
    let mut planes = into_inner(planes);
    if has_tail {
        reduce_tail(&kind.tail(), &into_inner(tail), tail_size, job, &mut planes)?;
    }
    planes.into_iter().map(|plane| finish(plane, job)).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn into_inner<T>(mutex: Mutex<T>) -> T {
    mutex
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn plane<T: Sample>(job: &Job<'_>, level: u32) -> Result<Plane<T>> {
    let too_large = || Error::limit(format!("level {level} of the pyramid is too large for memory"));
    let (height, width) = (ceil_shift(job.size.0, level), ceil_shift(job.size.1, level));
    let samples = usize::try_from(height)
        .ok()
        .and_then(|height| {
            height
                .checked_mul(usize::try_from(width).ok()?)?
                .checked_mul(job.channels)
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

/// What a block comes to: rows of kept levels, and the states at 1/256.
struct Reduced<T, S> {
    kept: Vec<(u32, Vec<T>)>,
    tail: Vec<S>,
}

type TailState<R> = <<R as Reduction>::Tail as Reduction>::State;

fn reduce_block<R: Reduction>(
    kind: &R,
    job: &Job<'_>,
    steps: u32,
    region: Region,
) -> Result<Reduced<R::Output, TailState<R>>> {
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
