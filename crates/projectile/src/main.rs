//! The command `projectile`.
#![forbid(unsafe_code)]

mod args;
mod cmd;
mod config;
mod load;
mod samples;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Cli, Command};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match &cli.command {
        None => cmd::serve::run(&cli.serve),
        Some(Command::Info(args)) => cmd::info::run(args),
        Some(Command::Tile(args)) => cmd::tile::run(args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            cmd::complain(&failure.to_string());
            ExitCode::FAILURE
        }
    }
}
