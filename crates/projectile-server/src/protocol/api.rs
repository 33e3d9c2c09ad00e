//! `/api`: everything that can be asked, as a page and as an OpenAPI document.

use bytes::Bytes;
use projectile_core::Result;

use super::{Call, Protocol, World, operations};
use crate::address::Address;
use crate::api::{Answer, OTHER_JSON, Operation, STYLE, document, page};
use crate::respond::Document;

/// The documents of the API.
pub(crate) struct Api;

const OPERATIONS: &[Operation] = &[
    Operation {
        path: "/api",
        group: "This API",
        about: "This page",
        parameters: &[],
        body: None,
        answer: Answer::Files(&["text/html; charset=utf-8"]),
    },
    Operation {
        path: "/api/openapi.json",
        group: "This API",
        about: "The same for programs: OpenAPI 3.1",
        parameters: &[],
        body: None,
        answer: OTHER_JSON,
    },
];

impl Protocol for Api {
    fn name(&self) -> &'static str {
        "api"
    }

    fn operations(&self) -> &'static [Operation] {
        OPERATIONS
    }

    fn parse(&self, address: &Address<'_>, world: &World<'_>) -> Result<Option<Call>> {
        let document = match address.path()[..] {
            ["api"] => Document {
                media_type: "text/html; charset=utf-8",
                bytes: Bytes::from(page(operations())),
            },
            ["api", "openapi.json"] => Document::json(&document(operations(), &world.base(), &ids(world)))?,
            ["api", "style.css"] => Document {
                media_type: "text/css; charset=utf-8",
                bytes: Bytes::from_static(STYLE.as_bytes()),
            },
            _ => return Ok(None),
        };
        Ok(Some(Call::Document(document)))
    }
}

/// Of the images that there are now; of many, the first.
fn ids(world: &World<'_>) -> Vec<String> {
    const MOST: usize = 256;
    let entries = world.catalog.entries();
    entries.iter().take(MOST).map(|entry| entry.id.clone()).collect()
}
