//! The few threads that speak to servers, and how other threads wait for them.

use std::future::Future;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use projectile_core::{Cancel, Error, ErrorKind, Result};
use tokio::runtime::{Builder, Handle, Runtime};

/// They only wait and copy; what is read is decoded elsewhere.
const THREADS: usize = 2;

/// The process's runtime, and the process that it belongs to: a forked child has none of its threads.
static RUNTIME: Mutex<Option<(u32, Runtime)>> = Mutex::new(None);

/// Runs `future` on threads of its own, and waits for it on this one, whatever this one is. It is dropped where it
/// stands once nobody wants it any more.
///
/// # Errors
/// [`Cancelled`](ErrorKind::Cancelled) once the flag is up.
pub(super) fn wait<T: Send + 'static>(
    cancel: &Cancel,
    future: impl Future<Output = T> + Send + 'static,
) -> Result<T> {
    /// How often to look whether anybody still wants it.
    const LOOK: Duration = Duration::from_millis(20);
    cancel.check()?;
    let (sender, outcome) = mpsc::sync_channel(1);
    let task = handle()?.spawn(async move {
        // Who was cancelled listens no more.
        let _ = sender.send(future.await);
    });
    loop {
        match outcome.recv_timeout(LOOK) {
            Ok(outcome) => return Ok(outcome),
            Err(RecvTimeoutError::Timeout) if cancel.is_cancelled() => {
                task.abort();
                return Err(Error::cancelled());
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Error::internal("a request to a server panicked"));
            }
        }
    }
}

fn handle() -> Result<Handle> {
    let mut runtime = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    let process = std::process::id();
    if let Some((of, runtime)) = &*runtime
        && *of == process
    {
        return Ok(runtime.handle().clone());
    }
    let made = Builder::new_multi_thread()
        .worker_threads(THREADS)
        .thread_name("remote")
        .enable_all()
        .build()
        .map_err(|error| {
            Error::new(
                ErrorKind::Unavailable,
                format!("no threads to speak to servers with: {error}"),
            )
        })?;
    let handle = made.handle().clone();
    if let Some((_, parents)) = runtime.replace((process, made)) {
        // Ending it would wait for threads that are not in this process.
        std::mem::forget(parents);
    }
    Ok(handle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_thread_may_wait() {
        assert_eq!(wait(&Cancel::new(), async { 7 }).unwrap(), 7);
        let inside = Runtime::new().unwrap();
        let waited = inside.block_on(async { wait(&Cancel::new(), async { 8 }) });
        assert_eq!(waited.unwrap(), 8);
    }

    #[test]
    fn what_nobody_wants_is_dropped_and_a_panic_is_an_error() {
        let cancel = Cancel::new();
        let (dropped, is_dropped) = mpsc::channel::<()>();
        let flag = cancel.clone();
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(50));
            flag.cancel();
        });
        let never = wait(&cancel, async move {
            let _dropped = dropped;
            std::future::pending::<()>().await;
        });
        assert_eq!(never.unwrap_err().kind(), ErrorKind::Cancelled);
        let patience = Duration::from_secs(5);
        assert_eq!(
            is_dropped.recv_timeout(patience),
            Err(RecvTimeoutError::Disconnected)
        );
        let panics: Result<()> = wait(&Cancel::new(), async { panic!("on purpose") }).map(|never: ()| never);
        assert_eq!(panics.unwrap_err().kind(), ErrorKind::Internal);
    }
}
