//! The metadata of a group and its arrays, in Zarr's words and OME's.

use crate::matrices::two_to;
use projectile_core::sizes::to_usize;
use projectile_core::{Coordinates, DType, Dimension, Display, Image, Sample};
use serde_json::{Map, Value as Json, json};

use super::Arrangement;

/// Which Zarr, and so which OME-Zarr.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// Zarr 2 and OME-Zarr 0.4.
    Two,
    /// Zarr 3 and OME-Zarr 0.5.
    Three,
    /// The same, with chunks in shards.
    Shards,
}

/// What is at `path` of the group of an image; `None` where nothing is. `display` is how it is shown.
pub(crate) fn metadata(path: &[&str], layout: Layout, image: &Image, display: &Display) -> Option<Json> {
    let arranged = Arrangement::of(image);
    let array = |level: &str| {
        let number = level.parse::<u32>().ok()?;
        (number < arranged.levels(image) && number.to_string() == level).then_some(number)
    };
    Some(match *path {
        ["zarr.json"] => group_of_three(image, display, &arranged, layout),
        [level, "zarr.json"] => array_of_three(image, &arranged, array(level)?, layout),
        [".zgroup"] => json!({"zarr_format": 2}),
        [".zattrs"] => attributes(image, display, &arranged, Layout::Two),
        [".zmetadata"] => all_of_two(image, display, &arranged),
        [level, ".zarray"] => array_of_two(image, &arranged, array(level)?),
        [level, ".zattrs"] => {
            array(level)?;
            json!({})
        }
        _ => return None,
    })
}

fn group_of_three(image: &Image, display: &Display, arranged: &Arrangement, layout: Layout) -> Json {
    let arrays: Map<String, Json> = (0..arranged.levels(image))
        .map(|level| {
            let array = array_of_three(image, arranged, level, layout);
            (level.to_string(), array)
        })
        .collect();
    json!({
        "zarr_format": 3,
        "node_type": "group",
        "attributes": {"ome": attributes(image, display, arranged, layout)},
        "consolidated_metadata": {"kind": "inline", "must_understand": false, "metadata": arrays},
    })
}

/// How samples are stored.
pub(super) fn little_endian() -> Json {
    json!({"name": "bytes", "configuration": {"endian": "little"}})
}

fn array_of_three(image: &Image, arranged: &Arrangement, level: u32, layout: Layout) -> Json {
    let (chunk, codec) = if layout == Layout::Shards {
        (arranged.shard(), arranged.sharding())
    } else {
        (arranged.chunk(), little_endian())
    };
    let names: Vec<&str> = arranged.axes.iter().map(|axis| axis.name.as_str()).collect();
    json!({
        "zarr_format": 3,
        "node_type": "array",
        "shape": arranged.shape(image, level),
        "data_type": arranged.dtype.name(),
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": chunk}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": fill_value(image),
        "codecs": [codec],
        "attributes": {},
        "dimension_names": names,
    })
}

fn array_of_two(image: &Image, arranged: &Arrangement, level: u32) -> Json {
    json!({
        "zarr_format": 2,
        "shape": arranged.shape(image, level),
        "chunks": arranged.chunk(),
        "dtype": code(arranged.dtype),
        "compressor": null,
        "filters": null,
        "order": "C",
        "fill_value": fill_value(image),
        "dimension_separator": "/",
    })
}

fn all_of_two(image: &Image, display: &Display, arranged: &Arrangement) -> Json {
    let mut all = Map::new();
    all.insert(".zgroup".to_owned(), json!({"zarr_format": 2}));
    all.insert(
        ".zattrs".to_owned(),
        attributes(image, display, arranged, Layout::Two),
    );
    for level in 0..arranged.levels(image) {
        all.insert(format!("{level}/.zarray"), array_of_two(image, arranged, level));
        all.insert(format!("{level}/.zattrs"), json!({}));
    }
    json!({"zarr_consolidated_format": 1, "metadata": all})
}

/// numpy's code of a type, with its byte order.
fn code(dtype: DType) -> String {
    let kind = match dtype {
        DType::Bool => 'b',
        DType::UInt8 | DType::UInt16 | DType::UInt32 | DType::UInt64 => 'u',
        DType::Int8 | DType::Int16 | DType::Int32 | DType::Int64 => 'i',
        DType::Float16 | DType::Float32 | DType::Float64 => 'f',
        DType::Complex64 | DType::Complex128 => 'c',
    };
    let order = if dtype.size() == 1 { '|' } else { '<' };
    format!("{order}{kind}{}", dtype.size())
}

/// No data, where the image says what that is.
fn fill_value(image: &Image) -> Json {
    let info = image.info();
    match info.dtype {
        DType::Bool => json!(false),
        DType::Complex64 | DType::Complex128 => json!([0.0, 0.0]),
        DType::Float16 | DType::Float32 | DType::Float64 => match info.nodata {
            Some(nodata) if nodata.is_finite() => json!(nodata),
            _ => json!("NaN"),
        },
        _ => match info.nodata {
            // A number that JSON's readers take for a whole one.
            Some(nodata) if nodata.fract() == 0.0 && nodata.abs() < 2f64.powi(53) => {
                json!(i64::from_f64(nodata))
            }
            _ => json!(0),
        },
    }
}

/// What OME says of the group.
#[expect(clippy::indexing_slicing, reason = "written into objects that were just made")]
fn attributes(image: &Image, display: &Display, arranged: &Arrangement, layout: Layout) -> Json {
    let version = match layout {
        Layout::Two => "0.4",
        Layout::Three | Layout::Shards => "0.5",
    };
    let axes: Vec<Json> = arranged
        .axes
        .iter()
        .map(|axis| {
            let mut described = json!({"name": axis.name});
            let kind = match axis.name.as_str() {
                "t" => Some("time"),
                "c" => Some("channel"),
                "z" | "y" | "x" => Some("space"),
                _ => None,
            };
            if let Some(kind) = kind {
                described["type"] = json!(kind);
            }
            if let Some(unit) = dimension(image, &axis.name)
                .and_then(|known| known.unit.as_deref())
                .and_then(unit)
            {
                described["unit"] = json!(unit);
            }
            described
        })
        .collect();
    let datasets: Vec<Json> = (0..arranged.levels(image))
        .map(|level| dataset(image, arranged, level))
        .collect();
    let mut multiscale = json!({
        "name": image.name(),
        "axes": axes,
        "datasets": datasets,
        "type": image.resampling().name(),
    });
    let mut attributes = json!({"omero": omero(image, display)});
    match layout {
        Layout::Two => {
            multiscale["version"] = json!(version);
            attributes["omero"]["version"] = json!(version);
        }
        Layout::Three | Layout::Shards => attributes["version"] = json!(version),
    }
    attributes["multiscales"] = json!([multiscale]);
    attributes
}

fn dimension<'a>(image: &'a Image, name: &str) -> Option<&'a Dimension> {
    let info = image.info();
    let at = info.axes.iter().position(|axis| axis.name == name)?;
    info.dimensions.get(at)
}

/// Where a level's pixels are: in the image's units where their steps are even, else in pixels.
fn dataset(image: &Image, arranged: &Arrangement, level: u32) -> Json {
    let (mut scale, mut translation) = (Vec::new(), Vec::new());
    for axis in &arranged.axes {
        let coordinates = dimension(image, &axis.name).and_then(|known| known.coordinates.as_ref());
        let (start, step) = match coordinates {
            Some(&Coordinates::Even { start, step }) => (start, step),
            _ => (0.0, 1.0),
        };
        let factor = if matches!(axis.name.as_str(), "y" | "x") {
            two_to(level)
        } else {
            1.0
        };
        scale.push(step * factor);
        // The middle of a reduced pixel is that of its block.
        translation.push(start + step * (factor - 1.0) / 2.0);
    }
    json!({
        "path": level.to_string(),
        "coordinateTransformations": [
            {"type": "scale", "scale": scale},
            {"type": "translation", "translation": translation},
        ],
    })
}

/// How the channels are shown, as OMERO has it.
fn omero(image: &Image, display: &Display) -> Json {
    let range = image.info().dtype.range();
    let channels: Vec<Json> = display
        .channels
        .iter()
        .zip(0..)
        .map(|(channel, at)| {
            let primary = [[255, 0, 0], [0, 255, 0], [0, 0, 255]];
            let is_colour = display.channels.len() == 3 || display.channels.len() == 4;
            let [red, green, blue] = channel.colour.unwrap_or_else(|| match primary.get(to_usize(at)) {
                Some(&colour) if is_colour => colour,
                _ => [255; 3],
            });
            let (vmin, vmax) = (channel.window.vmin, channel.window.vmax);
            let (least, most) = range.unwrap_or((vmin, vmax));
            json!({
                "label": channel.name,
                "color": format!("{red:02X}{green:02X}{blue:02X}"),
                "active": display.visible.contains(&at),
                "coefficient": 1,
                "family": "linear",
                "inverted": false,
                "window": {"start": vmin, "end": vmax, "min": least.min(vmin), "max": most.max(vmax)},
            })
        })
        .collect();
    json!({"channels": channels, "rdefs": {"model": if channels.len() > 1 { "color" } else { "greyscale" }}})
}

/// The name of a unit in UDUNITS-2, which OME asks for; units that OME does not list are left out.
fn unit(symbol: &str) -> Option<&'static str> {
    Some(match symbol {
        "Å" | "angstrom" => "angstrom",
        "nm" | "nanometer" => "nanometer",
        "µm" | "μm" | "um" | "micrometer" | "micron" => "micrometer",
        "mm" | "millimeter" => "millimeter",
        "cm" | "centimeter" => "centimeter",
        "m" | "meter" | "metre" => "meter",
        "km" | "kilometer" => "kilometer",
        "ms" | "millisecond" => "millisecond",
        "s" | "second" => "second",
        "min" | "minute" => "minute",
        "h" | "hour" => "hour",
        "d" | "day" => "day",
        _ => return None,
    })
}
