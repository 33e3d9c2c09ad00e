//! `/healthz`: whether the server answers at all; `/readyz`: whether it has room for more requests.

use projectile_core::Result;

use super::{Call, Protocol, World};
use crate::address::Address;
use crate::api::answers::Status;
use crate::api::{Operation, json};
use crate::respond::Document;

/// The health checks.
pub(crate) struct Health;

const OPERATIONS: &[Operation] = &[
    Operation {
        path: "/healthz",
        group: "Server",
        about: "Whether the server lives",
        parameters: &[],
        body: None,
        answer: json::<Status>(),
    },
    Operation {
        path: "/readyz",
        group: "Server",
        about: "Whether the server has room for more requests; 503 where it has not",
        parameters: &[],
        body: None,
        answer: json::<Status>(),
    },
];

impl Protocol for Health {
    fn name(&self) -> &'static str {
        "health"
    }

    fn operations(&self) -> &'static [Operation] {
        OPERATIONS
    }

    fn parse(&self, address: &Address<'_>, _: &World<'_>) -> Result<Option<Call>> {
        match address.path()[..] {
            ["healthz"] => {
                let document = Document::json(&Status { status: "ok".into() })?;
                Ok(Some(Call::Document(document)))
            }
            ["readyz"] => Ok(Some(Call::Readiness)),
            _ => Ok(None),
        }
    }
}
