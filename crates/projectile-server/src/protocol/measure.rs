//! `/images/{id}/statistics` and `/images/{id}/profile`: measures of full-resolution samples.

use projectile_core::sizes::to_usize;
use projectile_core::{Cancel, Error, Image, Result, Shape, Style, Summary};

use super::{Call, Protocol, World, histogram, tiles};
use crate::address::{Address, finite};
use crate::api::answers::{ChannelStatistics, ProfileChannel, ProfileValues, Statistics, number};
use crate::api::parameters::{EXPRESSION, Kind, PLANE, Parameter, REGION, STYLE};
use crate::api::{Body, OTHER_JSON, Operation, json};
use crate::catalog::Entry;
use crate::geojson::Collection;
use crate::respond::Document;

/// Measures.
pub(crate) struct Measures;

const SHAPE: &[Parameter] = &[Parameter::optional(
    "polygon",
    Kind::Like("^[-+.0-9eE]+(,[-+.0-9eE]+)*$"),
    "0,0,4,0,4,3",
    "Corners x,y,x,y,…; instead of a box",
)];
const LINE: &[Parameter] = &[Parameter::needed(
    "line",
    Kind::Like("^[-+.0-9eE]+(,[-+.0-9eE]+){3}$"),
    "0,0,4,3",
    "Both ends: x,y,x,y",
)];

const OPERATIONS: &[Operation] = &[
    Operation {
        path: "/images/{id}/statistics",
        group: "Measures",
        about: "Of the full-resolution samples in all of the image, a box or a polygon",
        parameters: &[SHAPE, REGION, STYLE, PLANE, EXPRESSION],
        body: None,
        answer: json::<Statistics>(),
    },
    Operation {
        path: "/images/{id}/statistics",
        group: "Measures",
        about: "The same, of polygons that are too long for an address or come as GeoJSON",
        parameters: &[STYLE, PLANE, EXPRESSION],
        body: Some(Body {
            media_type: "application/geo+json",
            about: "a GeoJSON geometry, feature or collection in pixel coordinates, y down; each feature comes back with \
                    properties.statistics. As application/json: an object of the parameters of the GET",
            example: r#"{"type": "Polygon", "coordinates": [[[0, 0], [4, 0], [4, 3], [0, 0]]]}"#,
        }),
        answer: OTHER_JSON,
    },
    Operation {
        path: "/images/{id}/profile",
        group: "Measures",
        about: "The samples along a line, about one for each pixel of its length",
        parameters: &[LINE, STYLE, PLANE, EXPRESSION],
        body: None,
        answer: json::<ProfileValues>(),
    },
];

impl Protocol for Measures {
    fn name(&self) -> &'static str {
        "measure"
    }

    fn operations(&self) -> &'static [Operation] {
        OPERATIONS
    }

    fn parse(&self, address: &Address<'_>, world: &World<'_>) -> Result<Option<Call>> {
        let ["images", id, what] = address.path()[..] else {
            return Ok(None);
        };
        if !matches!(what, "statistics" | "profile") {
            return Ok(None);
        }
        let entry = world.image(id, address)?;
        let style = tiles::style(&entry, address)?;
        if what == "profile" {
            let [from, to] = line(address)?;
            let work = Box::new(move |entry: &Entry, cancel: &_| {
                let profile = entry.image.profile(from, to, &style, cancel)?;
                let names = names(&entry.image, &style);
                let channels = names.iter().zip(&profile.channels);
                let channels = channels.map(|(name, values)| ProfileChannel {
                    name: name.clone(),
                    values: values.iter().copied().map(number).collect(),
                });
                Document::json(&ProfileValues {
                    channels: channels.collect(),
                    distances: profile.distances,
                })
            });
            return Ok(Some(Call::Work { entry, work }));
        }
        if let Some(geojson) = &world.geojson {
            let mut collection = Collection::parse(geojson)?;
            let work = Box::new(move |entry: &Entry, cancel: &_| {
                collection.tell("statistics", |shape| {
                    statistics(&entry.image, shape, &style, cancel)
                })?;
                Document::json(collection.json())
            });
            return Ok(Some(Call::Work { entry, work }));
        }
        let shape = shape(address, &entry.image)?;
        let work = Box::new(move |entry: &Entry, cancel: &_| {
            Document::json(&statistics(&entry.image, &shape, &style, cancel)?)
        });
        Ok(Some(Call::Work { entry, work }))
    }
}

/// What each selected channel is called.
fn names(image: &Image, style: &Style) -> Vec<String> {
    let info = image.info();
    let all = (0..info.axes.channels()).collect();
    let name = |channel: u64| info.channel_name(to_usize(channel));
    style
        .channels
        .clone()
        .unwrap_or(all)
        .into_iter()
        .map(name)
        .collect()
}

/// What is inside a shape.
fn statistics(image: &Image, shape: &Shape, style: &Style, cancel: &Cancel) -> Result<Statistics> {
    let measured = image.measure(shape, style, cancel)?;
    let channels = names(image, style).into_iter().zip(&measured.channels);
    Ok(Statistics {
        pixels: measured.pixels,
        channels: channels
            .map(|(name, summary)| summarised(name, summary))
            .collect(),
        sampled: measured.sampled,
    })
}

fn summarised(name: String, summary: &Summary) -> ChannelStatistics {
    let median = summary.percentiles.iter().find(|(percent, _)| *percent == 50.0);
    ChannelStatistics {
        name,
        count: summary.count,
        valid: summary.valid,
        min: number(summary.min),
        max: number(summary.max),
        mean: number(summary.mean),
        std: number(summary.std),
        median: median.and_then(|(_, value)| number(*value)),
    }
}

/// `polygon=x,y,x,y,…`, or `x0`, `y0`, `x1`, `y1`, or all of the image.
fn shape(address: &Address<'_>, image: &Image) -> Result<Shape> {
    if let Some(text) = address.parameter("polygon") {
        return Shape::polygon(points("polygon", text)?);
    }
    let axes = &image.info().axes;
    Ok(Shape::Box(histogram::region(address)?.unwrap_or(
        projectile_core::Region {
            y: 0,
            x: 0,
            height: axes.height(),
            width: axes.width(),
        },
    )))
}

fn line(address: &Address<'_>) -> Result<[(f64, f64); 2]> {
    let missing = || Error::bad_request("line", "line is missing: profile?line=0,0,99.5,40");
    let points = points("line", address.parameter("line").ok_or_else(missing)?)?;
    <[(f64, f64); 2]>::try_from(points)
        .map_err(|points| Error::bad_request("line", format!("a line has two ends, not {}", points.len())))
}

/// `x,y,x,y,…`.
fn points(name: &'static str, text: &str) -> Result<Vec<(f64, f64)>> {
    let numbers: Vec<f64> = text
        .split(',')
        .map(|number| finite(name, number))
        .collect::<Result<_>>()?;
    let (pairs, left) = numbers.as_chunks();
    if !left.is_empty() {
        return Err(Error::bad_request(
            name,
            format!("{name} has pairs of x and y, not {} numbers", numbers.len()),
        ));
    }
    Ok(pairs.iter().map(|&[x, y]| (x, y)).collect())
}
