//! The command `projectile`, for whoever runs it: its own binary, or the Python package. One file a command.

mod args;
mod config;
mod export;
mod info;
mod isolate;
mod limits;
mod load;
mod log;
mod memory;
mod samples;
mod serve;
mod telemetry;
mod tile;
mod watch;

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;

use clap::Parser;
use projectile_formats::NamedSource;

use crate::Result;
use args::{Cli, Command};

/// Opens a file that no format here knows; `None` where it does not know it either.
pub type Fallback<'a> = &'a dyn Fn(&Path) -> Option<Result<Vec<NamedSource>>>;

/// Runs the command with `arguments`, the first of which is its own name, and answers with its exit code. Says on
/// standard error why it failed, if it did.
pub fn run(arguments: impl IntoIterator<Item = OsString>, fallback: Fallback<'_>) -> u8 {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(said) => {
            // Help is no error, and a reader that has left is no failure.
            let _ = said.print();
            return u8::try_from(said.exit_code()).unwrap_or(2);
        }
    };
    let done = match &cli.command {
        None => serve::run(&cli.serve, fallback),
        Some(Command::Info(args)) => info::run(args, fallback),
        Some(Command::Tile(args)) => tile::run(args, fallback),
        Some(Command::Export(args)) => export::run(args, fallback),
    };
    let failed = if matches!(cli.command, Some(Command::Export(_))) {
        2
    } else {
        1
    };
    match done {
        Ok(()) => 0,
        Err(failure) => failure.downcast_ref().map_or_else(
            || {
                complain(&failure.to_string());
                failed
            },
            |&Exited(code)| code,
        ),
    }
}

/// Why a command failed, in a line for a person.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Another process did what was to be done, told why it failed, and ended with this code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exited(u8);

impl std::fmt::Display for Exited {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the server ended with code {}", self.0)
    }
}

impl std::error::Error for Exited {}

/// Prints a line for programs and pipes. A reader that has left is no failure.
pub(crate) fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// Whether a character does something to those beside it: ends their line, moves them, or turns them about.
pub(crate) fn moves(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

/// Prints a line for the person at the terminal: one line, read from left to right, whatever a file's name holds.
pub(crate) fn complain(line: &str) {
    let line = line.replace(moves, "?");
    let _ = writeln!(std::io::stderr().lock(), "projectile: {line}");
}
