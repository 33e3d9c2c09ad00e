//! Tells xtask which target triple it was built for, which cargo tells to build scripts only.

fn main() {
    let target = std::env::var("TARGET").unwrap_or_default();
    println!("cargo::rustc-env=PROJECTILE_HOST={target}");
    println!("cargo::rerun-if-changed=build.rs");
}
