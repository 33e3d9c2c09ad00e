//! Ctrl-C while something in Rust takes long.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use projectile::Cancel;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

/// How often is looked whether Ctrl-C was pressed.
const INTERVAL: Duration = Duration::from_millis(50);

/// Does `work` on a thread of its own, without the interpreter. What a signal raises meanwhile is raised at once: the work
/// is told to end, but not waited for, as it may wait for a server or for a reader in Python.
pub(crate) fn interruptible<T: Send + 'static>(
    py: Python<'_>,
    work: impl FnOnce(&Cancel) -> T + Send + 'static,
) -> PyResult<T> {
    let cancel = Cancel::new();
    let (done, waiting) = mpsc::channel();
    let watched = cancel.clone();
    thread::Builder::new()
        .name("projectile call".to_owned())
        .spawn(move || done.send(work(&watched)))?;
    wait(py, waiting)
        .inspect_err(|_| cancel.cancel())?
        .ok_or_else(|| PyRuntimeError::new_err("a fault in projectile: a call ended without a result"))
}

/// Waits without the interpreter for what is sent, or until a signal raises something; `None` when nothing will be sent.
#[expect(
    clippy::redundant_closure_for_method_calls,
    reason = "the method by its name is of one lifetime alone"
)]
pub(crate) fn wait<T: Send>(py: Python<'_>, waiting: Receiver<T>) -> PyResult<Option<T>> {
    py.detach(move || {
        loop {
            match waiting.recv_timeout(INTERVAL) {
                Ok(result) => return Ok(Some(result)),
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
                // An interpreter that is ending has no more signals for us.
                Err(RecvTimeoutError::Timeout) => {
                    Python::try_attach(|py| py.check_signals()).unwrap_or(Ok(()))?;
                }
            }
        }
    })
}
