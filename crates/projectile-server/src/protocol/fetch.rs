//! `/images/{id}/fetch`: a hint that the tiles of a view will be asked for, so that they are read together.

use projectile_core::{Error, Result, TileBlock};

use super::{Call, Protocol, World, tiles};
use crate::address::{Address, whole};
use crate::api::parameters::{EXPRESSION, Kind, MOST, PLANE, Parameter, STYLE};
use crate::api::{Answer, Operation};

/// Hints.
pub(crate) struct Fetch;

const BLOCK: &[Parameter] = &[
    Parameter::needed("z", Kind::Whole(0, 63), "0", "Zoom"),
    Parameter::needed("x0", Kind::Whole(0, MOST), "0", "First column of tiles"),
    Parameter::needed("y0", Kind::Whole(0, MOST), "0", "First row of tiles"),
    Parameter::needed("x1", Kind::Whole(1, MOST), "1", "The column after the last"),
    Parameter::needed("y1", Kind::Whole(1, MOST), "1", "The row after the last"),
];

const OPERATIONS: &[Operation] = &[Operation {
    path: "/images/{id}/fetch",
    group: "Tiles",
    about: "Says that the tiles of a block will be asked for soon",
    parameters: &[BLOCK, STYLE, PLANE, EXPRESSION],
    body: None,
    answer: Answer::Nothing,
}];

impl Protocol for Fetch {
    fn name(&self) -> &'static str {
        "fetch"
    }

    fn operations(&self) -> &'static [Operation] {
        OPERATIONS
    }

    fn parse(&self, address: &Address<'_>, world: &World<'_>) -> Result<Option<Call>> {
        let ["images", id, "fetch"] = address.path()[..] else {
            return Ok(None);
        };
        let entry = world.image(id, address)?;
        let needed = |name: &'static str| {
            let missing =
                || Error::bad_request(name, format!("{name} is missing: fetch?z=3&x0=0&y0=0&x1=4&y1=4"));
            whole(name, address.parameter(name).ok_or_else(missing)?)
        };
        let block = TileBlock {
            z: u32::try_from(needed("z")?).unwrap_or(u32::MAX),
            x: needed("x0")?..needed("x1")?,
            y: needed("y0")?..needed("y1")?,
            size: world.tile_size,
        };
        entry.image.grid().place_block(&block)?;
        Ok(Some(Call::Fetch {
            style: tiles::style(&entry, address)?,
            entry,
            block,
        }))
    }
}
