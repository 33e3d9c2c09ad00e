//! `/images/{id}/statistics` and `/images/{id}/profile`: measures of full-resolution samples.

use projectile_core::{Error, Image, Result, Shape, Style, Summary};
use serde_json::{Value as Json, json};

use super::{Call, Protocol, World, histogram, tiles};
use crate::address::{Address, finite};
use crate::catalog::Entry;
use crate::respond::Document;

/// Measures.
pub(crate) struct Measures;

impl Protocol for Measures {
    fn name(&self) -> &'static str {
        "measure"
    }

    fn parse(&self, address: &Address<'_>, world: &World<'_>) -> Result<Option<Call>> {
        let ["images", id, what] = address.path()[..] else {
            return Ok(None);
        };
        if !matches!(what, "statistics" | "profile") {
            return Ok(None);
        }
        let entry = world.image(id)?;
        let style = tiles::style(&entry, address)?;
        if what == "profile" {
            let [from, to] = line(address)?;
            let work = Box::new(move |entry: &Entry, cancel: &_| {
                let profile = entry.image.profile(from, to, &style, cancel)?;
                let names = names(&entry.image, &style);
                let channels = names.iter().zip(&profile.channels);
                Document::json(&json!({
                    "distances": profile.distances,
                    "channels": channels
                        .map(|(name, values)| json!({"name": name, "values": values}))
                        .collect::<Vec<_>>(),
                }))
            });
            return Ok(Some(Call::Work { entry, work }));
        }
        let shape = shape(address, &entry.image)?;
        let work = Box::new(move |entry: &Entry, cancel: &_| {
            let measured = entry.image.measure(&shape, &style, cancel)?;
            let names = names(&entry.image, &style);
            let channels: Vec<Json> = names
                .iter()
                .zip(&measured.channels)
                .map(|(name, summary)| summarised(name, summary))
                .collect();
            Document::json(&json!({
                "pixels": measured.pixels,
                "channels": channels,
                "sampled": measured.sampled,
            }))
        });
        Ok(Some(Call::Work { entry, work }))
    }
}

/// What each selected channel is called.
fn names(image: &Image, style: &Style) -> Vec<String> {
    let info = image.info();
    let all = (0..info.axes.channels()).collect();
    let name = |channel: u64| info.channel_name(channel as usize);
    style
        .channels
        .clone()
        .unwrap_or(all)
        .into_iter()
        .map(name)
        .collect()
}

fn summarised(name: &str, summary: &Summary) -> Json {
    let median = summary.percentiles.iter().find(|(percent, _)| *percent == 50.0);
    json!({
        "name": name,
        "count": summary.count,
        "valid": summary.valid,
        "min": summary.min,
        "max": summary.max,
        "mean": summary.mean,
        "std": summary.std,
        "median": median.map(|(_, value)| value),
    })
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
    if numbers.len() % 2 == 1 {
        return Err(Error::bad_request(
            name,
            format!("{name} has pairs of x and y, not {} numbers", numbers.len()),
        ));
    }
    Ok(numbers.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect())
}
