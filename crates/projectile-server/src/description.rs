//! An image in words and numbers.

use std::collections::BTreeMap;

use projectile_core::{
    Cancel, Coordinates, Error, Image, LevelInfo, LevelState, Resampling, Result, Summary, WindowFrom,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;

use crate::api::answers::{Percentiles, number, percentiles};

/// The image's version, as addresses and descriptions hold it.
pub(crate) fn version(image: &Image) -> String {
    format!("{:016x}", image.version())
}

/// What an image is, as `/images/{id}` answers it. Blocks while a sample of the image is read, the first time.
///
/// # Errors
/// What reading the sample gives.
pub fn describe(image: &Image, id: &str, tile_size: u32, cancel: &Cancel) -> Result<Json> {
    let described = Description::of(image, id, tile_size, cancel)?;
    serde_json::to_value(&described)
        .map_err(|error| Error::internal(format!("a description is no JSON: {error}")))
}

/// All that is known of an image.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Description {
    id: String,
    name: String,
    /// Another one when its pixels may be others.
    version: String,
    format: String,
    /// Pixels.
    width: u64,
    /// Pixels.
    height: u64,
    /// Of the array, in storage order.
    shape: Vec<u64>,
    /// The names of the array's axes, in storage order.
    axes: Vec<String>,
    /// numpy's name.
    dtype: String,
    /// `gray`, `gray-alpha`, `rgb`, `rgba`, `channels` or `labels`.
    kind: String,
    channels: Vec<ChannelDescription>,
    /// The channels that a composite shows when none are chosen.
    visible: Vec<u64>,
    extra_axes: Vec<ExtraAxis>,
    /// The zoom at which there are at least as many pixels as the image has.
    max_zoom: u32,
    /// Pixels a side of tiles.
    tile_size: u32,
    /// The zoom at which a pixel of the image is one of a tile.
    native_zoom: u32,
    levels: Vec<Level>,
    /// Whether some level is a sample until it is built.
    provisional: bool,
    resampling: String,
    resamplings: Vec<String>,
    colormap: Option<String>,
    window: DisplayWindow,
    statistics: SampleStatistics,
    nodata: Option<f64>,
    /// Grows when its pixels change while it is served.
    revision: u64,
    /// `memory`, `local` or `remote`.
    residence: String,
    dimensions: Vec<Dimension>,
    details: BTreeMap<String, String>,
}

#[derive(Debug, JsonSchema, Serialize)]
struct ChannelDescription {
    name: String,
    /// `#rrggbb`, in a composite.
    color: Option<String>,
    vmin: Option<f64>,
    vmax: Option<f64>,
}

#[derive(Debug, JsonSchema, Serialize)]
struct ExtraAxis {
    name: String,
    size: u64,
}

/// A resolution of the image.
#[expect(clippy::struct_field_names, reason = "the names are those of the answer")]
#[derive(Debug, JsonSchema, Serialize)]
struct Level {
    level: u32,
    /// Pixels of the image per pixel, a side.
    factor: u64,
    width: u64,
    height: u64,
    /// `ready`, `provisional` (a sample until it is built) or `computed` (reduced on request).
    state: String,
}

#[derive(Debug, JsonSchema, Serialize)]
struct DisplayWindow {
    vmin: Option<f64>,
    vmax: Option<f64>,
    /// `dtype`, `percentiles` or `given`.
    from: String,
}

#[derive(Debug, JsonSchema, Serialize)]
struct SampleStatistics {
    count: u64,
    valid: u64,
    min: Option<f64>,
    max: Option<f64>,
    mean: Option<f64>,
    std: Option<f64>,
    /// By percent.
    percentiles: Percentiles,
    /// Whether pixels were left out.
    sampled: bool,
}

/// An axis in the words of whoever made the data.
#[derive(Debug, JsonSchema, Serialize)]
struct Dimension {
    name: String,
    label: String,
    size: u64,
    unit: Option<String>,
    coordinates: Option<AxisCoordinates>,
}

#[derive(Debug, JsonSchema, Serialize)]
#[serde(untagged)]
enum AxisCoordinates {
    /// `start + index × step`.
    Even { start: Option<f64>, step: Option<f64> },
    /// A number for each index.
    Numbers { values: Vec<Option<f64>> },
    /// A text for each index.
    Texts { values: Vec<String> },
}

impl Description {
    /// Blocks while a sample of the image is read, the first time.
    pub(crate) fn of(image: &Image, id: &str, tile_size: u32, cancel: &Cancel) -> Result<Self> {
        let info = image.info();
        let display = image.display(cancel)?;
        let levels = image.levels();
        let channels = display.channels.iter().map(|channel| ChannelDescription {
            name: channel.name.clone(),
            color: channel
                .colour
                .map(|[red, green, blue]| format!("#{red:02x}{green:02x}{blue:02x}")),
            vmin: number(channel.window.vmin),
            vmax: number(channel.window.vmax),
        });
        let extra_axes = info.axes.extra().map(|axis| ExtraAxis {
            name: axis.name.clone(),
            size: axis.size,
        });
        Ok(Self {
            id: id.to_owned(),
            name: image.name().to_owned(),
            version: version(image),
            format: info.format.clone(),
            width: info.axes.width(),
            height: info.axes.height(),
            shape: info.axes.shape(),
            axes: info.axes.iter().map(|axis| axis.name.clone()).collect(),
            dtype: info.dtype.name().to_owned(),
            kind: image.kind().name().to_owned(),
            channels: channels.collect(),
            visible: display.visible.clone(),
            extra_axes: extra_axes.collect(),
            max_zoom: image.max_zoom(),
            tile_size,
            // At zoom z a tile covers 2^(max_zoom - z) source pixels: as many as it has pixels, here.
            native_zoom: image.max_zoom().saturating_sub(tile_size.trailing_zeros()),
            provisional: levels.iter().any(|level| level.state == LevelState::Provisional),
            levels: levels.iter().map(Level::of).collect(),
            resampling: image.resampling().name().to_owned(),
            resamplings: Resampling::all().map(|kind| kind.name().to_owned()).collect(),
            colormap: image.colormap().map(|map| map.name.to_owned()),
            window: DisplayWindow {
                vmin: number(display.window.vmin),
                vmax: number(display.window.vmax),
                from: WindowFrom::name(display.window_from).to_owned(),
            },
            statistics: statistics(image, cancel)?,
            nodata: info.nodata.and_then(number),
            revision: image.revision(),
            residence: image.residence().name().to_owned(),
            dimensions: dimensions(image),
            details: info.details.iter().cloned().collect(),
        })
    }
}

impl Level {
    fn of(level: &LevelInfo) -> Self {
        Self {
            level: level.level,
            factor: level.factor,
            width: level.width,
            height: level.height,
            state: level.state.name().to_owned(),
        }
    }
}

/// Each axis in the words of whoever made the data, in storage order.
fn dimensions(image: &Image) -> Vec<Dimension> {
    let info = image.info();
    let known = info.dimensions.iter().cloned().map(Some);
    let known = known.chain(std::iter::repeat(None));
    info.axes
        .iter()
        .zip(known)
        .map(|(axis, dimension)| {
            let dimension = dimension.unwrap_or_default();
            let coordinates = dimension.coordinates.map(|coordinates| match coordinates {
                Coordinates::Even { start, step } => AxisCoordinates::Even {
                    start: number(start),
                    step: number(step),
                },
                Coordinates::Numbers(numbers) => AxisCoordinates::Numbers {
                    values: numbers.into_iter().map(number).collect(),
                },
                Coordinates::Texts(values) => AxisCoordinates::Texts { values },
            });
            Dimension {
                name: axis.name.clone(),
                label: dimension.label.unwrap_or_else(|| axis.name.clone()),
                size: axis.size,
                unit: dimension.unit,
                coordinates,
            }
        })
        .collect()
}

fn statistics(image: &Image, cancel: &Cancel) -> Result<SampleStatistics> {
    let statistics = image.statistics(cancel)?;
    let summary: &Summary = &statistics.all;
    Ok(SampleStatistics {
        count: summary.count,
        valid: summary.valid,
        min: number(summary.min),
        max: number(summary.max),
        mean: number(summary.mean),
        std: number(summary.std),
        percentiles: percentiles(&summary.percentiles),
        sampled: statistics.sampled,
    })
}
