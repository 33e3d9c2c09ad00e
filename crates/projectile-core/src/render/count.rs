//! An image's histogram: of all of it or a region, exact where that is quick, else of a sample.

use super::display::selection;
use super::image::Image;
use super::request::Style;
use crate::error::{Error, Result};
use crate::histogram::Histogram;
use crate::source::{Cancel, ReadRequest, Region, Residence};

/// What a histogram is of.
#[derive(Clone, Debug)]
pub struct HistogramRequest {
    /// Full-resolution pixels; all of them for `None`.
    pub region: Option<Region>,
    /// Which plane, and which channels together; all but alpha for none.
    pub style: Style,
    /// At most this many bins, from 1 to 4096.
    pub bins: usize,
    /// Where bins begin and end, else at the least and greatest finite value.
    pub range: Option<(f64, f64)>,
}

impl Image {
    /// Counts how often values occur. Blocks.
    ///
    /// # Errors
    /// [`BadRequest`](crate::ErrorKind::BadRequest) for what the request asks, and what reading gives.
    pub fn histogram(&self, request: &HistogramRequest, cancel: &Cancel) -> Result<Histogram> {
        /// Pixels looked at where that is cheap, and where each may cost a read.
        const IN_MEMORY: u64 = 1 << 20;
        const ELSEWHERE: u64 = 1 << 16;
        const MOST_BINS: usize = 4096;
        /// Pixels that tell something however many planes each is made of.
        const FEWEST: u64 = 1 << 12;
        if let Some((image, style)) = self.projected(&request.style)? {
            let request = HistogramRequest {
                style,
                ..request.clone()
            };
            return image.histogram(&request, cancel);
        }
        let info = self.info();
        if !(1..=MOST_BINS).contains(&request.bins) {
            return Err(Error::bad_request(
                "bins",
                format!("bins = {}: from 1 to {MOST_BINS}", request.bins),
            ));
        }
        if let Some((start, stop)) = request.range
            && (!start.is_finite() || !stop.is_finite() || start >= stop)
        {
            return Err(Error::bad_request("stop", "start must be below stop"));
        }
        let (height, width) = (info.axes.height(), info.axes.width());
        let whole = Region {
            y: 0,
            x: 0,
            height,
            width,
        };
        let region = request.region.unwrap_or(whole);
        let fits = |start: u64, length: u64, size: u64| {
            length > 0 && start.checked_add(length).is_some_and(|end| end <= size)
        };
        if !fits(region.y, region.height, height) || !fits(region.x, region.width, width) {
            return Err(Error::bad_request(
                "x1",
                format!("the region is no part of the image of {width} × {height} pixels"),
            ));
        }
        let mut selection = selection(info, &request.style)?;
        let colours = info.axes.channels() - self.kind().alpha_channels() as u64;
        if selection.channels.is_none() && colours < info.axes.channels() {
            selection.channels = Some((0..colours).collect());
        }
        let budget = if self.residence() == Residence::Memory {
            IN_MEMORY
        } else {
            ELSEWHERE
        };
        let budget = match self.planes() {
            1 => budget,
            planes => (budget / planes).max(FEWEST),
        };
        let pixels = region.height as f64 * region.width as f64;
        let step = (pixels / budget as f64).sqrt().ceil().max(1.0) as u64;
        let pixels = self.read_sample(&ReadRequest {
            level: 0,
            region,
            step,
            selection,
            cancel: cancel.clone(),
        })?;
        let pixels = pixels.magnitude().unwrap_or(pixels);
        Ok(Histogram::of(
            pixels.to_f64().into_iter(),
            pixels.dtype(),
            info.nodata,
            request.bins,
            request.range,
            step > 1,
        ))
    }
}
