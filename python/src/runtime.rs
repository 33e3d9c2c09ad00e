//! The one runtime of the process, there for as long as some server is.
//!
//! A forked child has none of its parent's threads: what it inherits of servers and runtimes is never touched there.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use pyo3::prelude::*;
use tokio::runtime::{Builder, Handle, Runtime};

/// Threads for connections: their work is small, as tiles are rendered elsewhere.
const THREADS: usize = 2;

/// A share in the process's runtime, which ends with its last share.
#[derive(Debug)]
pub(crate) struct Share {
    runtime: Option<Runtime>,
    process: u32,
}

static SHARED: Mutex<Weak<Share>> = Mutex::new(Weak::new());

/// The runtime; started if no server runs yet. Called with the interpreter held, so that no fork comes between.
pub(crate) fn share() -> std::io::Result<Arc<Share>> {
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(share) = shared.upgrade().filter(|share| share.is_ours()) {
        return Ok(share);
    }
    let runtime = Builder::new_multi_thread()
        .worker_threads(THREADS)
        .thread_name("projectile")
        .enable_all()
        .build()?;
    let share = Arc::new(Share {
        runtime: Some(runtime),
        process: std::process::id(),
    });
    *shared = Arc::downgrade(&share);
    Ok(share)
}

impl Share {
    /// Whether this process made it; a forked child did not.
    pub(crate) fn is_ours(&self) -> bool {
        self.process == std::process::id()
    }

    /// The runtime's handle; `None` in a forked child.
    pub(crate) fn handle(&self) -> Option<&Handle> {
        let runtime = self.runtime.as_ref().filter(|_| self.is_ours());
        runtime.map(Runtime::handle)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            if self.is_ours() {
                // Threads that wait for the interpreter must not be waited for by whoever holds it.
                runtime.shutdown_background();
            } else {
                std::mem::forget(runtime);
            }
        }
    }
}

/// What a forked child does first: the runtime that it inherited is none.
#[pyfunction]
pub(crate) fn forked() {
    if let Ok(mut shared) = SHARED.try_lock() {
        *shared = Weak::new();
    }
}
