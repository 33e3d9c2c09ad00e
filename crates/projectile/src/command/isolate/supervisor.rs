//! The process that starts the worker, again and again.

use std::collections::HashMap;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokio::signal::unix::{SignalKind, signal};

use crate::Journal;

use super::super::{Exited, Failure, complain};
use super::handover::{Handover, VARIABLE};

/// A worker that ends sooner, with nothing to blame, is not to be had.
const SOON: Duration = Duration::from_secs(1);
/// So many of them one after the other.
const MOST_SOON: u32 = 3;

/// Serves `listener` by workers until one ends of itself or is told to.
///
/// # Errors
/// [`Exited`] with the worker's code, or why there is no worker.
pub(crate) fn run(listener: &TcpListener) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let handover = Handover(folder.path().to_owned());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut signals = Signals {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        };
        let mut soon = 0;
        loop {
            let began = Instant::now();
            let (status, was_told) = watch(start(listener, &handover)?, &mut signals).await?;
            if let Some(code) = status.code() {
                return match u8::try_from(code) {
                    Ok(0) => Ok(()),
                    code => Err(Exited(code.unwrap_or(1)).into()),
                };
            }
            let signal = status.signal().unwrap_or_default();
            if was_told {
                return Err(format!("the server was ended by signal {signal} while it shut down").into());
            }
            let blamed = Journal::under_way(&handover.journal())?;
            soon = if blamed.is_empty() && began.elapsed() < SOON {
                soon + 1
            } else {
                0
            };
            if soon == MOST_SOON {
                return Err(format!("the server ends by signal {signal} as soon as it is started").into());
            }
            complain(&ended(signal, &blamed));
            handover.set_strikes(&after(&handover.strikes(), &blamed))?;
        }
    })
}

struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

/// A worker: this program with the same arguments, and the socket in the place of its input.
fn start(listener: &TcpListener, handover: &Handover) -> std::io::Result<Child> {
    Command::new(std::env::current_exe()?)
        .args(std::env::args_os().skip(1))
        .env(VARIABLE, &handover.0)
        .stdin(OwnedFd::from(listener.try_clone()?))
        // A terminal's Ctrl-C comes here alone, and is handed on once.
        .process_group(0)
        .spawn()
}

/// Waits for a worker's end, and hands signals on to it. Whether there were any.
async fn watch(mut worker: Child, signals: &mut Signals) -> Result<(ExitStatus, bool), Failure> {
    let id = Pid::from_child(&worker);
    let mut ends = tokio::task::spawn_blocking(move || worker.wait());
    let mut was_told = false;
    loop {
        let signal = tokio::select! {
            biased;
            ended = &mut ends => return Ok((ended??, was_told)),
            _ = signals.interrupt.recv() => Signal::INT,
            _ = signals.terminate.recv() => Signal::TERM,
        };
        was_told = true;
        // One that has just ended needs it no more.
        let _ = kill_process(id, signal);
    }
}

/// Strikes of what was worked on while a worker ended; what was not has one less.
fn after(before: &HashMap<String, u32>, blamed: &[String]) -> HashMap<String, u32> {
    // An opening that ended a worker is not tried again, so it cannot clear itself.
    let is_kept = |name: &str| blamed.iter().any(|other| other == name) || name.starts_with("opening ");
    let mut strikes: HashMap<String, u32> = before
        .iter()
        .map(|(name, &count)| (name.clone(), if is_kept(name) { count } else { count - 1 }))
        .filter(|&(_, count)| count > 0)
        .collect();
    for name in blamed {
        *strikes.entry(name.clone()).or_default() += 1;
    }
    strikes
}

fn ended(signal: i32, blamed: &[String]) -> String {
    let what = if blamed.is_empty() {
        String::new()
    } else {
        format!(" while it worked on {}", blamed.join(", "))
    };
    format!("the server's process was ended by signal {signal}{what}: another takes its place")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_blamed_again_has_more_strikes_and_others_fewer() {
        let strikes = |pairs: &[(&str, u32)]| -> HashMap<String, u32> {
            pairs
                .iter()
                .map(|&(name, count)| (name.to_owned(), count))
                .collect()
        };
        let before = strikes(&[("a", 1), ("b", 2), ("c", 1), ("opening d", 1)]);
        let blamed = ["a".to_owned(), "e".to_owned()];
        assert_eq!(
            after(&before, &blamed),
            strikes(&[("a", 2), ("b", 1), ("e", 1), ("opening d", 1)])
        );
        assert_eq!(
            ended(11, &blamed),
            "the server's process was ended by signal 11 while it worked on a, e: another takes its place"
        );
        assert!(!ended(9, &[]).contains("while"));
    }
}
