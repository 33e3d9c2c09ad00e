//! `POST /upload?name=scan.tiff`: a file to be shown, from a page.

use projectile_core::{Error, Result};

use super::{Call, Protocol, Told, World};
use crate::address::Address;
use crate::api::answers::Opened;
use crate::api::parameters::{Kind, Parameter};
use crate::api::{Body, Operation, json};

/// Files that pages send.
pub(crate) struct Uploads;

const NAME: &[Parameter] = &[Parameter::needed(
    "name",
    Kind::Text(255),
    "scan.tiff",
    "What the file is called, whose ending says its format",
)];

const OPERATIONS: &[Operation] = &[Operation {
    path: "/upload",
    group: "Images",
    about: "Serves a file, where --allow-upload lets it",
    parameters: &[NAME],
    body: Some(Body {
        media_type: "application/octet-stream",
        about: "the file",
        example: "",
    }),
    answer: json::<Opened>(),
}];

impl Protocol for Uploads {
    fn name(&self) -> &'static str {
        "upload"
    }

    fn operations(&self) -> &'static [Operation] {
        OPERATIONS
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
