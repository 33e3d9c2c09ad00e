//! Shapes in GeoJSON (RFC 7946), whose coordinates are pixels: x to the right, y down.

use projectile_core::{Error, ErrorKind, Result, Shape};
use serde::Serialize;
use serde_json::{Value as Json, json};

/// The most features that are measured at a time.
const MOST_FEATURES: usize = 256;
/// The most corners of all of them.
const MOST_CORNERS: usize = 1 << 15;

/// A geometry, a feature or a collection of features, with the shape of each.
#[derive(Debug)]
pub(crate) struct Collection {
    json: Json,
    shapes: Vec<Shape>,
}

impl Collection {
    /// # Errors
    /// [`BadRequest`](ErrorKind::BadRequest) for what is no GeoJSON or has no inside, [`Limit`](ErrorKind::Limit) for
    /// too much of it.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self> {
        let mut json: Json =
            serde_json::from_slice(bytes).map_err(|error| wrong(format!("it is no JSON: {error}")))?;
        match json.get("type").and_then(Json::as_str) {
            Some("FeatureCollection" | "Feature") => {}
            Some(_) => json = json!({"type": "Feature", "properties": {}, "geometry": json}),
            None => return Err(wrong("it has no type")),
        }
        let mut collection = Self {
            json,
            shapes: Vec::new(),
        };
        let features = collection.features()?;
        if features.len() > MOST_FEATURES {
            return Err(Error::limit(format!("more than {MOST_FEATURES} features")));
        }
        let mut left = MOST_CORNERS;
        let shapes = features
            .into_iter()
            .map(|feature| shape(feature.get("geometry").unwrap_or(&Json::Null), &mut left))
            .collect::<Result<_>>()?;
        collection.shapes = shapes;
        Ok(collection)
    }

    fn features(&mut self) -> Result<Vec<&mut Json>> {
        if self.json.get("type").is_some_and(|kind| kind == "Feature") {
            return Ok(vec![&mut self.json]);
        }
        let features = self.json.get_mut("features").and_then(Json::as_array_mut);
        Ok(features
            .ok_or_else(|| wrong("the collection has no features"))?
            .iter_mut()
            .collect())
    }

    /// Gives each feature a property that is made of its shape.
    pub(crate) fn tell<T: Serialize>(
        &mut self,
        property: &str,
        mut of: impl FnMut(&Shape) -> Result<T>,
    ) -> Result<()> {
        let made: Vec<Json> = self
            .shapes
            .iter()
            .map(|shape| {
                serde_json::to_value(of(shape)?)
                    .map_err(|error| Error::internal(format!("a property is no JSON: {error}")))
            })
            .collect::<Result<_>>()?;
        for (feature, made) in self.features()?.into_iter().zip(made) {
            let feature = feature
                .as_object_mut()
                .ok_or_else(|| wrong("a feature is no object"))?;
            let properties = feature.entry("properties").or_insert_with(|| json!({}));
            if !properties.is_object() {
                *properties = json!({});
            }
            if let Some(properties) = properties.as_object_mut() {
                properties.insert(property.to_owned(), made);
            }
        }
        Ok(())
    }

    pub(crate) fn json(&self) -> &Json {
        &self.json
    }
}

fn shape(geometry: &Json, left: &mut usize) -> Result<Shape> {
    let coordinates = &geometry["coordinates"];
    let list = |json: &Json| {
        json.as_array()
            .cloned()
            .ok_or_else(|| wrong("coordinates are no list"))
    };
    let rings = match geometry["type"].as_str() {
        Some("Polygon") => list(coordinates)?,
        Some("MultiPolygon") => {
            let polygons = list(coordinates)?;
            polygons.iter().map(list).collect::<Result<Vec<_>>>()?.concat()
        }
        Some(other) => {
            return Err(wrong(format!(
                "a {} has no inside: there are Polygon and MultiPolygon",
                crate::address::shown(other)
            )));
        }
        None => return Err(wrong("a feature has no geometry")),
    };
    let rings: Vec<Vec<(f64, f64)>> = rings
        .iter()
        .map(|ring| {
            let ring = list(ring)?;
            *left = left
                .checked_sub(ring.len())
                .ok_or_else(|| Error::limit(format!("more than {MOST_CORNERS} corners")))?;
            ring.iter().map(corner).collect()
        })
        .collect::<Result<_>>()?;
    Shape::rings(rings)
}

fn corner(position: &Json) -> Result<(f64, f64)> {
    match (position[0].as_f64(), position[1].as_f64()) {
        (Some(x), Some(y)) => Ok((x, y)),
        _ => Err(wrong("a position is no pair of numbers")),
    }
}

fn wrong(why: impl std::fmt::Display) -> Error {
    Error::new(
        ErrorKind::BadRequest,
        format!("the body is no GeoJSON of shapes: {why}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pixels(json: &Json) -> Result<Vec<u64>> {
        let mut collection = Collection::parse(json.to_string().as_bytes())?;
        let count = |shape: &Shape| -> u64 {
            let rows = 0..20;
            rows.flat_map(|y| shape.row(y, 0..20))
                .map(|run| run.end - run.start)
                .sum()
        };
        collection.tell("pixels", |shape| Ok(count(shape)))?;
        let features = collection.features()?;
        Ok(features
            .into_iter()
            .map(|feature| feature["properties"]["pixels"].as_u64().unwrap())
            .collect())
    }

    fn square(from: f64, to: f64) -> Json {
        json!([[from, from], [to, from], [to, to], [from, to], [from, from]])
    }

    #[test]
    fn holes_are_outside_and_parts_are_together() {
        let holed = json!({"type": "Polygon", "coordinates": [square(0.0, 10.0), square(2.0, 4.0)]});
        assert_eq!(pixels(&holed).unwrap(), [96]);
        let parts = json!({"type": "MultiPolygon", "coordinates": [[square(0.0, 3.0)], [square(5.0, 6.0)]]});
        let feature = |geometry: &Json| json!({"type": "Feature", "properties": null, "geometry": geometry});
        let both = json!({"type": "FeatureCollection", "features": [feature(&holed), feature(&parts)]});
        assert_eq!(pixels(&both).unwrap(), [96, 10]);
    }

    #[test]
    fn what_has_no_inside_is_refused() {
        let many = vec![
            json!({"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [square(0.0, 1.0)]}});
            257
        ];
        for (json, kind) in [
            (json!(7), ErrorKind::BadRequest),
            (
                json!({"type": "Point", "coordinates": [1, 2]}),
                ErrorKind::BadRequest,
            ),
            (json!({"type": "Polygon"}), ErrorKind::BadRequest),
            (
                json!({"type": "Polygon", "coordinates": [[[0, 0], [1, "a"]]]}),
                ErrorKind::BadRequest,
            ),
            (
                json!({"type": "Polygon", "coordinates": []}),
                ErrorKind::BadRequest,
            ),
            (json!({"type": "FeatureCollection"}), ErrorKind::BadRequest),
            (json!({"type": "Feature"}), ErrorKind::BadRequest),
            (
                json!({"type": "FeatureCollection", "features": many}),
                ErrorKind::Limit,
            ),
        ] {
            assert_eq!(pixels(&json).unwrap_err().kind(), kind, "{json}");
        }
        assert!(Collection::parse(b"{").is_err());
    }
}
