//! The command, as it is built: what it prints, where, with which exit code, and how it ends.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod info_and_tile;
#[cfg(unix)]
mod serving;
mod support;
mod wrong_use;
