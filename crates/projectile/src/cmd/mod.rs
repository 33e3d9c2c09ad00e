//! The commands. One file a command.

pub(crate) mod info;
pub(crate) mod serve;
pub(crate) mod tile;

use std::io::Write;

/// Why a command failed, in a line for a person.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Prints a line for programs and pipes. A reader that has left is no failure.
pub(crate) fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// Prints a line for the person at the terminal: one line, whatever a file's name holds.
pub(crate) fn complain(line: &str) {
    let line = line.replace(char::is_control, "?");
    let _ = writeln!(std::io::stderr().lock(), "projectile: {line}");
}
