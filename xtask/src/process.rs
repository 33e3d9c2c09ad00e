//! Running programs: their output streamed and kept, their time bounded, their counts read.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What a step says of itself: facts for the table, or why it failed.
pub(crate) type Outcome<T = String> = Result<T, String>;

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from("xtask"), PathBuf::from);
    here.parent()
        .map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// Where builds, logs and the Python environment go.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Whether `program` is to be found.
pub(crate) fn installed(program: &str, version_flag: &[&str]) -> bool {
    let mut command = Command::new(program);
    command
        .args(version_flag)
        .current_dir(root())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// `program` with `arguments`, in the repository's root.
pub(crate) fn command(program: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root());
    command
}

/// `cargo` with `arguments`, free of what the cargo that runs us has set for us.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut cargo = command("cargo", arguments);
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(&*name);
        }
    }
    cargo
}

/// Runs `command` to its end, at most for `limit`, its output passed on as it comes; answers with that output.
pub(crate) fn run(command: &mut Command, limit: Duration) -> Outcome {
    let name = described(command);
    println!("$ {name}");
    let started = Instant::now();
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.map_err(|error| format!("{name} could not be started: {error}"))?;
    let output = Arc::new(Mutex::new(String::new()));
    let readers = [
        child.stdout.take().map(|pipe| pass_on(pipe, Arc::clone(&output))),
        child.stderr.take().map(|pipe| pass_on(pipe, Arc::clone(&output))),
    ];
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if started.elapsed() > limit => {
                end(&mut child);
                return Err(format!(
                    "{name} took longer than {} s and was ended",
                    limit.as_secs()
                ));
            }
            Ok(None) => std::thread::sleep(Duration::from_millis(20)),
            Err(error) => return Err(format!("{name}: {error}")),
        }
    };
    for reader in readers.into_iter().flatten() {
        let _ = reader.join();
    }
    let output = output.lock().map(|text| text.clone()).unwrap_or_default();
    if status.success() {
        Ok(output)
    } else {
        Err(failure(&name, &status.to_string(), &output))
    }
}

fn failure(name: &str, status: &str, output: &str) -> String {
    let counts = Counts::read(output);
    if counts.total() > 0 {
        format!("{name}: {counts}")
    } else {
        format!("{name}: {status}")
    }
}

fn described(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let program = program
        .file_name()
        .unwrap_or(program.as_os_str())
        .to_string_lossy()
        .into_owned();
    let arguments = command
        .get_args()
        .map(|argument| argument.to_string_lossy().into_owned());
    std::iter::once(program)
        .chain(arguments)
        .collect::<Vec<_>>()
        .join(" ")
}

fn pass_on(pipe: impl Read + Send + 'static, kept: Arc<Mutex<String>>) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        while pipe.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
            let text = String::from_utf8_lossy(&line);
            let _ = std::io::stdout().lock().write_all(text.as_bytes());
            if let Ok(mut kept) = kept.lock() {
                kept.push_str(&text);
            }
            line.clear();
        }
    })
}

/// Ends a program and those that it started.
pub(crate) fn end(child: &mut Child) {
    for id in descendants(child.id()) {
        let _ = Command::new("kill")
            .arg(id.to_string())
            .stderr(Stdio::null())
            .status();
    }
    let _ = child.kill();
    let _ = child.wait();
}

fn descendants(of: u32) -> Vec<u32> {
    let parents: Vec<(u32, u32)> = std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let id: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
            let parent = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?;
            Some((id, parent))
        })
        .collect();
    let mut found = vec![of];
    let mut next = 0;
    while next < found.len() {
        let parent = found[next];
        found.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(id, _)| *id));
        next += 1;
    }
    found.split_off(1)
}

/// A server under test, ended when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    /// Its address, as it printed it.
    pub(crate) url: String,
}

impl Server {
    /// Starts `command` and waits for the first `http://` address on its standard output.
    pub(crate) fn start(command: &mut Command, limit: Duration) -> Outcome<Self> {
        let name = described(command);
        println!("$ {name} &");
        let spawned = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn();
        let mut child = spawned.map_err(|error| format!("{name} could not be started: {error}"))?;
        let (sender, receiver) = std::sync::mpsc::channel();
        if let Some(pipe) = child.stdout.take() {
            std::thread::spawn(move || {
                for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                    println!("  {line}");
                    if let Some(url) = url_in(&line) {
                        let _ = sender.send(url);
                    }
                }
            });
        }
        if let Ok(url) = receiver.recv_timeout(limit) {
            return Ok(Self { child, url });
        }
        end(&mut child);
        Err(format!("{name} printed no address"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

fn url_in(line: &str) -> Option<String> {
    let from = line.find("http://")?;
    let url: String = line[from..]
        .chars()
        .take_while(|c| !c.is_whitespace() && *c != '\u{1b}')
        .collect();
    Some(url.trim_end_matches(['.', ',', ')']).to_owned())
}

/// How many tests ran, as their runner said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Counts {
    /// Adds up the closing lines of cargo test, nextest, vitest, node's test runner and pytest in `output`.
    pub(crate) fn read(output: &str) -> Self {
        let mut counts = Self::default();
        for line in output.lines().map(plain) {
            let line = line.trim();
            let closing = line.starts_with("test result:")
                || line.starts_with("Summary [")
                || line.starts_with("Tests  ")
                || (line.starts_with('=') && line.ends_with('=') && line.contains(" in "))
                || pytest_quiet(line);
            if closing {
                counts.passed += before(line, "passed");
                counts.failed += before(line, "failed") + before(line, "error") + before(line, "errors");
                counts.skipped +=
                    before(line, "skipped") + before(line, "ignored") + before(line, "deselected");
            }
            for (prefix, field) in [("# pass ", 0), ("ℹ pass ", 0), ("# fail ", 1), ("ℹ fail ", 1)] {
                if let Some(number) = line
                    .strip_prefix(prefix)
                    .and_then(|rest| rest.trim().parse::<u64>().ok())
                {
                    *(if field == 0 {
                        &mut counts.passed
                    } else {
                        &mut counts.failed
                    }) += number;
                }
            }
        }
        counts
    }

    /// Reads what [`Display`](std::fmt::Display) has written, at the end of a sentence or anywhere in it.
    pub(crate) fn told(sentence: &str) -> Self {
        Self {
            passed: before(sentence, "passed"),
            failed: before(sentence, "failed"),
            skipped: before(sentence, "skipped"),
        }
    }

    pub(crate) fn total(self) -> u64 {
        self.passed + self.failed + self.skipped
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} passed", self.passed)?;
        if self.failed > 0 {
            write!(f, ", {} failed", self.failed)?;
        }
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

/// `pytest -q` closes with "12 passed in 3.21s".
fn pytest_quiet(line: &str) -> bool {
    line.starts_with(|c: char| c.is_ascii_digit())
        && line.contains(" in ")
        && ["passed", "failed", "error", "errors"]
            .iter()
            .any(|word| before(line, word) > 0)
}

fn before(line: &str, word: &str) -> u64 {
    let words: Vec<&str> = line
        .split([' ', ',', ';', '=', '|', '(', ')'])
        .filter(|word| !word.is_empty())
        .collect();
    let pairs = words.windows(2).filter(|pair| pair[1] == word);
    pairs.filter_map(|pair| pair[0].parse::<u64>().ok()).sum()
}

/// The line without its terminal colours.
fn plain(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut escaped = false;
    for c in line.chars() {
        match (escaped, c) {
            (false, '\u{1b}') => escaped = true,
            (false, c) => text.push(c),
            (true, c) => escaped = !c.is_ascii_alphabetic(),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_from_every_runner() {
        for (output, passed, failed, skipped) in [
            (
                "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out\n",
                3,
                0,
                1,
            ),
            (
                "test result: ok. 3 passed; 0 failed\n\ntest result: ok. 4 passed; 1 failed\n",
                7,
                1,
                0,
            ),
            (
                "     Summary [   0.2s] 12 tests run: 11 passed (1 slow), 1 failed, 2 skipped\n",
                11,
                1,
                2,
            ),
            (
                "\u{1b}[2m      Tests \u{1b}[22m \u{1b}[1m\u{1b}[32m9 passed\u{1b}[39m\u{1b}[22m (9)\n",
                9,
                0,
                0,
            ),
            ("===== 1 failed, 20 passed, 2 errors in 3.21s =====\n", 20, 3, 0),
            ("12 passed, 1 skipped in 3.21s\n", 12, 0, 1),
            ("# pass 4\n# fail 1\n", 4, 1, 0),
            ("it passed\n3 of us passed by in a hurry\n", 0, 0, 0),
        ] {
            assert_eq!(
                Counts::read(output),
                Counts {
                    passed,
                    failed,
                    skipped
                },
                "{output:?}"
            );
        }
    }

    #[test]
    fn counts_are_read_back_from_a_failure() {
        let counts = Counts {
            passed: 940,
            failed: 6,
            skipped: 0,
        };
        assert_eq!(Counts::told(&format!("pytest: {counts}")), counts);
        assert_eq!(Counts::told("cargo fmt: exit status: 1"), Counts::default());
    }

    #[test]
    fn the_first_address_of_a_line_is_found() {
        assert_eq!(
            url_in("serving at http://127.0.0.1:8000/ now"),
            Some("http://127.0.0.1:8000/".into())
        );
        assert_eq!(url_in("nothing"), None);
    }

    #[test]
    fn a_program_that_hangs_is_ended() {
        let started = Instant::now();
        let error = run(
            &mut command("sh", &["-c", "sleep 60 & sleep 60"]),
            Duration::from_millis(200),
        )
        .unwrap_err();
        assert!(error.contains("took longer"), "{error}");
        assert!(started.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn a_failure_is_told_by_its_counts_where_there_are_any() {
        let output = "test result: FAILED. 1 passed; 2 failed";
        assert_eq!(
            failure("cargo test", "exit status: 1", output),
            "cargo test: 1 passed, 2 failed"
        );
        assert_eq!(
            failure("cargo test", "exit status: 1", ""),
            "cargo test: exit status: 1"
        );
    }
}
