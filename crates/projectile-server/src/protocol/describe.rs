//! `/images`: what there is, what each image is, and single values of it.

use projectile_core::{Result, Style, Value};
use serde_json::Value as Json;

use super::{Call, Protocol, World};
use crate::address::{Address, whole};
use crate::api::answers::{Images, Listed, PixelValue, UploadLimit};
use crate::api::parameters::{EXPRESSION, Kind, MOST, PLANE, Parameter};
use crate::api::{Operation, json};
use crate::catalog::Entry;
use crate::description::{Description, version};
use crate::planes::Planes;
use crate::respond::Document;

/// Descriptions.
pub(crate) struct Describe;

const POINT: &[Parameter] = &[
    Parameter::needed("x", Kind::Whole(0, MOST), "0", "Column of pixels"),
    Parameter::needed("y", Kind::Whole(0, MOST), "0", "Row of pixels"),
];

const OPERATIONS: &[Operation] = &[
    Operation {
        path: "/images",
        group: "Images",
        about: "The images that there are",
        parameters: &[],
        body: None,
        answer: json::<Images>(),
    },
    Operation {
        path: "/images/{id}",
        group: "Images",
        about: "All that is known of an image: axes, levels, window, statistics of a sample",
        parameters: &[EXPRESSION],
        body: None,
        answer: json::<Description>(),
    },
    Operation {
        path: "/images/{id}/value",
        group: "Measures",
        about: "The exact sample of each channel at a pixel of the full-resolution image",
        parameters: &[POINT, PLANE, EXPRESSION],
        body: None,
        answer: json::<PixelValue>(),
    },
];

impl Protocol for Describe {
    fn name(&self) -> &'static str {
        "describe"
    }

    fn operations(&self) -> &'static [Operation] {
        OPERATIONS
    }

    fn parse(&self, address: &Address<'_>, world: &World<'_>) -> Result<Option<Call>> {
        match address.path()[..] {
            ["images"] => list(world).map(|document| Some(Call::Document(document))),
            ["images", id] => {
                let (entry, tile_size) = (world.image(id, address)?, world.tile_size);
                let work = Box::new(move |entry: &Entry, cancel: &_| {
                    Document::json(&Description::of(&entry.image, &entry.id, tile_size, cancel)?)
                });
                Ok(Some(Call::Work { entry, work }))
            }
            ["images", id, "value"] => {
                let entry = world.image(id, address)?;
                value(&entry, address).map(Some)
            }
            _ => Ok(None),
        }
    }
}

fn list(world: &World<'_>) -> Result<Document> {
    let images = world
        .catalog
        .entries()
        .iter()
        .map(|entry| {
            let info = entry.image.info();
            Listed {
                id: entry.id.clone(),
                name: entry.image.name().to_owned(),
                width: info.axes.width(),
                height: info.axes.height(),
                channels: info.axes.channels(),
                dtype: info.dtype.name().to_owned(),
                kind: entry.image.kind().name().to_owned(),
                format: info.format.clone(),
                version: version(&entry.image),
            }
        })
        .collect();
    Document::json(&Images {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        tile_size: world.tile_size,
        upload: world.uploads.map(|limit| UploadLimit { limit }),
        images,
    })
}

fn value(entry: &std::sync::Arc<Entry>, address: &Address<'_>) -> Result<Call> {
    let needed = |name: &'static str| {
        let text = address.parameter(name);
        let missing =
            || projectile_core::Error::bad_request(name, format!("{name} is missing: value?x=10&y=20"));
        text.ok_or_else(missing).and_then(|text| whole(name, text))
    };
    let (x, y) = (needed("x")?, needed("y")?);
    let Planes { indices, projections } = Planes::of(&entry.image.info().axes, address)?;
    let style = Style {
        indices,
        projections,
        ..Style::default()
    };
    let work = Box::new(move |entry: &Entry, cancel: &_| {
        let image = &entry.image;
        let (dtype, values) = image.value(y, x, &style, cancel)?;
        let info = image.info();
        let channels: Vec<String> = (0..values.len()).map(|c| info.channel_name(c)).collect();
        Document::json(&PixelValue {
            x,
            y,
            dtype: dtype.name().to_owned(),
            values: values.into_iter().map(number).collect(),
            channels,
        })
    });
    Ok(Call::Work {
        entry: entry.clone(),
        work,
    })
}

/// A value that any reader of JSON takes exactly: a number where a double holds it, else its text.
fn number(value: Value) -> Json {
    const EXACT: i128 = 1 << 53;
    match value {
        Value::Bool(value) => Json::from(value),
        Value::Integer(value) if (-EXACT..=EXACT).contains(&value) => Json::from(i64::try_from(value).ok()),
        // The shortest text of a float32 is that of the number it is, which a double's would not be.
        Value::Float32(value) if value.is_finite() => {
            value.to_string().parse::<f64>().map_or(Json::Null, Json::from)
        }
        Value::Float(value) if value.is_finite() => Json::from(value),
        other => Json::from(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_exact_for_every_reader() {
        for (value, text) in [
            (Value::Bool(true), "true"),
            (Value::Integer(-5), "-5"),
            (Value::Integer(1 << 53), "9007199254740992"),
            (Value::Integer((1 << 53) + 1), "\"9007199254740993\""),
            (Value::Integer(u64::MAX.into()), "\"18446744073709551615\""),
            (Value::Float32(0.1), "0.1"),
            (Value::Float(0.1), "0.1"),
            (Value::Float32(f32::NAN), "\"nan\""),
            (Value::Float(f64::INFINITY), "\"inf\""),
            (Value::Float32(f32::NEG_INFINITY), "\"-inf\""),
            (Value::Complex(1.0, 2.0), "\"1+2j\""),
        ] {
            assert_eq!(number(value).to_string(), text);
        }
    }
}
