//! What keeps a page and its server in step: `/events` and `/live/…`, as `docs/live.md` says.

use projectile_core::{Error, Result};

use super::{Call, Protocol, Told, World};
use crate::address::{Address, shown};
use crate::api::parameters::{Kind, Parameter};
use crate::api::{Answer, Body, Operation};

/// Events and what pages tell.
pub(crate) struct Live;

const HEX: Kind = Kind::Like("^[0-9a-fA-F]{16,32}$");
const CLIENT: &[Parameter] = &[Parameter::needed(
    "client",
    HEX,
    "0123456789abcdef",
    "The page's own name",
)];
const REQUEST: &[Parameter] = &[Parameter::needed("request", HEX, "0123456789abcdef", "Which one")];

const OPERATIONS: &[Operation] = &[
    Operation {
        path: "/events",
        group: "Server",
        about: "What happens from now on, as server-sent events",
        parameters: &[CLIENT],
        body: None,
        answer: Answer::Files(&["text/event-stream"]),
    },
    Operation {
        path: "/live/state",
        group: "Server",
        about: "Where a page is, for programs that follow it",
        parameters: &[],
        body: Some(Body {
            media_type: "application/json",
            about: "a page's state",
            example: r#"{"client": "0123456789abcdef", "image": "a", "state": {}}"#,
        }),
        answer: Answer::Nothing,
    },
    Operation {
        path: "/live/screenshot",
        group: "Server",
        about: "The picture of itself that a page was asked for",
        parameters: &[REQUEST],
        body: Some(Body {
            media_type: "image/png",
            about: "the picture",
            example: "",
        }),
        answer: Answer::Nothing,
    },
];

impl Protocol for Live {
    fn name(&self) -> &'static str {
        "live"
    }

    fn operations(&self) -> &'static [Operation] {
        OPERATIONS
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
