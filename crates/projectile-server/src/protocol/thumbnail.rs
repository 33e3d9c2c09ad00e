//! `/images/{id}/thumbnail.{format}`: all of an image, small.

use projectile_core::{Area, Error, Region, Result};

use super::{Call, Protocol, World, export, tiles};
use crate::address::{Address, whole};
use crate::api::parameters::{ENCODING, EXPRESSION, Kind, PLANE, Parameter, STYLE, VERSION};
use crate::api::{ENCODED, Operation};

/// Pixels of the longer side, unless the address says otherwise.
const USUAL: u64 = 256;
const LARGEST: u64 = 2048;

/// Thumbnails.
pub(crate) struct Thumbnails;

const SIZE: &[Parameter] = &[Parameter::optional(
    "size",
    Kind::Whole(1, LARGEST),
    "256",
    "How long the longer side is, in pixels; an image that is smaller stays as it is",
)];

const OPERATIONS: &[Operation] = &[Operation {
    path: "/images/{id}/thumbnail.{format}",
    group: "Regions",
    about: "All of the image, small",
    parameters: &[SIZE, STYLE, ENCODING, PLANE, EXPRESSION, VERSION],
    body: None,
    answer: ENCODED,
}];

impl Protocol for Thumbnails {
    fn name(&self) -> &'static str {
        "thumbnail"
    }

    fn operations(&self) -> &'static [Operation] {
        OPERATIONS
    }

    fn parse(&self, address: &Address<'_>, world: &World<'_>) -> Result<Option<Call>> {
        let ["images", id, file] = address.path()[..] else {
            return Ok(None);
        };
        let Some(format) = file.strip_prefix("thumbnail.") else {
            return Ok(None);
        };
        let entry = world.image(id, address)?;
        let size = address
            .parameter("size")
            .map_or(Ok(USUAL), |size| whole("size", size))?;
        if !(1..=LARGEST).contains(&size) {
            return Err(Error::bad_request(
                "size",
                format!("size = {size} is outside 1 to {LARGEST}"),
            ));
        }
        let axes = &entry.image.info().axes;
        let (height, width) = (axes.height(), axes.width());
        let longer = height.max(width);
        let fitted = |side: u64| {
            if longer <= size {
                side
            } else {
                export::in_proportion(size, longer, side)
            }
        };
        let area = Area::Scaled {
            region: Region {
                y: 0,
                x: 0,
                height,
                width,
            },
            height: fitted(height),
            width: fitted(width),
        };
        tiles::cut(entry, area, format, address, world).map(Some)
    }
}
