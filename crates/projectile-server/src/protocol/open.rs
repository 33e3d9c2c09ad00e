//! `POST /open`: an address whose images are to be shown, from a client.

use projectile_core::Result;

use super::{Call, Protocol, Told, World};
use crate::address::Address;
use crate::api::answers::Opened;
use crate::api::{Body, Operation, json};

/// Addresses that clients have opened.
pub(crate) struct Open;

const OPERATIONS: &[Operation] = &[Operation {
    path: "/open",
    group: "Images",
    about: "Serves what lies at an address, where --allow-remote lets it",
    parameters: &[],
    body: Some(Body {
        media_type: "application/json",
        about: "an address under a prefix that the server was started with",
        example: r#"{"url": "https://example.org/scans/a.npy"}"#,
    }),
    answer: json::<Opened>(),
}];

impl Protocol for Open {
    fn name(&self) -> &'static str {
        "open"
    }

    fn operations(&self) -> &'static [Operation] {
        OPERATIONS
    }

    fn parse(&self, address: &Address<'_>, _world: &World<'_>) -> Result<Option<Call>> {
        let ["open"] = address.path()[..] else {
            return Ok(None);
        };
        Ok(Some(Call::Told(Told::Address)))
    }
}
