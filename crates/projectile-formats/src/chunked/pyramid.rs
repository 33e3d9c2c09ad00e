//! An array that is read by blocks, with overviews that are arrays of their own.

use projectile_core::array::Part;
use projectile_core::{
    Error, Pixels, ReadFuture, ReadRequest, Region, Residence, Result, Source, SourceInfo,
};

use super::ChunkedSource;

/// Several arrays as the levels of one image.
#[derive(Debug)]
pub struct LeveledSource {
    info: SourceInfo,
    levels: Vec<ChunkedSource>,
}

impl LeveledSource {
    /// `info` tells of the image and its levels, which `levels` are in the same order. A level may have one row and one
    /// column less or more than [`Level`](projectile_core::Level) says, since writers round as they like: of the
    /// missing ones the last that is there takes the place. A level with fewer planes along an extra axis gives, for
    /// each, the one that stands for it.
    ///
    /// # Errors
    /// [`BadRequest`](projectile_core::ErrorKind::BadRequest) when the levels are not of these sizes.
    pub fn new(info: SourceInfo, levels: Vec<ChunkedSource>) -> Result<Self> {
        let sizes = info.levels.iter().map(|level| (level.height, level.width));
        let are_alike = info.levels.len() == levels.len()
            && !levels.is_empty()
            && sizes.zip(&levels).all(|((height, width), level)| {
                let axes = &level.info().axes;
                axes.height().abs_diff(height) <= 1 && axes.width().abs_diff(width) <= 1
            });
        if are_alike {
            let chunk_rows = levels.first().and_then(|level| level.info().chunk_rows);
            Ok(Self {
                info: SourceInfo { chunk_rows, ..info },
                levels,
            })
        } else {
            Err(Error::bad_request(
                "levels",
                "an array of its size is needed for each level",
            ))
        }
    }

    fn gather(&self, request: &ReadRequest) -> Result<Pixels> {
        let level = self.levels.get(request.level);
        let level = level.ok_or_else(|| Error::internal("no such level"))?;
        let axes = &level.info().axes;
        let Region { y, x, height, width } = request.region;
        let (y, height) = within(y, height, axes.height());
        let (x, width) = within(x, width, axes.width());
        let mut inner = ReadRequest {
            level: 0,
            region: Region { y, x, height, width },
            ..request.clone()
        };
        // Where a level has fewer planes too, each stands for several.
        let sizes = self.info.axes.extra().zip(axes.extra());
        for (index, (full, own)) in inner.selection.indices.iter_mut().zip(sizes) {
            if own.size < full.size {
                *index = stand_in(*index, own.size, full.size);
            }
        }
        extended(level.gather(&inner)?, request.output_size())
    }
}

/// The plane of `own` that stands for one of `full`, which are more.
#[expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "what is below 2^64 is multiplied as u128, and the index comes out below `own` again"
)]
fn stand_in(index: u64, own: u64, full: u64) -> u64 {
    (u128::from(index) * u128::from(own) / u128::from(full)) as u64
}

/// The part of `start..start + length` that is inside of `0..size`, or the last element where none is.
fn within(start: u64, length: u64, size: u64) -> (u64, u64) {
    let start = start.min(size.saturating_sub(1));
    (start, length.min(size.saturating_sub(start)))
}

/// The pixels with their last row and column repeated up to a size.
fn extended(pixels: Pixels, (height, width): (usize, usize)) -> Result<Pixels> {
    let [rows, columns, channels] = pixels.shape();
    if (rows, columns) == (height, width) {
        return Ok(pixels);
    }
    let last = columns.checked_sub(1).zip(rows.checked_sub(1));
    let (last_column, last_row) = last.ok_or_else(|| Error::internal("no pixels to repeat"))?;
    let mut parts = vec![Part {
        at: [0, 0, 0],
        pixels: pixels.clone(),
    }];
    parts.extend((columns..width).map(|x| Part {
        at: [0, x, 0],
        pixels: pixels.crop(0, last_column, rows, 1, 1),
    }));
    let above = Pixels::mosaic(pixels.dtype(), [rows, width, channels], &parts)?;
    let mut parts = vec![Part {
        at: [0, 0, 0],
        pixels: above.clone(),
    }];
    parts.extend((rows..height).map(|y| Part {
        at: [y, 0, 0],
        pixels: above.crop(last_row, 0, 1, width, 1),
    }));
    Pixels::mosaic(pixels.dtype(), [height, width, channels], &parts)
}

impl Source for LeveledSource {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn residence(&self) -> Residence {
        self.levels.first().map_or(Residence::Local, Source::residence)
    }

    fn forget(&self) {
        self.levels.iter().for_each(Source::forget);
    }

    fn read(&self, request: ReadRequest) -> ReadFuture<'_> {
        Box::pin(std::future::ready(self.gather(&request)))
    }
}
