//! rustc with the compiler's part of a fuzzer: xtask stands before rustc as cargo's wrapper and adds flags.
//!
//! Set as `RUSTC_WORKSPACE_WRAPPER`, it reaches the workspace's own crates alone, so that the others are those that the
//! tests were built with.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::process::{Outcome, target};

/// The variable that makes xtask a wrapper.
pub(crate) const WRAPS: &str = "PROJECTILE_XTASK_WRAPS_RUSTC";

/// What `libFuzzer`'s guidance needs (LLVM's `SanitizerCoverage`: <https://clang.llvm.org/docs/SanitizerCoverage.html>).
pub(crate) const FLAGS: [&str; 5] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];

/// A copy of xtask to stand before rustc: a build of the workspace may put another xtask in the running one's place.
pub(crate) fn wrapper() -> Outcome<PathBuf> {
    // On Linux this opens the running program even where its file is no longer there.
    let running = Path::new("/proc/self/exe");
    let running = if running.exists() {
        running.to_owned()
    } else {
        std::env::current_exe().map_err(|error| format!("xtask's own path: {error}"))?
    };
    let (folder, wrapper) = (target().join("fuzz"), target().join("fuzz/rustc-wrapper"));
    let written = wrapper.with_extension("new");
    std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::copy(&running, &written))
        .and_then(|_| std::fs::rename(&written, &wrapper))
        .map_err(|error| format!("{}: {error}", wrapper.display()))?;
    Ok(wrapper)
}

/// Runs `arguments`, which begin with rustc's path.
pub(crate) fn rustc(arguments: &[String]) -> ExitCode {
    let Some((rustc, arguments)) = arguments.split_first() else {
        return ExitCode::from(2);
    };
    let mut command = Command::new(rustc);
    command.args(arguments);
    if is_of_the_program(arguments) {
        command.args(FLAGS);
    }
    match command.status() {
        Ok(status) => ExitCode::from(
            status
                .code()
                .and_then(|code| u8::try_from(code).ok())
                .unwrap_or(1),
        ),
        Err(error) => {
            eprintln!("xtask: {rustc}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What runs while others are compiled has no fuzzer to report to.
fn is_of_the_program(arguments: &[String]) -> bool {
    let value = |name: &str| {
        let mut pairs = arguments.iter().zip(arguments.iter().skip(1));
        pairs
            .find(|(flag, _)| *flag == name)
            .map(|(_, value)| value.as_str())
    };
    value("--crate-type") != Some("proc-macro")
        && value("--crate-name").is_some_and(|name| !name.starts_with("build_script"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn build_scripts_macros_and_questions_are_left_alone() {
        let arguments = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert!(is_of_the_program(&arguments(
            "--crate-name a --crate-type lib a.rs"
        )));
        assert!(!is_of_the_program(&arguments(
            "--crate-name a --crate-type proc-macro a.rs"
        )));
        assert!(!is_of_the_program(&arguments(
            "--crate-name build_script_build --crate-type bin b.rs"
        )));
        assert!(!is_of_the_program(&arguments("-vV")));
    }
}
