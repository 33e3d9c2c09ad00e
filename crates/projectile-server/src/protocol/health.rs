//! `/healthz`: whether the server answers at all.

use projectile_core::Result;

use super::{Call, Protocol, World};
use crate::address::Address;
use crate::respond::Document;

/// The health check.
pub(crate) struct Health;

impl Protocol for Health {
    fn name(&self) -> &'static str {
        "health"
    }

    fn parse(&self, address: &Address<'_>, _: &World<'_>) -> Result<Option<Call>> {
        if address.path() != ["healthz"] {
            return Ok(None);
        }
        Document::json(&serde_json::json!({"status": "ok"})).map(|document| Some(Call::Document(document)))
    }
}
