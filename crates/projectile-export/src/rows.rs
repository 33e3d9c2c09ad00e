//! Rows of a level, from the first that is needed until pieces can be cut of them.

use std::collections::VecDeque;
use std::sync::Arc;

use projectile_core::array::Part;
use projectile_core::{Band, Error, Pixels, Region, Result};

use crate::plan::LevelPlan;

/// The rows of one level that pieces are still to be cut of.
#[derive(Debug)]
pub(crate) struct Rows {
    level: LevelPlan,
    bands: VecDeque<Arc<Band>>,
    /// The next row of pieces.
    next: u64,
}

/// Bands that hold all rows of a row of pieces.
pub(crate) type Bands = Arc<Vec<Arc<Band>>>;

impl Rows {
    pub(crate) fn new(level: LevelPlan) -> Self {
        Self {
            level,
            bands: VecDeque::new(),
            next: 0,
        }
    }

    /// Takes the next rows, and gives each row of pieces that is whole now.
    pub(crate) fn push(&mut self, band: Band, mut give: impl FnMut(u64, Bands) -> Result<()>) -> Result<()> {
        let known = band.y + band.height;
        self.bands.push_back(Arc::new(band));
        while self.next < self.level.rows() && self.level.span(self.next).end <= known {
            let bands = Arc::new(self.bands.iter().cloned().collect());
            let row = self.next;
            self.next += 1;
            let needed = if self.next < self.level.rows() {
                self.level.span(self.next).start
            } else {
                known
            };
            while self
                .bands
                .front()
                .is_some_and(|band| band.y + band.height <= needed)
            {
                self.bands.pop_front();
            }
            give(row, bands)?;
        }
        Ok(())
    }
}

/// The pixels of a region that lies inside of `bands`: a view where one part has them all.
pub(crate) fn cut(bands: &[Arc<Band>], region: Region) -> Result<Pixels> {
    let mut parts = Vec::new();
    for band in bands {
        let top = region.y.max(band.y);
        let bottom = (region.y + region.height).min(band.y + band.height);
        if top >= bottom {
            continue;
        }
        for (x, pixels) in &band.parts {
            let left = region.x.max(*x);
            let right = (region.x + region.width).min(x + pixels.width() as u64);
            if left < right {
                parts.push(Part {
                    at: [(top - region.y) as usize, (left - region.x) as usize, 0],
                    pixels: pixels.crop(
                        (top - band.y) as usize,
                        (left - x) as usize,
                        (bottom - top) as usize,
                        (right - left) as usize,
                        1,
                    ),
                });
            }
        }
    }
    let covered: u64 = parts
        .iter()
        .map(|part| (part.pixels.height() * part.pixels.width()) as u64)
        .sum();
    let Some(first) = parts.first().filter(|_| covered == region.height * region.width) else {
        return Err(Error::internal("a piece was cut before its rows were known"));
    };
    if parts.len() == 1 {
        return Ok(first.pixels.clone());
    }
    let shape = [
        region.height as usize,
        region.width as usize,
        first.pixels.channels(),
    ];
    Pixels::mosaic(first.pixels.dtype(), shape, &parts)
}

#[cfg(test)]
mod tests {
    use projectile_core::Samples;

    use super::*;

    #[test]
    fn pieces_of_any_height_are_cut_of_bands_of_any_height() {
        let (height, width) = (50u64, 7u64);
        for (piece, overlap, step) in [(8, 0, 8), (9, 1, 4), (10, 2, 16), (64, 0, 3)] {
            let level = LevelPlan {
                height,
                width,
                piece: (piece, 5),
                overlap,
            };
            let (mut rows, mut seen) = (Rows::new(level), 0);
            for y in (0..height).step_by(step) {
                let part = |x: u64, end: u64| {
                    let rows = y..height.min(y + step as u64);
                    let count = rows.end - rows.start;
                    let values: Vec<u16> = rows
                        .flat_map(|y| (x..end).map(move |x| (y * width + x) as u16))
                        .collect();
                    (
                        x,
                        Pixels::new(
                            Samples::UInt16(values.into()),
                            count as usize,
                            (end - x) as usize,
                            1,
                        )
                        .unwrap(),
                    )
                };
                let band = Band {
                    level: 0,
                    y,
                    height: (height - y).min(step as u64),
                    parts: vec![part(0, 4), part(4, width)],
                };
                rows.push(band, |row, bands| {
                    assert_eq!(row, seen);
                    seen += 1;
                    for column in 0..level.columns() {
                        let region = level.region(row, column);
                        let wanted: Vec<f64> = (region.y..region.y + region.height)
                            .flat_map(|y| {
                                (region.x..region.x + region.width).map(move |x| (y * width + x) as f64)
                            })
                            .collect();
                        assert_eq!(cut(&bands, region)?.to_f64(), wanted);
                    }
                    Ok(())
                })
                .unwrap();
            }
            assert_eq!(seen, level.rows());
            assert!(rows.bands.is_empty(), "rows are kept that nobody needs");
        }
    }
}
