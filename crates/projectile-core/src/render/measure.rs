//! Measures of an image's own full-resolution samples: of what is inside a shape, and along a line.

use super::display::selection;
use super::image::Image;
use super::request::Style;
use crate::error::{Error, Result};
use crate::geometry::Shape;
use crate::source::{Cancel, ReadRequest, Region, Selection};
use crate::statistics::Summary;

/// Pixels a side of the blocks that are read one after the other.
const BLOCK: u64 = 1024;
/// The most pixels that are looked at; of greater shapes every so many are.
const MOST_PIXELS: u64 = 1 << 24;
/// As many at least, however many planes each is made of.
const FEWEST_PIXELS: u64 = 1 << 14;
/// The most points along a line; of a projection, at least as many as a screen is wide.
const MOST_POINTS: usize = 1 << 16;
const FEWEST_POINTS: usize = 1 << 12;

/// What is inside a shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// Pixels inside that were looked at.
    pub pixels: u64,
    /// One for each selected channel.
    pub channels: Vec<Summary>,
    /// Whether pixels inside were left out, to end in time.
    pub sampled: bool,
}

/// Samples along a line.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// How far along the line each point is, in pixels.
    pub distances: Vec<f64>,
    /// For each selected channel its sample at each point; NaN where that is outside of the image or no data.
    pub channels: Vec<Vec<f64>>,
}

impl Image {
    /// Summarises the samples inside a shape, each as it is stored (complex ones by magnitude). Blocks.
    ///
    /// # Errors
    /// [`BadRequest`](crate::ErrorKind::BadRequest) for what the style asks, and what reading gives.
    pub fn measure(&self, shape: &Shape, style: &Style, cancel: &Cancel) -> Result<Measured> {
        if let Some((image, style)) = self.projected(style)? {
            return image.measure(shape, &style, cancel);
        }
        let info = self.info();
        let selection = selection(info, style)?;
        let channels = selection.channel_count(info.axes.channels());
        let mut values: Vec<Vec<f64>> = vec![Vec::new(); channels];
        let bounds = shape.bounds(info.axes.height(), info.axes.width());
        let mut step = 1;
        if let Some(bounds) = bounds {
            let all = u128::from(bounds.height) * u128::from(bounds.width) * channels as u128;
            let most = (MOST_PIXELS / self.planes()).max(FEWEST_PIXELS);
            step = (all as f64 / most as f64).sqrt().ceil().max(1.0) as u64;
            for block in blocks(bounds, step, self.block()) {
                let (samples, [height, width, _]) = self.samples(block, step, &selection, cancel)?;
                for row in 0..height {
                    let inside = shape.row(block.y + row as u64 * step, block.x..block.x + block.width);
                    let columns = inside.into_iter().flat_map(|run| {
                        let first = (run.start - block.x).div_ceil(step);
                        first..(run.end - block.x).div_ceil(step)
                    });
                    for column in columns {
                        for (channel, values) in values.iter_mut().enumerate() {
                            values.push(samples[(row * width + column as usize) * channels + channel]);
                        }
                    }
                }
            }
        }
        Ok(Measured {
            pixels: values.first().map_or(0, Vec::len) as u64,
            channels: values
                .into_iter()
                .map(|values| Summary::of(values.into_iter(), info.nodata))
                .collect(),
            sampled: step > 1,
        })
    }

    /// Samples along the line from one point to another, `(x, y)` in pixels, about one for each pixel of its length:
    /// each that of the pixel which the point is in. Blocks.
    ///
    /// # Errors
    /// [`BadRequest`](crate::ErrorKind::BadRequest) for points that are none, [`Limit`](crate::ErrorKind::Limit) for a
    /// line that is too long, and what reading gives.
    pub fn profile(
        &self,
        from: (f64, f64),
        to: (f64, f64),
        style: &Style,
        cancel: &Cancel,
    ) -> Result<Profile> {
        if let Some((image, style)) = self.projected(style)? {
            return image.profile(from, to, &style, cancel);
        }
        let info = self.info();
        let selection = selection(info, style)?;
        let length = (to.0 - from.0).hypot(to.1 - from.1);
        if !length.is_finite() {
            return Err(Error::bad_request(
                "line",
                "the ends of the line are no finite numbers",
            ));
        }
        let count = (length.ceil() as usize).saturating_add(1).max(2);
        let most = (MOST_POINTS / self.planes() as usize).max(FEWEST_POINTS);
        if count > most {
            return Err(Error::limit(format!(
                "a line of {length:.0} pixels: at most {} are measured",
                most - 1
            )));
        }
        let (height, width) = (info.axes.height(), info.axes.width());
        let at = |index: usize| index as f64 / (count - 1) as f64;
        let pixel = |index: usize| {
            let (x, y) = (
                from.0 + at(index) * (to.0 - from.0),
                from.1 + at(index) * (to.1 - from.1),
            );
            let inside = x >= 0.0 && y >= 0.0 && x < width as f64 && y < height as f64;
            inside.then_some((y as u64, x as u64))
        };
        let channels = selection.channel_count(info.axes.channels());
        let mut values = vec![vec![f64::NAN; count]; channels];
        let side = self.block();
        let block_of = |(y, x): (u64, u64)| (y / side, x / side);
        let mut index = 0;
        while index < count {
            let Some(first) = pixel(index) else {
                index += 1;
                continue;
            };
            // Points that follow each other in one block are read together.
            let same = |&other: &usize| pixel(other).is_some_and(|other| block_of(other) == block_of(first));
            let end = (index..count).find(|other| !same(other)).unwrap_or(count);
            let points: Vec<(u64, u64)> = (index..end).filter_map(pixel).collect();
            let span = |along: fn(&(u64, u64)) -> u64| {
                let low = points.iter().map(along).min().unwrap_or(0);
                (low, points.iter().map(along).max().unwrap_or(low) - low + 1)
            };
            let ((y, height), (x, width)) = (span(|point| point.0), span(|point| point.1));
            let region = Region { y, x, height, width };
            let (samples, [_, across, _]) = self.samples(region, 1, &selection, cancel)?;
            for (offset, (row, column)) in points.iter().enumerate() {
                let first = ((row - y) as usize * across + (column - x) as usize) * channels;
                for (channel, values) in values.iter_mut().enumerate() {
                    let value = samples[first + channel];
                    if Some(value) != info.nodata {
                        values[index + offset] = value;
                    }
                }
            }
            index = end;
        }
        Ok(Profile {
            distances: (0..count).map(|index| at(index) * length).collect(),
            channels: values,
        })
    }

    /// Pixels a side of the blocks that are read one after the other: fewer where each is made of many planes.
    fn block(&self) -> u64 {
        const LEAST: u64 = 32;
        (BLOCK / self.planes().isqrt().max(1)).max(LEAST)
    }

    /// Samples of a region and their shape, `(height, width, channels)`, in C order.
    fn samples(
        &self,
        region: Region,
        step: u64,
        selection: &Selection,
        cancel: &Cancel,
    ) -> Result<(Vec<f64>, [usize; 3])> {
        let pixels = self.read(ReadRequest {
            level: 0,
            region,
            step,
            selection: selection.clone(),
            cancel: cancel.clone(),
        })?;
        let pixels = pixels.magnitude().unwrap_or(pixels);
        Ok((pixels.to_f64(), pixels.shape()))
    }
}

/// The blocks of a region, each a whole number of steps from its corner.
fn blocks(region: Region, step: u64, block: u64) -> impl Iterator<Item = Region> {
    let side = block * step;
    let along = move |start: u64, length: u64| {
        (start..start + length)
            .step_by(side as usize)
            .map(move |from| (from, side.min(start + length - from)))
    };
    along(region.y, region.height).flat_map(move |(y, height)| {
        along(region.x, region.width).map(move |(x, width)| Region { y, x, height, width })
    })
}
