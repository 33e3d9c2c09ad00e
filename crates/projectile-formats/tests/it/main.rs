//! One binary for all of this crate's integration tests: linking is the slow part.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests fail as tests do

mod damage;
mod images;
mod remote;
mod samples;
mod science;
mod support;
mod tiff_blocks;
mod web;
