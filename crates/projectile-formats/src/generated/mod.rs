//! Demo images that are computed when somebody looks: nothing to download, nothing held in memory.
//!
//! To add one: write `name.rs` here with a type that implements [`Field`], and add it to [`demo`].
#![expect(
    clippy::as_conversions,
    clippy::arithmetic_side_effects,
    reason = "`compute` has checked that the region is inside of the level, and that its samples are few; steps are no longer than it"
)]

mod cells;
mod contacts;
mod hash;
mod labels;
mod mandelbrot;
mod noise;
mod terrain;

use std::fmt;
use std::sync::Arc;

use projectile_core::{
    Axes, Error, Level, Pixels, ReadFuture, ReadRequest, Residence, Result, Sample, Source, SourceInfo,
};

use crate::format::NamedSource;

/// The most samples that one answer holds.
const MAX_SAMPLES: u64 = 1 << 28;

/// The demo images: `mandelbrot` (70 trillion pixels a side, float32), `terrain` (16384 × 16384, float32),
/// `cells` (4 times × 5 channels × 8 depths × 2048 × 2048, uint16), `labels` (4096 × 4096, int32) and `contacts`
/// (8192 × 8192, int32).
///
/// Every pixel is a pure function of its place, the same in every process, and is computed when it is read: making
/// them takes no time.
///
/// ```
/// let names: Vec<_> = projectile_formats::demo().into_iter().map(|image| image.name).collect();
/// assert_eq!(names, ["mandelbrot", "terrain", "cells", "labels", "contacts"]);
/// ```
pub fn demo() -> Vec<NamedSource> {
    let named = |name: &str, source: Arc<dyn Source>| NamedSource {
        name: name.into(),
        source,
    };
    vec![
        named("mandelbrot", mandelbrot::source()),
        named("terrain", terrain::source()),
        named("cells", cells::source()),
        named("labels", labels::source()),
        named("contacts", contacts::source()),
    ]
}

/// An image that is a function of the pixel's place.
pub(crate) trait Field: Send + Sync + fmt::Debug + 'static {
    /// The type of its samples.
    type Sample: Sample;

    /// Fills `out` with the samples at `row`'s places. Each must depend on its own place alone, never on what else
    /// is in the row: regions are split at will.
    fn row(&self, row: &Row<'_>, out: &mut [Self::Sample]);
}

/// Pixels of one row of one level: columns `x`, `x + step`, `x + 2 step`, …
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row<'a> {
    /// Full-resolution pixels per pixel of the level, along each axis.
    pub(crate) factor: u64,
    /// The row.
    pub(crate) y: u64,
    /// The first column.
    pub(crate) x: u64,
    /// From one column to the next.
    pub(crate) step: u64,
    /// The channel.
    pub(crate) channel: u64,
    /// An index for each extra axis.
    pub(crate) indices: &'a [u64],
}

impl Row<'_> {
    /// The row's centre, in full-resolution pixels.
    fn centre_y(&self) -> f64 {
        (self.y as f64 + 0.5) * self.factor as f64
    }

    /// The first column's centre, in full-resolution pixels.
    fn centre_x(&self) -> f64 {
        (self.x as f64 + 0.5) * self.factor as f64
    }

    /// Full-resolution pixels from one column to the next.
    fn pitch(&self) -> f64 {
        (self.step * self.factor) as f64
    }

    /// Which of `count` columns have their centre in `low..high` (full-resolution pixels).
    fn columns_within(&self, low: f64, high: f64, count: usize) -> std::ops::Range<usize> {
        let index = |place: f64| {
            ((place - self.centre_x()) / self.pitch())
                .ceil()
                .clamp(0.0, count as f64) as usize
        };
        let (first, end) = (index(low), index(high));
        first..end.max(first)
    }
}

/// A [`Field`] as a source.
#[derive(Debug)]
pub(crate) struct Computed<F> {
    field: F,
    info: SourceInfo,
}

impl<F: Field> Computed<F> {
    /// `info` says the axes and levels; its dtype is the field's.
    fn shared(field: F, mut info: SourceInfo) -> Arc<dyn Source> {
        info.dtype = F::Sample::wrap(Vec::new()).dtype();
        Arc::new(Self { field, info })
    }

    fn compute(&self, request: &ReadRequest) -> Result<Pixels> {
        let region = request.region;
        let inside =
            |start: u64, size: u64, whole: u64| start.checked_add(size).is_some_and(|end| end <= whole);
        let level = self.info.levels.get(request.level);
        let level = level
            .filter(|level| inside(region.y, region.height, level.height))
            .filter(|level| inside(region.x, region.width, level.width))
            .ok_or_else(|| Error::not_found(format!("no region {region:?} in level {}", request.level)))?;
        // A longer one leads out of the region all the same.
        let step = request.step.min(region.height.max(region.width)).max(1);
        let (rows, columns) = (region.height.div_ceil(step), region.width.div_ceil(step));
        let available = self.info.axes.channels();
        let channels: Vec<u64> = request
            .selection
            .channels
            .clone()
            .unwrap_or_else(|| (0..available).collect());
        if let Some(c) = channels.iter().find(|&&c| c >= available) {
            return Err(Error::bad_request(
                "c",
                format!("channel {c} is outside 0..{available}"),
            ));
        }
        let mut indices = request.selection.indices.clone();
        indices.resize(self.info.axes.extra().count(), 0);
        for (axis, &index) in self.info.axes.extra().zip(&indices) {
            if index >= axis.size {
                let why = format!("{} = {index} is outside 0..{}", axis.name, axis.size);
                return Err(Error::bad_request(axis.name.clone(), why));
            }
        }
        let samples = rows
            .checked_mul(columns)
            .and_then(|pixels| pixels.checked_mul(channels.len() as u64));
        let Some(samples) = samples.filter(|&samples| samples <= MAX_SAMPLES) else {
            return Err(Error::limit(format!(
                "{rows} x {columns} pixels are more than are computed at once"
            )));
        };
        // Channel after channel: each row is then one run.
        let mut out = vec![F::Sample::from_f64(0.0); samples as usize];
        let (rows, columns) = (rows as usize, columns as usize);
        let mut parts = out.chunks_exact_mut(columns.max(1));
        for &channel in &channels {
            for (i, part) in (0..rows as u64).zip(&mut parts) {
                request.cancel.check()?;
                let y = region.y + i * step;
                let row = Row {
                    factor: level.factor,
                    y,
                    x: region.x,
                    step,
                    channel,
                    indices: &indices,
                };
                self.field.row(&row, part);
            }
        }
        let strides = [columns as isize, 1, (rows * columns) as isize];
        Pixels::strided(F::Sample::wrap(out), 0, [rows, columns, channels.len()], strides)
    }
}

impl<F: Field> Source for Computed<F> {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn residence(&self) -> Residence {
        Residence::Local
    }

    fn read(&self, request: ReadRequest) -> ReadFuture<'_> {
        Box::pin(async move { self.compute(&request) })
    }
}

/// What is known of a generated image; `letters` name the dimensions of `shape`, which are sound.
fn info(letters: &str, shape: &[u64]) -> SourceInfo {
    // The axes are constants of this module, so this never fails; a test opens all of them.
    let axes = Axes::named(letters, shape).unwrap_or_else(|error| unreachable!("{error}"));
    let mut info = SourceInfo::new(projectile_core::DType::UInt8, axes, "generated");
    info.version = hash::mix(shape.iter().fold(REVISION, |hash, &size| hash::mix(hash ^ size))).max(1);
    info
}

/// Raised when the values of a demo image change, so that caches notice.
const REVISION: u64 = 1;

/// Levels of factors 1, 2, 4, … `largest`.
fn levels(height: u64, width: u64, largest: u64) -> Vec<Level> {
    std::iter::successors(Some(1u64), |factor| Some(factor * 2))
        .take_while(|&factor| factor <= largest)
        .map(|factor| Level {
            factor,
            height: height.div_ceil(factor),
            width: width.div_ceil(factor),
        })
        .collect()
}

#[cfg(test)]
mod tests;
