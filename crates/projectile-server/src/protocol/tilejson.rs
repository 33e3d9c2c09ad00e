//! TileJSON 3.0: `/tilejson/{id}.json` tells map libraries where an image's tiles are. The parameters that it is asked
//! with are those of the tiles. The image lies in the upper left of the world's square, which its grid is laid over.

use projectile_core::Result;
use serde_json::json;

use super::{Call, Protocol, World, tiles};
use crate::address::Address;
use crate::api::parameters::{ENCODING, EXPRESSION, PLANE, STYLE, TILE_FORMAT};
use crate::api::{OTHER_JSON, Operation};
use crate::matrices::{TILE_SIZE, degrees, last_zoom};
use crate::respond::Document;

/// TileJSON.
pub(crate) struct TileJson;

const OPERATIONS: &[Operation] = &[Operation {
    path: "/tilejson/{id}.json",
    group: "Other viewers",
    about: "TileJSON 3.0, for map libraries",
    parameters: &[TILE_FORMAT, STYLE, ENCODING, PLANE, EXPRESSION],
    body: None,
    answer: OTHER_JSON,
}];

impl Protocol for TileJson {
    fn name(&self) -> &'static str {
        "tilejson"
    }

    fn operations(&self) -> &'static [Operation] {
        OPERATIONS
    }

    fn parse(&self, address: &Address<'_>, world: &World<'_>) -> Result<Option<Call>> {
        let ["tilejson", file] = address.path()[..] else {
            return Ok(None);
        };
        let Some(id) = file.strip_suffix(".json") else {
            return Ok(None);
        };
        let entry = world.image(id, address)?;
        tiles::style(&entry, address)?;
        let format = address.parameter("format").unwrap_or("png");
        tiles::encoding(format, address, world)?;
        let grid = entry.image.grid();
        let [west, south, east, north] = degrees(grid);
        let last = last_zoom(grid);
        let tiles = format!(
            "{}/images/{}/{{z}}/{{x}}/{{y}}/{TILE_SIZE}.{format}{}",
            world.base(),
            entry.id,
            world.query_without(&["format"])
        );
        Document::json(&json!({
            "tilejson": "3.0.0",
            "name": entry.image.name(),
            "scheme": "xyz",
            "tiles": [tiles],
            "minzoom": 0,
            "maxzoom": last,
            "bounds": [west, south, east, north],
            "center": [f64::midpoint(west, east), f64::midpoint(south, north), 0],
        }))
        .map(|document| Some(Call::Document(document)))
    }
}
