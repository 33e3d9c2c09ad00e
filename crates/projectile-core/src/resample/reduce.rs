//! Reducing a region of a source, block by block, in parallel.

use std::any::TypeId;
use std::ops::{Range, RangeInclusive};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::cascade::{Cascade, Reduction};
use super::tail::Tail;
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
    /// Blocks below each other that are read together: where rows are short, one would hardly be worth a read. Bands that
    /// are streamed are of one.
    together: u64,
    /// How many threads work on such.
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
        let width = width.clamp(NARROWEST, BLOCK_WIDTH);
        Ok(Self {
            width,
            together: width / job.size.1.clamp(1, width),
            threads,
        })
    }
}

/// One kept level, while it fills.
pub(super) struct Plane<T> {
    pub(super) level: u32,
    pub(super) height: usize,
    pub(super) width: usize,
    channels: usize,
    /// Whole rows, as many as are known.
    pub(super) samples: Vec<T>,
}

impl<T: Sample> Plane<T> {
    /// A level of an image of `size` pixels, of which nothing is known yet.
    ///
    /// # Errors
    /// [`Limit`](crate::ErrorKind::Limit) where it is larger than memory can be.
    pub(super) fn empty((height, width): (u64, u64), channels: usize, level: u32) -> Result<Self> {
        let side = |length: u64| usize::try_from(ceil_shift(length, level)).ok();
        let (height, width) = side(height).zip(side(width)).ok_or_else(|| no_room(level))?;
        height
            .checked_mul(width)
            .and_then(|pixels| pixels.checked_mul(channels))
            .ok_or_else(|| no_room(level))?;
        Ok(Self {
            level,
            height,
            width,
            channels,
            samples: Vec::new(),
        })
    }

    /// The same, all samples of which are zero.
    fn zeroed(size: (u64, u64), channels: usize, level: u32) -> Result<Self> {
        let mut plane = Self::empty(size, channels, level)?;
        plane.reserve()?;
        plane
            .samples
            .resize(plane.height * plane.width * channels, T::zeroed());
        Ok(plane)
    }

    /// Makes room for all of its samples.
    ///
    /// # Errors
    /// [`Limit`](crate::ErrorKind::Limit) where there is none.
    pub(super) fn reserve(&mut self) -> Result<()> {
        self.samples
            .try_reserve_exact(self.height * self.width * self.channels)
            .map_err(|_| no_room(self.level))
    }

    /// Takes the rows that are known; the next ones come in their place.
    fn take(&mut self) -> Self {
        let samples = std::mem::take(&mut self.samples);
        Self {
            height: samples.len() / (self.width * self.channels).max(1),
            samples,
            ..*self
        }
    }
}

fn no_room(level: u32) -> Error {
    Error::limit(format!("level {level} of the pyramid is too large for memory"))
}

/// Reduces `job` by `kind`.
pub(crate) fn reduce<R: Reduction>(kind: &R, job: &Job<'_>) -> Result<Vec<Pixels>> {
    if let Some(rows) = job.rows {
        return stream(kind, job, rows).map(|()| Vec::new());
    }
    let tail_kind = kind.tail();
    let mut tail = Tail::of(&tail_kind, job)?;
    tail.as_mut().map_or(Ok(()), Tail::reserve)?;
    let (tail, last) = (Mutex::new(tail), (*job.keep.end()).min(BLOCK_STEPS));
    let mut planes = reduce_rows(kind, job, 0..job.size.0, *job.keep.start()..=last, &tail)?;
    if let Some(tail) = into_inner(tail) {
        planes.extend(tail.finish()?);
    }
    planes.into_iter().map(|plane| finish(plane, job)).collect()
}

/// Reduces `job` band by band, and gives away what is known after each.
fn stream<R: Reduction>(kind: &R, job: &Job<'_>, give: Rows<'_>) -> Result<()> {
    let (first, last) = (*job.keep.start(), (*job.keep.end()).min(BLOCK_STEPS));
    let bands = ceil_shift(job.size.0, BLOCK_STEPS);
    let tail_kind = kind.tail();
    let tail = Mutex::new(Tail::of(&tail_kind, job)?);
    let mut given = vec![0u64; *job.keep.end() as usize + 1];
    let mut give_all = |planes: Vec<Plane<R::Output>>| {
        for plane in planes.into_iter().filter(|plane| plane.height > 0) {
            let (level, y) = (plane.level, given[plane.level as usize]);
            given[level as usize] += plane.height as u64;
            give(level, y, finish(plane, job)?)?;
        }
        Ok(())
    };
    for band in 0..bands {
        let top = band << BLOCK_STEPS;
        let bottom = job.size.0.min(top + (1 << BLOCK_STEPS));
        give_all(reduce_rows(kind, job, top..bottom, first..=last, &tail)?)?;
        if let Some(tail) = lock(&tail).as_mut() {
            give_all(tail.known().map(Plane::take).collect())?;
        }
    }
    match into_inner(tail) {
        None => Ok(()),
        Some(tail) => give_all(tail.finish()?.iter_mut().map(Plane::take).collect()),
    }
}

/// Reduces whole rows, the first of which is a multiple of a block's: planes of the levels to `keep`, and to `tail` what
/// coarser levels are made of.
fn reduce_rows<R: Reduction>(
    kind: &R,
    job: &Job<'_>,
    rows: Range<u64>,
    keep: RangeInclusive<u32>,
    tail: &Mutex<Option<Tail<'_, R::Tail>>>,
) -> Result<Vec<Plane<R::Output>>> {
    let (height, width) = (rows.end - rows.start, job.size.1);
    let cut = Cut::of(job)?;
    let tall = cut.together << BLOCK_STEPS;
    let columns_of_blocks = width.div_ceil(cut.width);
    let reads = height
        .div_ceil(tall)
        .checked_mul(columns_of_blocks)
        .and_then(|reads| usize::try_from(reads).ok())
        .ok_or_else(|| Error::limit("the region is too large to reduce"))?;

    let planes = Mutex::new(
        keep.map(|level| Plane::zeroed((height, width), job.channels, level))
            .collect::<Result<Vec<Plane<R::Output>>>>()?,
    );
    in_parallel(reads, cut.threads, job.cancel, |read| {
        let (y, x) = (
            read as u64 / columns_of_blocks * tall,
            read as u64 % columns_of_blocks * cut.width,
        );
        let region = Region {
            y: rows.start + y,
            x,
            height: (height - y).min(tall),
            width: (width - x).min(cut.width),
        };
        let pixels = read_whole(job, region)?;
        for top in (0..region.height).step_by(1 << BLOCK_STEPS) {
            let block = Region {
                y: y + top,
                height: (region.height - top).min(1 << BLOCK_STEPS),
                ..region
            };
            let rows_of_block = pixels.crop(top as usize, 0, block.height as usize, block.width as usize, 1);
            let done = reduce_block(kind, job, &rows_of_block)?;
            place(&mut lock(&planes), &done.kept, block, job.channels);
            if let Some(tail) = lock(tail).as_mut() {
                let y = (rows.start + block.y) >> BLOCK_STEPS;
                tail.put(y as usize, (x >> BLOCK_STEPS) as usize, done.tail)?;
            }
        }
        Ok(())
    })?;
    Ok(into_inner(planes))
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

/// What a block comes to: rows of levels that are kept, and the states that coarser ones are made of.
struct Reduced<K, S> {
    kept: Vec<K>,
    tail: Vec<S>,
}

/// Rows of a block, of one level.
type LevelOf<R> = (u32, Vec<<R as Reduction>::Output>);

type TailState<R> = <<R as Reduction>::Tail as Reduction>::State;

/// Reads a region of whole rows.
fn read_whole(job: &Job<'_>, region: Region) -> Result<Pixels> {
    let pixels = (job.blocks)(region)?.with_whole_rows()?;
    let (height, width) = (region.height as usize, region.width as usize);
    if pixels.shape() != [height, width, job.channels] {
        return Err(Error::internal(format!(
            "a read of {height}×{width}×{} pixels answered with {:?}",
            job.channels,
            pixels.shape()
        )));
    }
    Ok(pixels)
}

fn reduce_block<R: Reduction>(
    kind: &R,
    job: &Job<'_>,
    pixels: &Pixels,
) -> Result<Reduced<LevelOf<R>, TailState<R>>> {
    let steps = BLOCK_STEPS.min(*job.keep.end());
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
    let mut cascade = Cascade::new(kind, pixels.height(), pixels.width(), job.channels, steps);
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
        let is = |width, threads| Cut {
            width,
            together: 1,
            threads,
        };
        assert_eq!(cut(1, DType::Float64, 64).unwrap(), is(BLOCK_WIDTH, 64));
        assert_eq!(cut(4, DType::UInt8, 2).unwrap(), is(BLOCK_WIDTH, 2));
        assert_eq!(cut(300, DType::UInt16, 4).unwrap(), is(256, 4));
        assert_eq!(cut(1025, DType::UInt8, 8).unwrap(), is(256, 3));
        assert_eq!(cut(4096, DType::Float32, 8).unwrap(), is(256, 1));
        let together = |width| {
            with((1 << 20, width), 1, DType::UInt8, 1, |job| {
                Cut::of(job).unwrap().together
            })
        };
        assert_eq!([1, 3, 513, 1 << 40].map(together), [1024, 341, 1, 1]);
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
