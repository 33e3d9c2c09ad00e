//! What is done with any bytes, for the fuzzer and for the tests that run what it found once more.
//!
//! A target must answer, by an error or a value, to whatever it is given: it panics only for a fault of projectile's. To
//! add one, write `targets/name.rs` with a function of bytes, and add its `mod` line and a line to [`TARGETS`].
#![forbid(unsafe_code)]

mod opened;
mod served;
mod targets;

pub use targets::TARGETS;

/// One parser of outside bytes.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, and that of its folders of seeds and of what was found.
    pub name: &'static str,
    /// Does with the bytes what projectile does with them.
    pub run: fn(&[u8]),
}

/// The target of that name.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
