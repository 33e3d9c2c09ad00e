//! `cargo xtask fuzz`: libFuzzer over each target, for a time that is given, from seeds and from what was found.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::process::{Outcome, cargo, command, root, run, target};
use crate::{coverage, setup, table};

/// Of one input.
const MEGABYTES: u32 = 2048;
const SECONDS: u32 = 5;

/// How to fuzz.
#[derive(Debug)]
pub(crate) struct Options {
    /// Of each target.
    seconds: u64,
    /// Whether the crates that are not ours guide the fuzzer, too: it takes a build of its own.
    deep: bool,
    /// The same from run to run, so that a change fails for what it does; by chance where none is given.
    seed: Option<u32>,
    targets: Vec<String>,
}

impl Options {
    /// A short run of every target.
    pub(crate) fn short() -> Self {
        Self {
            seconds: 8,
            deep: false,
            seed: Some(1),
            targets: Vec::new(),
        }
    }

    pub(crate) fn parse(arguments: &[&str]) -> Outcome<Self> {
        let mut options = Self {
            seed: None,
            ..Self::short()
        };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match *argument {
                "--deep" => options.deep = true,
                "--seconds" => {
                    let given = arguments.next().and_then(|given| given.parse().ok());
                    options.seconds = given.ok_or("--seconds takes a number")?;
                }
                flag if flag.starts_with('-') => {
                    return Err(format!("fuzz knows no {flag:?}, only --seconds N and --deep"));
                }
                name => options.targets.push(name.to_owned()),
            }
        }
        Ok(options)
    }
}

/// Builds the fuzzer, and runs as many targets at a time as there are cores.
pub(crate) fn fuzz(options: &Options) -> Outcome {
    let known = names()?;
    if let Some(odd) = options.targets.iter().find(|name| !known.contains(name)) {
        return Err(format!("no target is called {odd:?}: {}", known.join(", ")));
    }
    let binary = build(options.deep)?;
    let corpus = target().join("fuzz/corpus");
    let mut seeds = command(setup::python()?, &["fuzz/seeds.py"]);
    seeds.env("PYTHONDONTWRITEBYTECODE", "1");
    run(seeds.arg(&corpus), Duration::from_mins(2))?;
    let chosen: Vec<&String> = known
        .iter()
        .filter(|name| options.targets.is_empty() || options.targets.contains(name))
        .collect();
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let next = std::sync::atomic::AtomicUsize::new(0);
    let done = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while let Some(name) = chosen.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
                    let told = one(&binary, name, &corpus, options);
                    if let Ok(mut done) = done.lock() {
                        done.push(((*name).clone(), told));
                    }
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_by(|(a, _), (b, _)| a.cmp(b));
    judge(&done)
}

fn judge(done: &[(String, Outcome<Told>)]) -> Outcome {
    let (mut rows, mut executions, mut failed) = (Vec::new(), 0, Vec::new());
    for (name, told) in done {
        match told {
            Ok(told) => {
                executions += told.executions;
                rows.push([
                    name.clone(),
                    told.executions.to_string(),
                    format!("{:.0}", told.seconds),
                    told.edges.to_string(),
                    "ok".to_owned(),
                ]);
            }
            Err(why) => {
                failed.push(name.as_str());
                rows.push([
                    name.clone(),
                    String::new(),
                    String::new(),
                    String::new(),
                    why.clone(),
                ]);
            }
        }
    }
    println!(
        "{}",
        table::plain(["target", "executions", "seconds", "edges", "result"], &rows)
    );
    if failed.is_empty() {
        Ok(format!(
            "{executions} executions of {} targets, nothing found",
            done.len()
        ))
    } else {
        Err(format!("something was found by {}", failed.join(", ")))
    }
}

/// What a run says of itself.
#[derive(Debug, PartialEq)]
struct Told {
    executions: u64,
    edges: u64,
    seconds: f64,
}

fn one(binary: &Path, name: &str, corpus: &Path, options: &Options) -> Outcome<Told> {
    let (mine, artifacts) = (corpus.join(name), target().join("fuzz/artifacts").join(name));
    for folder in [&mine, &artifacts] {
        std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let mut fuzzer = Command::new(binary);
    fuzzer
        .env("PROJECTILE_FUZZ", name)
        .current_dir(root())
        .arg(format!("-max_total_time={}", options.seconds))
        .arg(format!("-rss_limit_mb={MEGABYTES}"))
        .arg(format!("-timeout={SECONDS}"))
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .args(["-print_final_stats=1", "-max_len=65536", "-verbosity=1"])
        .arg(&mine);
    if let Some(seed) = options.seed {
        fuzzer.arg(format!("-seed={seed}"));
    }
    let found = root().join("fuzz/found").join(name);
    if found.is_dir() {
        fuzzer.arg(found);
    }
    let began = Instant::now();
    let output = fuzzer
        .output()
        .map_err(|error| format!("{}: {error}", binary.display()))?;
    let text = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        let tail: Vec<&str> = text.lines().rev().take(60).collect();
        for line in tail.iter().rev() {
            println!("{name}: {}", line.chars().take(300).collect::<String>());
        }
        return Err(format!(
            "{}: its input is in {}",
            output.status,
            artifacts.display()
        ));
    }
    let executions = number(&text, "stat::number_of_executed_units:");
    let edges = text.lines().rev().find_map(|line| last(line, "cov: "));
    Ok(Told {
        executions: executions.ok_or("it said of no execution")?,
        edges: edges.unwrap_or_default(),
        seconds: began.elapsed().as_secs_f64(),
    })
}

fn number(text: &str, before: &str) -> Option<u64> {
    text.lines().find_map(|line| last(line, before))
}

fn last(line: &str, before: &str) -> Option<u64> {
    let rest = line.split_once(before)?.1.trim_start();
    let digits = rest.split(|letter: char| !letter.is_ascii_digit()).next()?;
    digits.parse().ok()
}

/// The targets' names, as their table has them.
fn names() -> Outcome<Vec<String>> {
    let path = root().join("fuzz/src/targets/mod.rs");
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let names: Vec<String> = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("target!(\""))
        .filter_map(|rest| Some(rest.split_once('"')?.0.to_owned()))
        .collect();
    if names.is_empty() {
        return Err(format!("{} names no target", path.display()));
    }
    Ok(names)
}

fn build(deep: bool) -> Outcome<PathBuf> {
    let mut build = cargo(&[
        "build",
        "--workspace",
        "--locked",
        "--features",
        "projectile-fuzz/libfuzzer",
        "--bin",
        "projectile-fuzz",
    ]);
    let built = if deep {
        // Named, so that build scripts are not built for the fuzzer, too.
        build.args(["--release", "--target", HOST]);
        build.env("RUSTFLAGS", coverage::FLAGS.join(" "));
        build.env("CARGO_TARGET_DIR", target().join("fuzz/deep"));
        target().join("fuzz/deep").join(HOST).join("release")
    } else {
        build.env("RUSTC_WORKSPACE_WRAPPER", coverage::wrapper()?);
        build.env(coverage::WRAPS, "1");
        target().join("debug")
    };
    run(&mut build, Duration::from_mins(90))?;
    Ok(built.join("projectile-fuzz"))
}

const HOST: &str = env!("PROJECTILE_HOST");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_fuzzer_says_is_read() {
        let text = "#2048\tpulse  cov: 811 ft: 2 exec/s: 9\n#4096\tDONE cov: 1422 ft: 3\nstat::number_of_executed_units: 4096\n";
        assert_eq!(number(text, "stat::number_of_executed_units:"), Some(4096));
        assert_eq!(
            text.lines().rev().find_map(|line| last(line, "cov: ")),
            Some(1422)
        );
    }

    #[test]
    fn every_target_is_named_and_every_find_is_of_one() {
        let names = names().unwrap();
        assert!(
            names.len() >= 12 && names.contains(&"front_door".to_owned()),
            "{names:?}"
        );
        for entry in std::fs::read_dir(root().join("fuzz/found")).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            assert!(names.contains(&name), "{name}");
        }
    }

    #[test]
    fn flags_are_read() {
        let options = Options::parse(&["--seconds", "7", "--deep", "tiff"]).unwrap();
        assert_eq!((options.seconds, options.deep), (7, true));
        assert_eq!(options.targets, ["tiff"]);
        assert!(Options::parse(&["--fast"]).is_err() && Options::parse(&["--seconds"]).is_err());
    }
}
