//! The programs that are measured: started, found by the address they print, ended.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::Result;

/// A server that runs until this is dropped.
#[derive(Debug)]
pub(crate) struct Program {
    child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) started: Instant,
}

impl Program {
    /// Starts `program` and waits for its address.
    pub(crate) fn start<S: AsRef<OsStr>>(program: impl AsRef<OsStr>, arguments: &[S]) -> Result<Self> {
        let mut command = Command::new(program.as_ref());
        command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let name = program.as_ref().to_string_lossy().into_owned();
        let started = Instant::now();
        let mut child = command.spawn().map_err(|error| format!("{name}: {error}"))?;
        let (sender, receiver) = mpsc::channel();
        if let Some(output) = child.stdout.take() {
            std::thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(std::result::Result::ok) {
                    if let Some(address) = address_in(&line) {
                        let _ = sender.send(address);
                    }
                }
            });
        }
        match receiver.recv_timeout(Duration::from_mins(1)) {
            Ok(address) => Ok(Self {
                child,
                address,
                started,
            }),
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                Err(format!("{name} printed no address: {error}"))
            }
        }
    }

    /// The most memory it has had, in bytes; `None` where the system doesn't tell.
    pub(crate) fn peak_memory(&self) -> Option<f64> {
        self.status("VmHWM:")
    }

    /// The memory it has, in bytes.
    pub(crate) fn resident_memory(&self) -> Option<f64> {
        self.status("VmRSS:")
    }

    fn status(&self, field: &str) -> Option<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with(field))?;
        line.split_whitespace()
            .nth(1)?
            .parse::<f64>()
            .ok()
            .map(|kib| kib * 1024.0)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn address_in(line: &str) -> Option<SocketAddr> {
    let rest = line.split_once("http://")?.1.replace("localhost", "127.0.0.1");
    let end = rest
        .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ':')))
        .unwrap_or(rest.len());
    rest[..end].trim_end_matches(['.', ':']).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_in_what_a_server_prints() {
        let address = Some(SocketAddr::from(([127, 0, 0, 1], 8000)));
        assert_eq!(address_in("open http://127.0.0.1:8000/ in a browser"), address);
        assert_eq!(address_in("http://localhost:8000"), address);
        assert_eq!(address_in("no address"), None);
    }
}
