//! `/images/{id}/region.{format}`: a region at full resolution, as a file to keep.

use bytes::Bytes;
use projectile_core::{ExportRequest, Region, Result};

use super::{Call, Protocol, World, histogram, tiles};
use crate::address::Address;
use crate::catalog::Entry;
use crate::respond::Document;

/// Exports.
pub(crate) struct Exports;

impl Protocol for Exports {
    fn name(&self) -> &'static str {
        "export"
    }

    fn parse(&self, address: &Address<'_>, world: &World<'_>) -> Result<Option<Call>> {
        let ["images", id, file] = address.path()[..] else {
            return Ok(None);
        };
        let Some(format) = file.strip_prefix("region.") else {
            return Ok(None);
        };
        let entry = world.image(id)?;
        let axes = &entry.image.info().axes;
        let request = ExportRequest {
            region: histogram::region(address)?.unwrap_or(Region {
                y: 0,
                x: 0,
                height: axes.height(),
                width: axes.width(),
            }),
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
