//! `/images/{id}/histogram`: how often values occur, in all of an image or a region of it.

use projectile_core::{Error, HistogramRequest, Region, Result};

use super::{Call, Protocol, World, tiles};
use crate::address::{Address, finite, whole};
use crate::api::answers::{HistogramCounts, number, percentiles};
use crate::api::parameters::{EXPRESSION, Kind, PLANE, Parameter, REGION, STYLE};
use crate::api::{Operation, json};
use crate::catalog::Entry;
use crate::respond::Document;

/// Histograms.
pub(crate) struct Histograms;

const BINS: &[Parameter] = &[
    Parameter::optional("bins", Kind::Whole(1, 4096), "256", "How many bins"),
    Parameter::optional(
        "start",
        Kind::Number,
        "0",
        "Where the first bin begins; with stop",
    ),
    Parameter::optional("stop", Kind::Number, "1", "Where the last bin ends; with start"),
];

const OPERATIONS: &[Operation] = &[Operation {
    path: "/images/{id}/histogram",
    group: "Measures",
    about: "How often values occur, in all of the image or a region",
    parameters: &[BINS, REGION, STYLE, PLANE, EXPRESSION],
    body: None,
    answer: json::<HistogramCounts>(),
}];

impl Protocol for Histograms {
    fn name(&self) -> &'static str {
        "histogram"
    }

    fn operations(&self) -> &'static [Operation] {
        OPERATIONS
    }

    fn parse(&self, address: &Address<'_>, world: &World<'_>) -> Result<Option<Call>> {
        const USUAL_BINS: u64 = 256;
        let ["images", id, "histogram"] = address.path()[..] else {
            return Ok(None);
        };
        let entry = world.image(id, address)?;
        let given = |name: &'static str| address.parameter(name).map(|text| finite(name, text)).transpose();
        let range = match (given("start")?, given("stop")?) {
            (Some(start), Some(stop)) => Some((start, stop)),
            (None, None) => None,
            _ => return Err(Error::bad_request("start", "start and stop come together")),
        };
        let bins = address
            .parameter("bins")
            .map_or(Ok(USUAL_BINS), |text| whole("bins", text))?;
        let request = HistogramRequest {
            region: region(address)?,
            style: tiles::style(&entry, address)?,
            bins: usize::try_from(bins).unwrap_or(usize::MAX),
            range,
        };
        let work = Box::new(move |entry: &Entry, cancel: &_| {
            let histogram = entry.image.histogram(&request, cancel)?;
            Document::json(&HistogramCounts {
                start: number(histogram.start),
                stop: number(histogram.stop),
                counts: histogram.counts,
                below: histogram.below,
                above: histogram.above,
                invalid: histogram.invalid,
                count: histogram.count,
                min: number(histogram.min),
                max: number(histogram.max),
                percentiles: percentiles(&histogram.percentiles),
                sampled: histogram.sampled,
            })
        });
        Ok(Some(Call::Work { entry, work }))
    }
}

/// Pixels `x0..x1` × `y0..y1`, of which all are given or none.
pub(super) fn region(address: &Address<'_>) -> Result<Option<Region>> {
    let edges = ["x0", "y0", "x1", "y1"];
    let given = edges
        .iter()
        .filter(|name| address.parameter(name).is_some())
        .count();
    if given == 0 {
        return Ok(None);
    }
    let edge = |name: &'static str| {
        let missing = || Error::bad_request(name, "a region has x0, y0, x1 and y1");
        whole(name, address.parameter(name).ok_or_else(missing)?)
    };
    let (x0, y0, x1, y1) = (edge("x0")?, edge("y0")?, edge("x1")?, edge("y1")?);
    let length = |name: &'static str, from: u64, to: u64| {
        to.checked_sub(from)
            .filter(|&length| length > 0)
            .ok_or_else(|| Error::bad_request(name, format!("{name} = {to}: more than {from}")))
    };
    Ok(Some(Region {
        y: y0,
        x: x0,
        height: length("y1", y0, y1)?,
        width: length("x1", x0, x1)?,
    }))
}
