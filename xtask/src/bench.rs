//! `cargo xtask bench`: builds what is measured, then lets `bench/` measure it.

use std::path::PathBuf;
use std::time::Duration;

use crate::process::{Outcome, cargo, command, root, run, target};
use crate::setup;

/// Measures. `--quick` keeps it under a minute; `--dev` measures unoptimised builds, for a test of the bench itself.
pub(crate) fn run_with(flags: &[&str]) -> Outcome {
    let dev = flags.contains(&"--dev");
    let profile = if dev { "dev" } else { "release" };
    let python = setup::package(profile)?;
    let packages = [
        "build",
        "--locked",
        "--profile",
        profile,
        "-p",
        "projectile",
        "-p",
        "projectile-bench",
        "--bins",
    ];
    run(&mut cargo(&packages), Duration::from_mins(20))?;
    let folder = target().join(if dev { "debug" } else { "release" });
    let mut bench = command(folder.join("projectile-bench"), &["run"]);
    bench.arg("--projectile").arg(folder.join("projectile"));
    bench.arg("--python").arg(python);
    bench.arg("--seed").arg(root().join("bench/seed_server.py"));
    bench
        .arg("--serve-python")
        .arg(root().join("bench/serve_python.py"));
    bench.arg("--vips").arg(setup::vips()?);
    bench.arg("--fixtures").arg(root().join("bench/fixtures.py"));
    bench.arg("--read-cog").arg(root().join("bench/read_cog.py"));
    bench.arg("--work").arg(work());
    if flags.contains(&"--quick") {
        bench.arg("--quick");
    } else if !dev {
        bench.arg("--write").arg(root().join("docs/benchmarks.md"));
    }
    run(&mut bench, Duration::from_mins(15))
}

/// Measures nothing but how much memory a server takes that is asked for tiles all over an array of 102 GB.
fn memory(flags: &[&str]) -> Outcome {
    let dev = flags.contains(&"--dev");
    let profile = if dev { "dev" } else { "release" };
    let packages = [
        "build",
        "--locked",
        "--profile",
        profile,
        "-p",
        "projectile",
        "-p",
        "projectile-bench",
        "--bins",
    ];
    run(&mut cargo(&packages), Duration::from_mins(20))?;
    let folder = target().join(if dev { "debug" } else { "release" });
    let mut bench = command(folder.join("projectile-bench"), &["memory"]);
    bench.arg("--projectile").arg(folder.join("projectile"));
    bench.arg("--work").arg(work());
    if flags.contains(&"--quick") {
        bench.arg("--quick");
    }
    run(&mut bench, Duration::from_mins(40))
}

/// The same, from the command line: `memory` for that alone.
pub(crate) fn run_checked(flags: &[&str]) -> Outcome<()> {
    let (only_memory, flags) = match flags {
        ["memory", flags @ ..] => (true, flags),
        flags => (false, flags),
    };
    match flags.iter().find(|flag| !matches!(**flag, "--quick" | "--dev")) {
        Some(flag) => Err(format!("bench knows no {flag:?}, only memory, --quick and --dev")),
        None if only_memory => memory(flags).map(drop),
        None => run_with(flags).map(drop),
    }
}

fn work() -> PathBuf {
    target().join("bench")
}
