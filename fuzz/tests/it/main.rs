//! What fuzzers found, once more; and what becomes of good files when parts of them are changed.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod found;
mod mutants;
