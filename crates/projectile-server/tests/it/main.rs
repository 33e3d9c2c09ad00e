//! The server over real sockets, each test on a port of its own.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod answers;
mod caching;
mod connections;
mod damage;
mod fixtures;
mod front_door;
mod live;
mod load;
mod pages;
mod property;
mod protocols;
mod questions;
mod remotes;
mod support;
mod uploads;
