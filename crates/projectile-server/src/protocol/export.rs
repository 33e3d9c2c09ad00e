//! `/images/{id}/region.{format}`: a region at full resolution or any other, as a file to keep.

use bytes::Bytes;
use projectile_core::{Area, Error, ExportRequest, Region, Result};

use super::{Call, Protocol, World, histogram, tiles};
use crate::address::{Address, whole};
use crate::api::parameters::{ENCODING, EXPRESSION, Kind, PLANE, Parameter, REGION, STYLE, VERSION};
use crate::api::{ENCODED, Operation};
use crate::catalog::Entry;
use crate::respond::Document;

/// Exports.
pub(crate) struct Exports;

/// Of an answer whose size is asked for.
const LONGEST_SIDE: u64 = 4096;

const SIZE: &[Parameter] = &[
    Parameter::optional(
        "width",
        Kind::Whole(1, LONGEST_SIDE),
        "4",
        "Columns of the answer; without height, in proportion",
    ),
    Parameter::optional(
        "height",
        Kind::Whole(1, LONGEST_SIDE),
        "4",
        "Rows of the answer; without width, in proportion",
    ),
];

const OPERATIONS: &[Operation] = &[Operation {
    path: "/images/{id}/region.{format}",
    group: "Regions",
    about: "A region at full resolution, or at the size that width and height say",
    parameters: &[REGION, SIZE, STYLE, ENCODING, PLANE, EXPRESSION, VERSION],
    body: None,
    answer: ENCODED,
}];

impl Protocol for Exports {
    fn name(&self) -> &'static str {
        "export"
    }

    fn operations(&self) -> &'static [Operation] {
        OPERATIONS
    }

    fn parse(&self, address: &Address<'_>, world: &World<'_>) -> Result<Option<Call>> {
        let ["images", id, file] = address.path()[..] else {
            return Ok(None);
        };
        let Some(format) = file.strip_prefix("region.") else {
            return Ok(None);
        };
        let entry = world.image(id, address)?;
        let axes = &entry.image.info().axes;
        let region = histogram::region(address)?.unwrap_or(Region {
            y: 0,
            x: 0,
            height: axes.height(),
            width: axes.width(),
        });
        if let Some(area) = scaled(region, address)? {
            return tiles::cut(entry, area, format, address, world).map(Some);
        }
        let request = ExportRequest {
            region,
            style: tiles::style(&entry, address)?,
            encoding: tiles::encoding(format, address, world)?,
        };
        let work = Box::new(move |entry: &Entry, cancel: &_| {
            let file = entry.image.export(&request, cancel)?;
            Ok(Document {
                media_type: file.media_type,
                bytes: Bytes::from(file.bytes),
            })
        });
        Ok(Some(Call::Work { entry, work }))
    }
}

/// What `other` becomes where `of` becomes `side`.
pub(super) fn in_proportion(side: u64, of: u64, other: u64) -> u64 {
    let product = u128::from(side).saturating_mul(other.into());
    let side = product
        .saturating_add((of / 2).into())
        .div_euclid(of.max(1).into());
    u64::try_from(side).unwrap_or(u64::MAX).max(1)
}

/// A region at the size that the address says; `None` where it says none. A side that is left out is in proportion.
fn scaled(region: Region, address: &Address<'_>) -> Result<Option<Area>> {
    let side = |name: &'static str| {
        let given = address
            .parameter(name)
            .map(|text| whole(name, text))
            .transpose()?;
        if given.is_some_and(|given| given > LONGEST_SIDE) {
            return Err(Error::limit(format!("{name} is at most {LONGEST_SIDE}")));
        }
        Ok(given)
    };
    let (height, width) = match (side("height")?, side("width")?) {
        (None, None) => return Ok(None),
        (Some(height), Some(width)) => (height, width),
        (Some(height), None) => (height, in_proportion(height, region.height, region.width)),
        (None, Some(width)) => (in_proportion(width, region.width, region.height), width),
    };
    Ok(Some(Area::Scaled {
        region,
        height,
        width,
    }))
}
