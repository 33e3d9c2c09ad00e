//! One binary for all of this crate's integration tests: linking is the slow part.

mod images;
