//! OGC API – Tiles: `/ogc` leads to the images as collections, each with tiles in two tile matrix sets:
//! `/ogc/collections/{id}/map/tiles/{set}/{z}/{row}/{column}`. Parameters are those of all tiles, and `f`, the format.

use std::sync::Arc;

use projectile_core::{Error, Result};
use serde_json::{Value as Json, json};

use super::{Call, Protocol, World, tiles};
use crate::address::{Address, shown};
use crate::api::parameters::{ENCODING, EXPRESSION, Kind, PLANE, Parameter, STYLE, VERSION};
use crate::api::{OTHER_JSON, Operation, PICTURES};
use crate::catalog::Entry;
use crate::matrices::{self, MatrixSet, TILE_SIZE, degrees};
use crate::respond::Document;

/// What of the standard is here.
const CONFORMS_TO: [&str; 6] = [
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/json",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/tileset",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/tilesets-list",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/png",
];
const TILE_TYPES: [(&str, &str); 3] = [
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("webp", "image/webp"),
];

/// OGC API – Tiles.
pub(crate) struct OgcTiles;

const FORMAT: &[Parameter] = &[Parameter::optional(
    "f",
    Kind::OneOf(&["png", "jpg", "webp", "image/png", "image/jpeg", "image/webp"]),
    "png",
    "The tile's format",
)];

const OPERATIONS: &[Operation] = &[
    Operation {
        path: "/ogc",
        group: "Other viewers",
        about: "OGC API – Tiles: where everything is",
        parameters: &[],
        body: None,
        answer: OTHER_JSON,
    },
    Operation {
        path: "/ogc/conformance",
        group: "Other viewers",
        about: "What of the standard is here",
        parameters: &[],
        body: None,
        answer: OTHER_JSON,
    },
    Operation {
        path: "/ogc/collections",
        group: "Other viewers",
        about: "The images as collections",
        parameters: &[],
        body: None,
        answer: OTHER_JSON,
    },
    Operation {
        path: "/ogc/collections/{id}",
        group: "Other viewers",
        about: "An image as a collection",
        parameters: &[EXPRESSION],
        body: None,
        answer: OTHER_JSON,
    },
    Operation {
        path: "/ogc/collections/{id}/map/tiles",
        group: "Other viewers",
        about: "Its tile sets",
        parameters: &[EXPRESSION],
        body: None,
        answer: OTHER_JSON,
    },
    Operation {
        path: "/ogc/collections/{id}/map/tiles/{set}",
        group: "Other viewers",
        about: "A tile set of it",
        parameters: &[EXPRESSION],
        body: None,
        answer: OTHER_JSON,
    },
    Operation {
        path: "/ogc/collections/{id}/map/tiles/{set}/{z}/{y}/{x}",
        group: "Other viewers",
        about: "A tile: row before column",
        parameters: &[FORMAT, STYLE, ENCODING, PLANE, EXPRESSION, VERSION],
        body: None,
        answer: PICTURES,
    },
    Operation {
        path: "/ogc/tileMatrixSets",
        group: "Other viewers",
        about: "The tile matrix sets that there are",
        parameters: &[],
        body: None,
        answer: OTHER_JSON,
    },
    Operation {
        path: "/ogc/tileMatrixSets/{matrices}",
        group: "Other viewers",
        about: "A tile matrix set",
        parameters: &[],
        body: None,
        answer: OTHER_JSON,
    },
];

impl Protocol for OgcTiles {
    fn name(&self) -> &'static str {
        "ogc"
    }

    fn operations(&self) -> &'static [Operation] {
        OPERATIONS
    }

    fn parse(&self, address: &Address<'_>, world: &World<'_>) -> Result<Option<Call>> {
        let path = address.path();
        let Some((&"ogc", path)) = path.split_first() else {
            return Ok(None);
        };
        let base = format!("{}/ogc", world.base());
        let described = match *path {
            [] | [""] => landing(&base),
            ["conformance"] => json!({ "conformsTo": CONFORMS_TO }),
            ["collections"] => {
                let entries = world.catalog.entries();
                let collections: Vec<Json> = entries.iter().map(|entry| collection(entry, &base)).collect();
                json!({
                    "links": [link("self", &format!("{base}/collections"), "application/json")],
                    "collections": collections,
                })
            }
            ["collections", id] => collection(&*world.image(id, address)?, &base),
            ["collections", id, "map", "tiles"] => {
                let entry = world.image(id, address)?;
                let sets: Vec<Json> = MatrixSet::ALL
                    .into_iter()
                    .map(|set| tile_set(&entry, set, &base))
                    .collect();
                json!({ "tilesets": sets })
            }
            ["collections", id, "map", "tiles", set] => {
                let entry = world.image(id, address)?;
                let set = named(set, id)?;
                let mut described = tile_set(&entry, set, &base);
                if let Some(described) = described.as_object_mut() {
                    described.insert("tileMatrixSet".to_owned(), matrix_set(&entry, set));
                }
                described
            }
            ["collections", id, "map", "tiles", set, z, row, column] => {
                named(set, id)?;
                return tile(world.image(id, address)?, [z, row, column], address, world).map(Some);
            }
            ["tileMatrixSets"] => {
                let entries = world.catalog.entries();
                let sets: Vec<Json> = entries
                    .iter()
                    .flat_map(|entry| MatrixSet::ALL.map(|set| set.id(&entry.id)))
                    .collect::<std::collections::BTreeSet<String>>()
                    .into_iter()
                    .map(|id| {
                        let address = format!("{base}/tileMatrixSets/{id}");
                        json!({"id": id, "links": [link("self", &address, "application/json")]})
                    })
                    .collect();
                json!({ "tileMatrixSets": sets })
            }
            ["tileMatrixSets", id] => {
                let entries = world.catalog.entries();
                let found = entries
                    .iter()
                    .flat_map(|entry| MatrixSet::ALL.map(|set| (entry, set)))
                    .filter(|(entry, set)| set.id(&entry.id) == id)
                    // The world's has the zooms of the greatest image.
                    .max_by_key(|(entry, _)| entry.image.max_zoom());
                let (entry, set) = found.ok_or_else(|| unknown_set(id))?;
                matrix_set(entry, set)
            }
            _ => return Ok(None),
        };
        Document::json(&described).map(|document| Some(Call::Document(document)))
    }
}

fn unknown_set(name: &str) -> Error {
    Error::not_found(format!(
        "no tile matrix set {:?}: there are those of ogc/tileMatrixSets",
        shown(name)
    ))
}

fn named(set: &str, id: &str) -> Result<MatrixSet> {
    MatrixSet::named(set, id).ok_or_else(|| unknown_set(set))
}

fn link(relation: &str, address: &str, media_type: &str) -> Json {
    json!({"rel": relation, "href": address, "type": media_type})
}

fn landing(base: &str) -> Json {
    let here = "application/json";
    json!({
        "title": "projectile",
        "description": "Images and arrays as tiles",
        "links": [
            link("self", base, here),
            link("conformance", &format!("{base}/conformance"), here),
            link("http://www.opengis.net/def/rel/ogc/1.0/conformance", &format!("{base}/conformance"), here),
            link("data", &format!("{base}/collections"), here),
            link("http://www.opengis.net/def/rel/ogc/1.0/data", &format!("{base}/collections"), here),
            link("http://www.opengis.net/def/rel/ogc/1.0/tiling-schemes", &format!("{base}/tileMatrixSets"), here),
        ],
    })
}

fn collection(entry: &Entry, base: &str) -> Json {
    let address = format!("{base}/collections/{}", entry.id);
    let tiles = "http://www.opengis.net/def/rel/ogc/1.0/tilesets-map";
    json!({
        "id": entry.id,
        "title": entry.image.name(),
        "extent": {"spatial": {"bbox": [degrees(entry.image.grid())]}},
        "links": [
            link("self", &address, "application/json"),
            link(tiles, &format!("{address}/map/tiles"), "application/json"),
        ],
    })
}

fn tile_set(entry: &Entry, set: MatrixSet, base: &str) -> Json {
    let here = format!("{base}/collections/{}/map/tiles/{}", entry.id, set.name());
    let mut links = vec![
        link("self", &here, "application/json"),
        link(
            "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme",
            &format!("{base}/tileMatrixSets/{}", set.id(&entry.id)),
            "application/json",
        ),
    ];
    links.extend(TILE_TYPES.map(|(format, media_type)| {
        let address = format!("{here}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}?f={format}");
        json!({"rel": "item", "href": address, "type": media_type, "templated": true})
    }));
    json!({
        "title": entry.image.name(),
        "dataType": "map",
        "crs": set.crs_uri(),
        "tileMatrixSetURI": (set == MatrixSet::WebMercatorQuad)
            .then_some("http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad"),
        "links": links,
    })
}

/// The set in the form of OGC's Two Dimensional Tile Matrix Set, version 2.
fn matrix_set(entry: &Entry, set: MatrixSet) -> Json {
    let (x, y) = set.origin();
    let matrices: Vec<Json> = set
        .matrices(entry.image.grid())
        .into_iter()
        .map(|matrix| {
            json!({
                "id": matrix.zoom.to_string(),
                "scaleDenominator": matrix.scale_denominator,
                "cellSize": matrix.cell_size,
                "cornerOfOrigin": "topLeft",
                "pointOfOrigin": [x, y],
                "tileWidth": TILE_SIZE,
                "tileHeight": TILE_SIZE,
                "matrixWidth": matrix.columns,
                "matrixHeight": matrix.rows,
            })
        })
        .collect();
    let [west, south, east, north] = set.bounds(entry.image.grid());
    json!({
        "id": set.id(&entry.id),
        "title": set.name(),
        "crs": set.crs_uri(),
        "orderedAxes": ["x", "y"],
        "boundingBox": {"lowerLeft": [west, south], "upperRight": [east, north]},
        "tileMatrices": matrices,
    })
}

fn tile(
    entry: Arc<Entry>,
    [z, row, column]: [&str; 3],
    address: &Address<'_>,
    world: &World<'_>,
) -> Result<Call> {
    let (column, ending) = match column.split_once('.') {
        Some((column, ending)) => (column, Some(ending)),
        None => (column, None),
    };
    let format = match (ending, address.parameter("f")) {
        (Some(ending), _) => ending,
        (None, Some(format)) => TILE_TYPES
            .iter()
            .find(|(name, media_type)| format == *name || format == *media_type)
            .map(|(name, _)| *name)
            .ok_or_else(|| Error::bad_request("f", format!("f = {:?}: png, jpg or webp", shown(format))))?,
        (None, None) => "png",
    };
    let area = matrices::tile(entry.image.grid(), [z, row, column])?;
    tiles::cut(entry, area, format, address, world)
}
