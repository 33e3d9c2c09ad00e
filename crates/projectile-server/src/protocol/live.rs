//! What keeps a page and its server in step: `/events` and `/live/…`, as `docs/live.md` says.

use projectile_core::{Error, Result};

use super::{Call, Protocol, Told, World};
use crate::address::{Address, shown};

/// Events and what pages tell.
pub(crate) struct Live;

impl Protocol for Live {
    fn name(&self) -> &'static str {
        "live"
    }

    fn parse(&self, address: &Address<'_>, _world: &World<'_>) -> Result<Option<Call>> {
        let call = match address.path()[..] {
            ["events"] => Call::Events {
                client: hex("client", address)?,
            },
            ["live", "state"] => Call::Told(Told::State),
            ["live", "screenshot"] => Call::Told(Told::Picture {
                request: hex("request", address)?,
            }),
            _ => return Ok(None),
        };
        Ok(Some(call))
    }
}

/// 16 to 32 hex digits.
fn hex(name: &'static str, address: &Address<'_>) -> Result<String> {
    let text = address.parameter(name).unwrap_or_default();
    if (16..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(text.to_owned());
    }
    Err(Error::bad_request(
        name,
        format!("{name} = {:?}: 16 to 32 hex digits", shown(text)),
    ))
}
