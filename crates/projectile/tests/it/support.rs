//! Runs the command.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_projectile"));
    command.stdin(Stdio::null());
    command
}

/// Runs it to its end, which must come soon: exit code, standard output, standard error.
pub(crate) fn run(arguments: &[&str]) -> (i32, String, String) {
    let mut child = command()
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let started = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if started.elapsed() > Duration::from_secs(20) {
            child.kill().unwrap();
            panic!("it does not end: {arguments:?}");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let Output {
        status,
        stdout,
        stderr,
    } = child.wait_with_output().unwrap();
    (
        status.code().unwrap(),
        String::from_utf8(stdout).unwrap(),
        String::from_utf8(stderr).unwrap(),
    )
}

/// Writes a gray PNM of 40 × 30 pixels that count up: the simplest file that every build can read.
pub(crate) fn gray(folder: &Path, name: &str) -> PathBuf {
    let mut file = b"P5\n40 30\n255\n".to_vec();
    file.extend((0..1200u32).map(|i| (i % 256) as u8));
    let path = folder.join(name);
    std::fs::write(&path, file).unwrap();
    path
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
