//! The command `projectile`.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    projectile::command::run(std::env::args_os(), &|_| None).into()
}
