//! All levels of a plane, once, from the top down: for what writes them.

use std::sync::{Mutex, PoisonError};

use super::image::Image;
use crate::array::Pixels;
use crate::error::Result;
use crate::resample::{Job, Resampling, in_parallel};
use crate::source::{Cancel, ReadRequest, Region, Selection};

/// What of an image is streamed.
#[derive(Clone, Debug)]
pub struct StreamRequest {
    /// Which plane and channels.
    pub selection: Selection,
    /// How pixels are reduced.
    pub resampling: Resampling,
    /// The last level: each one halves the one before, and the first, 0, is the image at full resolution.
    pub last: u32,
    /// How many threads read and reduce.
    pub threads: usize,
}

/// Whole rows of a level, in parts beside each other. Pixels of level 0 are as they are stored; those of the others as
/// [`Resampling`] gives them, in its type and not yet in the image's own.
#[derive(Clone, Debug)]
pub struct Band {
    /// Base-2 logarithm of the full-resolution pixels per pixel, a side.
    pub level: u32,
    /// The first row.
    pub y: u64,
    /// Rows.
    pub height: u64,
    /// The first column of each part, ascending, and its pixels.
    pub parts: Vec<(u64, Pixels)>,
}

/// Rows and columns that are read at a time. Bands are a multiple of any level's that they are reduced to at once.
const ROWS: u64 = 256;
const COLUMNS: u64 = 1024;

impl Image {
    /// Reads a plane once, from the top down, and gives each row of each level to `take` as soon as it is known: a
    /// level's rows in order. Levels are made of the full resolution, whatever overviews the source has, and no pixel is
    /// rounded twice. What is held are some hundred rows, however high the image is. Blocks.
    ///
    /// # Errors
    /// What reading and `take` give, and [`Cancelled`](crate::ErrorKind::Cancelled).
    pub fn stream(
        &self,
        request: &StreamRequest,
        cancel: &Cancel,
        take: &(dyn Fn(Band) -> Result<()> + Sync),
    ) -> Result<()> {
        let read = Mutex::new(Vec::new());
        let blocks = |region: Region| {
            let pixels = self.read(ReadRequest {
                level: 0,
                region,
                step: 1,
                selection: request.selection.clone(),
                cancel: cancel.clone(),
            })?;
            let magnitude = pixels.magnitude();
            lock(&read).push((region, pixels.clone()));
            Ok(magnitude.unwrap_or(pixels))
        };
        let full_resolution = || {
            let mut parts = std::mem::take(&mut *lock(&read));
            parts.sort_by_key(|(region, _)| region.x);
            match parts.first() {
                None => Ok(()),
                Some(&(Region { y, height, .. }, _)) => take(Band {
                    level: 0,
                    y,
                    height,
                    parts: parts.into_iter().map(|(region, part)| (region.x, part)).collect(),
                }),
            }
        };
        let (height, width) = (self.info().axes.height(), self.info().axes.width());
        if request.last == 0 {
            for y in (0..height).step_by(ROWS as usize) {
                in_parallel(width.div_ceil(COLUMNS) as usize, request.threads, cancel, |at| {
                    let x = at as u64 * COLUMNS;
                    blocks(Region {
                        y,
                        x,
                        height: ROWS.min(height - y),
                        width: COLUMNS.min(width - x),
                    })
                    .map(drop)
                })?;
                full_resolution()?;
            }
            return Ok(());
        }
        let rows = |level: u32, y: u64, pixels: Pixels| {
            if level == 1 {
                full_resolution()?;
            }
            take(Band {
                level,
                y,
                height: pixels.height() as u64,
                parts: vec![(0, pixels)],
            })
        };
        let done = request.resampling.reduce(&Job {
            blocks: &blocks,
            size: (height, width),
            channels: request.selection.channel_count(self.info().axes.channels()),
            dtype: self.info().dtype.magnitude(),
            keep: 1..=request.last,
            rules: self.rules(),
            threads: request.threads,
            cancel,
            rows: Some(&rows),
        });
        done.map(drop)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
