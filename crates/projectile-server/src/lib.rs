//! The HTTP server of projectile: images in, tiles and descriptions out, as `docs/http.md` says.
//!
//! [`Server`] serves images on a listener, or becomes a router for an axum application. A request passes the front
//! door (`security`), is turned into a call by one of the protocols (`protocol`), is answered from the cache or
//! rendered once for all who wait (`flight`) on a bounded pool of threads (`pool`).
#![forbid(unsafe_code)]
// It reads what strangers send: nothing is counted, sliced or converted without a check, or a reason.
#![deny(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]
#![cfg_attr(
    test,
    allow(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::as_conversions
    )
)]

mod access;
mod address;
mod api;
mod app;
mod base;
mod builder;
mod cache;
mod catalog;
mod compress;
mod connection;
mod description;
mod error;
mod expressions;
mod flight;
mod framing;
mod geojson;
mod guard;
mod iiif;
mod journal;
mod live;
mod matrices;
mod methods;
mod metrics;
mod options;
mod payload;
mod planes;
mod pool;
mod protocol;
mod question;
mod queue;
mod ranges;
mod remotes;
mod respond;
mod security;
mod serve;
mod shutdown;
mod strikes;
mod trace;
mod unsent;
mod upload;
mod uploads;
mod viewer;
mod xml;
mod zarr;

pub use description::describe;
pub use journal::{Journal, UnderWay};
pub use live::{Live, PageState, PixelBox};
pub use options::{Limits, Options, Page};
pub use payload::Payload;
pub use remotes::Remotes;
pub use security::{AllowedHosts, AllowedOrigins, Token};
pub use serve::{Server, Serving, raise_open_files, router, serve};
pub use shutdown::{Shutdown, ShutdownHandle};
pub use trace::REQUEST_SPANS;
pub use uploads::Uploads;
