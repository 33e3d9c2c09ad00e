//! `cargo xtask torture`: the rows of docs/reliability.md, against the real binary.

use std::path::Path;
use std::time::Duration;

use crate::process::{Outcome, command, run, target};
use crate::{setup, steps};

/// What the rows use beside the binary: the program, and Debian's package of it.
const PROGRAMS: [(&str, &str); 2] = [("/usr/bin/strace", "strace"), ("/usr/sbin/nginx", "nginx-light")];

/// Every row, often enough to notice a fault.
pub(crate) fn short() -> Outcome {
    steps::nothing_skipped(pytest(&steps::binary()?, &[], Duration::from_mins(15))?)
}

/// The tests that have one of `chosen` in their names, or all, as the goals say, in a release build; their figures go into
/// docs/reliability.md.
pub(crate) fn full(chosen: &[&str]) -> Outcome {
    steps::build("release")?;
    let figures = target().join("torture/figures.jsonl");
    let folder = target().join("torture");
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let figures = figures.to_string_lossy().into_owned();
    let rows = chosen.join(" or ");
    let mut arguments = vec!["--full", "--figures", &figures];
    if !chosen.is_empty() {
        arguments.extend(["-k", &rows]);
    }
    let outcome = pytest(
        &target().join("release/projectile"),
        &arguments,
        Duration::from_hours(3),
    );
    // Also those of rows that are not met.
    let report = ["tests/torture/report.py", &figures, "docs/reliability.md"];
    run(&mut command(setup::python()?, &report), Duration::from_mins(1))?;
    outcome
}

fn pytest(binary: &Path, arguments: &[&str], limit: Duration) -> Outcome {
    let chromium = setup::chromium()?;
    for (program, package) in PROGRAMS {
        setup::program(program, package)?;
    }
    let mut pytest = command(
        &setup::python()?,
        &[
            "-m",
            "pytest",
            "tests/torture",
            "-q",
            "--color=no",
            "-p",
            "no:cacheprovider",
        ],
    );
    pytest
        .args(arguments)
        .env("PROJECTILE_BIN", binary)
        .env("CHROMIUM", chromium)
        .env("PYTHONDONTWRITEBYTECODE", "1");
    run(&mut pytest, limit)
}
