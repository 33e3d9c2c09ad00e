//! Whole-server comparisons. `cargo xtask bench` builds what is measured and runs this.
//!
//! Everything is a ratio of two things measured in one run, in alternating rounds, since absolute times move from
//! machine to machine and from minute to minute.
#![forbid(unsafe_code)]
#![allow(
    clippy::print_stdout,
    reason = "a command line program talks on its standard output"
)]

mod client;
mod files;
mod floor;
mod measures;
mod program;
mod python;
mod report;
mod residency;
mod zarr;

use std::path::PathBuf;
use std::process::ExitCode;

/// What can go wrong, as a sentence.
type Result<T> = std::result::Result<T, String>;

/// Where everything is, and how thorough to be.
#[derive(Debug, Default)]
struct Options {
    projectile: PathBuf,
    python: PathBuf,
    seed: PathBuf,
    serve_python: PathBuf,
    fixtures: PathBuf,
    work: PathBuf,
    write: Option<PathBuf>,
    quick: bool,
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let outcome = match arguments.next().as_deref() {
        Some("floor") => floor::serve(),
        Some("files") => match (
            arguments.next(),
            arguments.next().and_then(|text| text.parse().ok()),
        ) {
            (Some(folder), Some(latency)) => files::serve(folder.as_ref(), latency),
            _ => Err("usage: projectile-bench files FOLDER MILLISECONDS".into()),
        },
        Some("run") => options(arguments).and_then(|options| run(&options)),
        _ => Err("usage: projectile-bench run|floor|files; start it by `cargo xtask bench`".into()),
    };
    if let Err(why) = outcome {
        eprintln!("bench: {why}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn options(mut arguments: impl Iterator<Item = String>) -> Result<Options> {
    let mut options = Options::default();
    while let Some(flag) = arguments.next() {
        if flag == "--quick" {
            options.quick = true;
            continue;
        }
        let value = PathBuf::from(arguments.next().ok_or_else(|| format!("{flag} needs a value"))?);
        match flag.as_str() {
            "--projectile" => options.projectile = value,
            "--python" => options.python = value,
            "--seed" => options.seed = value,
            "--serve-python" => options.serve_python = value,
            "--fixtures" => options.fixtures = value,
            "--work" => options.work = value,
            "--write" => options.write = Some(value),
            _ => return Err(format!("unknown flag {flag}")),
        }
    }
    Ok(options)
}

fn run(options: &Options) -> Result<()> {
    let rows = measures::all(options)?;
    let table = report::markdown(&rows);
    println!("\n{table}");
    if let Some(path) = &options.write {
        report::write(path, &table)?;
        println!("written to {}", path.display());
    }
    Ok(())
}
