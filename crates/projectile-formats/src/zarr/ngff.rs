//! What OME-Zarr's attributes say ([NGFF] 0.1 to 0.5): no I/O, and nothing that a stranger writes here is believed.
//!
//! [NGFF]: https://ngff.openmicroscopy.org

use projectile_core::{ChannelInfo, Error, Result};
use serde_json::{Map, Value};

use super::naming::Name;

/// Items of a list beyond which attributes are no metadata.
const MOST: usize = 1 << 16;

/// What a group is by its attributes; nothing of OME-Zarr's if all is empty.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Meaning {
    pub(super) multiscale: Option<Multiscale>,
    /// Paths of a plate's wells.
    pub(super) plate: Option<Vec<String>>,
    /// Paths of a well's images.
    pub(super) well: Option<Vec<String>>,
    /// Names of label images.
    pub(super) labels: Vec<String>,
    /// Paths of the images that one file was converted to.
    pub(super) series: Vec<String>,
    /// Whether the image is one of labels.
    pub(super) is_label: bool,
}

/// An image at several resolutions.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Multiscale {
    pub(super) axes: Vec<Axis>,
    pub(super) datasets: Vec<Dataset>,
    pub(super) channels: Vec<ChannelInfo>,
    /// The version of its metadata.
    pub(super) version: String,
    /// By what its smaller arrays were made, where it says.
    pub(super) kind: Option<String>,
}

/// A dimension.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Axis {
    pub(super) name: Name,
    pub(super) unit: Option<String>,
}

/// One resolution.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Dataset {
    pub(super) path: String,
    /// From one index to the next along each axis, in its unit.
    pub(super) scale: Option<Vec<f64>>,
    /// Where index 0 is along each axis.
    pub(super) translation: Option<Vec<f64>>,
}

/// Reads attributes, as a fuzzer gives them.
///
/// # Errors
/// [`Corrupt`](projectile_core::ErrorKind::Corrupt) for what is no OME-Zarr though it says so.
#[doc(hidden)]
pub fn check_attributes(json: &[u8]) -> Result<()> {
    let attributes: Map<String, Value> =
        serde_json::from_slice(json).map_err(|error| Error::corrupt(error.to_string()))?;
    read(&attributes).map(|_| ())
}

/// What a group's attributes mean.
pub(super) fn read(attributes: &Map<String, Value>) -> Result<Meaning> {
    // From 0.5 on all is under one name.
    let (ome, outer) = match attributes.get("ome") {
        Some(Value::Object(ome)) => (ome, ome.get("version").and_then(Value::as_str)),
        _ => (attributes, None),
    };
    let omero = ome.get("omero");
    let multiscale = match list(ome.get("multiscales")).first() {
        Some(first) => Some(multiscale(first, omero, outer).map_err(|error| error.context("multiscales"))?),
        None => None,
    };
    let texts = |value: Option<&Value>| -> Vec<String> {
        let texts = list(value).iter().filter_map(Value::as_str);
        texts.map(str::to_owned).collect()
    };
    let paths = |value: Option<&Value>, name: &str| {
        let value = value?;
        let paths = list(value.get(name))
            .iter()
            .filter_map(|item| item["path"].as_str());
        Some(paths.map(str::to_owned).collect::<Vec<String>>())
    };
    Ok(Meaning {
        multiscale,
        plate: paths(ome.get("plate"), "wells"),
        well: paths(ome.get("well"), "images"),
        labels: texts(ome.get("labels")),
        series: texts(ome.get("series")),
        is_label: ome.contains_key("image-label"),
    })
}

fn list(value: Option<&Value>) -> &[Value] {
    let items = value.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    items.get(..MOST).unwrap_or(items)
}

fn multiscale(value: &Value, omero: Option<&Value>, outer: Option<&str>) -> Result<Multiscale> {
    let axes: Vec<Axis> = match value.get("axes") {
        Some(axes) => list(Some(axes))
            .iter()
            .map(axis)
            .collect::<Option<_>>()
            .ok_or_else(|| Error::corrupt("an axis without a name"))?,
        // Before 0.3 there was nothing to say.
        None => ["t", "c", "z", "y", "x"].iter().map(|name| named(name)).collect(),
    };
    let common = transformation(value.get("coordinateTransformations"), axes.len());
    let datasets = list(value.get("datasets"))
        .iter()
        .map(|dataset| {
            let path = dataset["path"]
                .as_str()
                .ok_or_else(|| Error::corrupt("a dataset without a path"))?;
            let (scale, translation) = transformation(dataset.get("coordinateTransformations"), axes.len());
            let (scale, translation) = together((scale, translation), &common);
            Ok(Dataset {
                path: path.to_owned(),
                scale,
                translation,
            })
        })
        .collect::<Result<Vec<_>>>()?;
    if datasets.is_empty() {
        return Err(Error::corrupt("an image without datasets"));
    }
    let version = value["version"].as_str().or(outer).unwrap_or("?");
    Ok(Multiscale {
        axes,
        datasets,
        channels: omero.map(channels).unwrap_or_default(),
        version: version.chars().take(20).collect(),
        kind: value["type"].as_str().map(str::to_owned),
    })
}

fn named(name: &str) -> Axis {
    Axis {
        name: Name {
            name: name.to_owned(),
            is_channel: name == "c",
        },
        unit: None,
    }
}

fn axis(value: &Value) -> Option<Axis> {
    if let Some(name) = value.as_str() {
        return Some(named(name));
    }
    Some(Axis {
        name: Name {
            name: value["name"].as_str()?.to_owned(),
            is_channel: value["type"] == "channel",
        },
        unit: value["unit"].as_str().map(|unit| symbol(unit).to_owned()),
    })
}

/// What a unit is usually written as.
fn symbol(unit: &str) -> &str {
    match unit {
        "angstrom" => "Å",
        "picometer" => "pm",
        "nanometer" => "nm",
        "micrometer" | "micron" => "µm",
        "millimeter" => "mm",
        "centimeter" => "cm",
        "meter" => "m",
        "kilometer" => "km",
        "nanosecond" => "ns",
        "microsecond" => "µs",
        "millisecond" => "ms",
        "second" => "s",
        "minute" => "min",
        "hour" => "h",
        other => other,
    }
}

type Transformation = (Option<Vec<f64>>, Option<Vec<f64>>);

/// Scale and translation of a list of transformations, the scale first.
fn transformation(value: Option<&Value>, axes: usize) -> Transformation {
    let numbers = |value: &Value, name: &str| -> Option<Vec<f64>> {
        let numbers: Vec<f64> = list(value.get(name))
            .iter()
            .map(Value::as_f64)
            .collect::<Option<_>>()?;
        (numbers.len() == axes && numbers.iter().all(|number| number.is_finite())).then_some(numbers)
    };
    let all = list(value);
    let of = |kind: &str| all.iter().find(|item| item["type"] == kind);
    (
        of("scale").and_then(|item| numbers(item, "scale")),
        of("translation").and_then(|item| numbers(item, "translation")),
    )
}

/// A dataset's own transformation, and then that of all.
fn together((scale, translation): Transformation, (more, further): &Transformation) -> Transformation {
    let times = |numbers: Option<Vec<f64>>| match (numbers, more) {
        (Some(numbers), Some(more)) => Some(numbers.iter().zip(more).map(|(a, b)| a * b).collect()),
        (numbers, _) => numbers,
    };
    let scale = match scale {
        None => more.clone(),
        scale => times(scale),
    };
    let translation: Option<Vec<f64>> = match (times(translation), further) {
        (Some(numbers), Some(further)) => Some(numbers.iter().zip(further).map(|(a, b)| a + b).collect()),
        (None, further) => further.clone(),
        (numbers, None) => numbers,
    };
    (scale, translation)
}

fn channels(omero: &Value) -> Vec<ChannelInfo> {
    list(omero.get("channels"))
        .iter()
        .map(|channel| {
            let window = &channel["window"];
            let ends = window["start"].as_f64().zip(window["end"].as_f64());
            ChannelInfo {
                name: channel["label"].as_str().unwrap_or_default().to_owned(),
                colour: channel["color"].as_str().and_then(colour),
                window: ends.filter(|(start, end)| start < end),
                visible: channel["active"].as_bool(),
            }
        })
        .collect()
}

/// `RRGGBB`, perhaps with more after it or `#` before.
fn colour(text: &str) -> Option<[u8; 3]> {
    let digits = text.strip_prefix('#').unwrap_or(text);
    let part = |at: std::ops::Range<usize>| u8::from_str_radix(digits.get(at)?, 16).ok();
    Some([part(0..2)?, part(2..4)?, part(4..6)?])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn meaning(value: &Value) -> Result<Meaning> {
        read(value.as_object().unwrap())
    }

    #[test]
    fn an_image_is_read_in_either_version() {
        let inner = json!({
            "multiscales": [{
                "version": "0.4",
                "axes": [
                    {"name": "c", "type": "channel"},
                    {"name": "y", "type": "space", "unit": "micrometer"},
                    {"name": "x", "type": "space"},
                ],
                "coordinateTransformations": [{"type": "scale", "scale": [1, 2, 2]}],
                "datasets": [
                    {"path": "0", "coordinateTransformations": [
                        {"type": "scale", "scale": [1, 0.5, 0.25]},
                        {"type": "translation", "translation": [0, 10, 20]},
                    ]},
                    {"path": "1"},
                ],
            }],
            "omero": {"channels": [
                {"label": "DAPI", "color": "0000FF", "active": true, "window": {"start": 3, "end": 99.5}},
                {"label": "GFP", "color": "#00ff00", "active": false, "window": {"start": 3, "end": 3}},
                {"color": "red"},
            ]},
            "labels": ["cells"],
        });
        for value in [inner.clone(), json!({"ome": inner})] {
            let found = meaning(&value).unwrap();
            let image = found.multiscale.unwrap();
            assert_eq!(image.axes[1].unit.as_deref(), Some("µm"));
            assert!(image.axes[0].name.is_channel);
            assert_eq!(image.datasets[0].scale, Some(vec![1.0, 1.0, 0.5]));
            assert_eq!(image.datasets[0].translation, Some(vec![0.0, 20.0, 40.0]));
            assert_eq!(image.datasets[1].scale, Some(vec![1.0, 2.0, 2.0]));
            assert_eq!(image.channels[0].window, Some((3.0, 99.5)));
            assert_eq!(image.channels[0].colour, Some([0, 0, 255]));
            assert_eq!(
                (image.channels[1].colour, image.channels[1].window),
                (Some([0, 255, 0]), None)
            );
            assert_eq!(image.channels[1].visible, Some(false));
            assert_eq!(image.channels[2], ChannelInfo::default());
            assert_eq!(found.labels, ["cells"]);
        }
    }

    #[test]
    fn older_images_plates_and_wells_are_read() {
        let old = meaning(&json!({"multiscales": [{"datasets": [{"path": "0"}]}]})).unwrap();
        assert_eq!(old.multiscale.unwrap().axes.len(), 5);
        let named = json!({"multiscales": [{"axes": ["y", "x"], "datasets": [{"path": "0"}]}]});
        assert_eq!(
            meaning(&named).unwrap().multiscale.unwrap().axes[0].name.name,
            "y"
        );
        let plate = meaning(&json!({"plate": {"wells": [{"path": "A/1"}, {"path": "B/2"}, {}]}})).unwrap();
        assert_eq!(plate.plate.unwrap(), ["A/1", "B/2"]);
        let well = meaning(&json!({"ome": {"well": {"images": [{"path": "0"}]}}})).unwrap();
        assert_eq!(well.well.unwrap(), ["0"]);
        assert_eq!(meaning(&json!({"title": "none"})).unwrap(), Meaning::default());
        for broken in [
            json!({"multiscales": [{"datasets": []}]}),
            json!({"multiscales": [{"datasets": [{"path": 7}]}]}),
            json!({"multiscales": [{"axes": [{"type": "space"}], "datasets": [{"path": "0"}]}]}),
        ] {
            assert!(meaning(&broken).is_err(), "{broken}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[\\[\\]{}:,\"0-9a-z ]{0,60}", number in any::<f64>()) {
            let _ = check_attributes(text.as_bytes());
            let value = json!({"multiscales": [{"axes": [text], "datasets": [{"path": text, "coordinateTransformations":
                [{"type": "scale", "scale": [number]}]}]}], "omero": {"channels": [{"color": text}]}});
            let _ = meaning(&value);
        }
    }
}
