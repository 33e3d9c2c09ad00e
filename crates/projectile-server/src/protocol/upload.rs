//! `POST /upload?name=scan.tiff`: a file to be shown, from a page.

use projectile_core::{Error, Result};

use super::{Call, Protocol, Told, World};
use crate::address::Address;

/// Files that pages send.
pub(crate) struct Uploads;

impl Protocol for Uploads {
    fn name(&self) -> &'static str {
        "upload"
    }

    fn parse(&self, address: &Address<'_>, _world: &World<'_>) -> Result<Option<Call>> {
        let ["upload"] = address.path()[..] else {
            return Ok(None);
        };
        let name = address
            .parameter("name")
            .ok_or_else(|| Error::bad_request("name", "the file's name is missing: upload?name=scan.tiff"))?;
        Ok(Some(Call::Told(Told::File {
            name: name.to_owned(),
        })))
    }
}
