//! `cargo xtask test`: the steps, in order, and the table at the end.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::process::{Counts, Outcome, Server, cargo, command, installed, run, target};
use crate::{bench, docs, fuzz, layering, setup, supply, table, torture, unsafety};

/// One thing to test.
struct Step {
    name: &'static str,
    about: &'static str,
    run: fn() -> Outcome,
}

/// Every step. The viewer comes first because the server's build takes its bundle.
const STEPS: &[Step] = &[
    Step {
        name: "fmt",
        about: "rustfmt",
        run: fmt,
    },
    Step {
        name: "layering",
        about: "the rooms' arrows",
        run: layering::check,
    },
    Step {
        name: "unsafe",
        about: "unsafe code in one file, forbidden in all other crates",
        run: unsafety::check,
    },
    Step {
        name: "docs",
        about: "links and paths in the documents",
        run: docs::check,
    },
    Step {
        name: "supply",
        about: "licences, sources and bans of the dependencies",
        run: supply::check,
    },
    Step {
        name: "viewer",
        about: "type check, lint, unit tests, build and size of the viewer",
        run: viewer,
    },
    Step {
        name: "clippy",
        about: "lints of the whole workspace, warnings denied",
        run: clippy,
    },
    Step {
        name: "rust",
        about: "unit and integration tests of the workspace",
        run: rust,
    },
    Step {
        name: "doctests",
        about: "the examples in the documentation, and its links",
        run: doctests,
    },
    Step {
        name: "ruff",
        about: "lint and format of the Python tests",
        run: ruff,
    },
    Step {
        name: "oracle",
        about: "the real server against numpy, matplotlib and Pillow",
        run: oracle,
    },
    Step {
        name: "torture",
        about: "hostile files and clients, faults and load, in small",
        run: torture::short,
    },
    Step {
        name: "python",
        about: "the Python package, as pip installs it",
        run: package,
    },
    Step {
        name: "e2e",
        about: "the viewer in a real browser",
        run: e2e,
    },
    Step {
        name: "fuzz",
        about: "each parser of outside bytes, for a short time",
        run: short_fuzz,
    },
    Step {
        name: "bench",
        about: "every benchmark measures what it should, in small",
        run: quick_bench,
    },
];

/// Features that are off where nobody asks for them, on wherever the tests build.
const FEATURES: &str = "projectile/opentelemetry";

const MINUTES: fn(u64) -> Duration = Duration::from_mins;

/// Prints the steps.
pub(crate) fn list() {
    for step in STEPS {
        println!("{:<10} {}", step.name, step.about);
    }
}

/// The first of `chosen` that names no step.
pub(crate) fn unknown<'a>(chosen: &[&'a str]) -> Option<&'a str> {
    chosen
        .iter()
        .copied()
        .find(|name| STEPS.iter().all(|step| step.name != *name))
}

/// Runs the chosen steps, or all, each to its end whatever the others did, and prints the table.
pub(crate) fn run_chosen(chosen: &[&str]) -> Outcome<()> {
    let started = Instant::now();
    let (mut rows, mut sum, mut failures) = (Vec::new(), Counts::default(), Vec::new());
    for step in STEPS
        .iter()
        .filter(|step| chosen.is_empty() || chosen.contains(&step.name))
    {
        println!("\n━━━ {}: {}", step.name, step.about);
        let began = Instant::now();
        let outcome = (step.run)();
        let seconds = format!("{:.1}", began.elapsed().as_secs_f64());
        let (result, told) = match outcome {
            Ok(output) => {
                let counts = Counts::read(&output);
                sum.passed += counts.passed.max(1);
                (
                    "ok",
                    if counts.total() > 0 {
                        counts.to_string()
                    } else {
                        last_line(&output)
                    },
                )
            }
            Err(why) => {
                println!("✗ {}: {why}", step.name);
                let counts = Counts::told(&why);
                sum.passed += counts.passed;
                sum.failed += counts.failed.max(1);
                failures.push(step.name);
                ("FAILED", last_line(&why))
            }
        };
        rows.push([step.name.to_owned(), result.to_owned(), seconds, told]);
    }
    println!("\n{}", table::plain(["step", "result", "seconds", "what"], &rows));
    println!("\n{:.0} s in all", started.elapsed().as_secs_f64());
    println!("{} passed, {} failed", sum.passed, sum.failed);
    if failures.is_empty() {
        Ok(())
    } else {
        Err(format!("failed: {}", failures.join(", ")))
    }
}

/// The last thing said, short enough for the table; long chatter is no fact.
fn last_line(output: &str) -> String {
    let line = output
        .lines()
        .rev()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default()
        .trim();
    line.chars().take(100).collect()
}

/// Success, with nothing to add in the table.
fn quiet(outcome: Outcome) -> Outcome {
    outcome.map(|_| String::new())
}

/// A run in which no test ran, or some did not, is no success.
pub(crate) fn nothing_skipped(output: String) -> Outcome {
    let counts = Counts::read(&output);
    match counts {
        Counts { passed: 0, .. } => Err("no test ran".into()),
        Counts { skipped: 1.., .. } => Err(format!("{counts}: every test must run")),
        _ => Ok(output),
    }
}

fn fmt() -> Outcome {
    quiet(run(&mut cargo(&["fmt", "--all", "--check"]), MINUTES(2)))
}

fn clippy() -> Outcome {
    let arguments = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--features",
        FEATURES,
        "--",
        "-D",
        "warnings",
    ];
    quiet(run(&mut cargo(&arguments), MINUTES(20)))
}

fn rust() -> Outcome {
    let nextest = installed("cargo", &["nextest", "--version"]);
    let arguments: &[&str] = if nextest {
        &[
            "nextest",
            "run",
            "--workspace",
            "--locked",
            "--features",
            FEATURES,
            "--no-fail-fast",
            "--status-level",
            "fail",
        ]
    } else {
        &[
            "test",
            "--workspace",
            "--all-targets",
            "--locked",
            "--features",
            FEATURES,
            "--no-fail-fast",
        ]
    };
    run(&mut cargo(arguments), MINUTES(25))
}

fn doctests() -> Outcome {
    let tests = run(
        &mut cargo(&[
            "test",
            "--workspace",
            "--doc",
            "--locked",
            "--features",
            FEATURES,
            "--no-fail-fast",
        ]),
        MINUTES(15),
    )?;
    let mut doc = cargo(&[
        "doc",
        "--workspace",
        "--no-deps",
        "--locked",
        "--features",
        FEATURES,
    ]);
    run(doc.env("RUSTDOCFLAGS", "-D warnings"), MINUTES(15))?;
    Ok(tests)
}

fn viewer() -> Outcome {
    setup::npm()?;
    run(&mut setup::npm_run(&["run", "check"]), MINUTES(5))?;
    let tests = nothing_skipped(run(&mut setup::npm_run(&["test"]), MINUTES(5))?)?;
    run(&mut setup::npm_run(&["run", "build"]), MINUTES(5))?;
    run(&mut setup::npm_run(&["run", "size"]), MINUTES(1))?;
    Ok(tests)
}

fn ruff() -> Outcome {
    let python = setup::python()?;
    run(
        &mut command(
            &python,
            &[
                "-m", "ruff", "check", "tests", "bench", "python", "examples", "fuzz",
            ],
        ),
        MINUTES(2),
    )?;
    quiet(run(
        &mut command(
            &python,
            &[
                "-m", "ruff", "format", "--check", "tests", "bench", "python", "examples", "fuzz",
            ],
        ),
        MINUTES(2),
    ))
}

/// The server as the tests drive it: the dev build, whose pixel kernels are optimised and whose checks are on.
pub(crate) fn binary() -> Outcome<PathBuf> {
    build("dev")?;
    Ok(target().join("debug/projectile"))
}

/// Builds the programs, with all that they can have: by the workspace, so that what the tests were built with is used.
pub(crate) fn build(profile: &str) -> Outcome {
    let arguments = [
        "build",
        "--workspace",
        "--bins",
        "--locked",
        "--features",
        FEATURES,
        "--profile",
        profile,
    ];
    run(&mut cargo(&arguments), MINUTES(30))
}

fn oracle() -> Outcome {
    let chromium = setup::chromium()?;
    let python = setup::python()?;
    let binary = binary()?;
    let mut pytest = command(
        &python,
        &[
            "-m",
            "pytest",
            "tests/oracle",
            "-q",
            "--color=no",
            "-p",
            "no:cacheprovider",
        ],
    );
    pytest
        .env("PROJECTILE_BIN", binary)
        .env("CHROMIUM", chromium)
        .env("PYTHONDONTWRITEBYTECODE", "1");
    nothing_skipped(run(&mut pytest, MINUTES(20))?)
}

fn package() -> Outcome {
    let chromium = setup::chromium()?;
    let python = setup::package("dev")?;
    let mut pytest = command(
        &python,
        &[
            "-m",
            "pytest",
            "python/tests",
            "-q",
            "--color=no",
            "-p",
            "no:cacheprovider",
            "--import-mode=importlib",
        ],
    );
    pytest
        .env("CHROMIUM", chromium)
        .env("PYTHONDONTWRITEBYTECODE", "1");
    nothing_skipped(run(&mut pytest, MINUTES(25))?)
}

fn e2e() -> Outcome {
    let chromium = setup::chromium()?;
    setup::npm()?;
    setup::clients()?;
    let server = Server::start(
        &mut command(binary()?, &["demo", "-p", "0"]),
        Duration::from_mins(1),
    )?;
    let pictures = target().join("screenshots");
    // Those of tests that are no more would be taken for those of this run.
    std::fs::remove_dir_all(&pictures).or_else(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Ok(()),
        _ => Err(format!("{}: {error}", pictures.display())),
    })?;
    let mut browser = setup::npm_run(&["run", "e2e"]);
    browser
        .env("PROJECTILE_URL", &server.url)
        .env("PROJECTILE_BIN", binary()?)
        .env("CHROMIUM", chromium)
        .env("PROJECTILE_SCREENSHOTS", &pictures);
    let outcome = run(&mut browser, MINUTES(35));
    // Also, and above all, of a run that failed.
    let kept = std::fs::read_dir(&pictures).map_or(0, Iterator::count);
    println!("{kept} pictures of what was tested: {}", pictures.display());
    let output = outcome?;
    if kept == 0 {
        return Err(format!(
            "the browser tests left no picture in {}",
            pictures.display()
        ));
    }
    Ok(output)
}

fn short_fuzz() -> Outcome {
    fuzz::fuzz(&fuzz::Options::short())
}

fn quick_bench() -> Outcome {
    quiet(bench::run_with(&["--quick", "--dev"]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::root;

    #[test]
    fn steps_have_names_of_their_own() {
        let mut names: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), STEPS.len());
        assert_eq!(unknown(&["fmt", "nope"]), Some("nope"));
        assert_eq!(unknown(&["fmt", "e2e"]), None);
    }

    #[test]
    fn a_run_without_tests_fails_and_so_does_one_that_skips() {
        assert!(nothing_skipped(String::new()).is_err());
        assert!(nothing_skipped("3 passed, 1 skipped in 1s\n".into()).is_err());
        assert!(nothing_skipped("3 passed in 1s\n".into()).is_ok());
    }

    #[test]
    fn ci_runs_the_tests() {
        let script = std::fs::read_to_string(root().join(".ci/run")).unwrap();
        assert!(script.contains("cargo xtask test"));
    }
}
