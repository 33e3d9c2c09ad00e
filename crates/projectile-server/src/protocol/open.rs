//! `POST /open`: an address whose images are to be shown, from a client.

use projectile_core::Result;

use super::{Call, Protocol, Told, World};
use crate::address::Address;

/// Addresses that clients have opened.
pub(crate) struct Open;

impl Protocol for Open {
    fn name(&self) -> &'static str {
        "open"
    }

    fn parse(&self, address: &Address<'_>, _world: &World<'_>) -> Result<Option<Call>> {
        let ["open"] = address.path()[..] else {
            return Ok(None);
        };
        Ok(Some(Call::Told(Told::Address)))
    }
}
