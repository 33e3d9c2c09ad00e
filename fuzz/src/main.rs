//! libFuzzer over the target that `PROJECTILE_FUZZ` names; `cargo xtask fuzz` builds and runs this.
#![no_main]

use std::sync::LazyLock;

use projectile_fuzz::{Target, target};

static TARGET: LazyLock<&Target> = LazyLock::new(|| {
    let name = std::env::var("PROJECTILE_FUZZ").unwrap_or_default();
    target(&name).expect("PROJECTILE_FUZZ names a target of projectile_fuzz::TARGETS")
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| (TARGET.run)(bytes));
