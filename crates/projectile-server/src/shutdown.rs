//! The end of a server's life, in two stages: drain (no new work, what is under way ends), then leave (at once).

use tokio::sync::watch;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Serving,
    Draining,
    Leaving,
}

/// Ends a server; see [`Shutdown::new`]. Dropping it does nothing: a server may live on without it.
#[derive(Debug)]
pub struct ShutdownHandle(watch::Sender<Stage>);

/// What a server watches to know when to end.
#[derive(Clone, Debug)]
pub struct Shutdown(watch::Receiver<Stage>);

impl ShutdownHandle {
    /// No new connections and requests; those under way end within the drain deadline.
    pub fn drain(&self) {
        self.raise(Stage::Draining);
    }

    /// Cuts what is under way.
    pub fn leave(&self) {
        self.raise(Stage::Leaving);
    }

    /// [`drain`](Self::drain) the first time it is called, [`leave`](Self::leave) after.
    pub fn step(&self) {
        let next = if *self.0.borrow() == Stage::Serving {
            Stage::Draining
        } else {
            Stage::Leaving
        };
        self.raise(next);
    }

    fn raise(&self, stage: Stage) {
        self.0.send_if_modified(|now| {
            let later = stage > *now;
            *now = stage.max(*now);
            later
        });
    }
}

impl Shutdown {
    /// A handle to end a server with, and what the server watches.
    pub fn new() -> (ShutdownHandle, Self) {
        let (sender, receiver) = watch::channel(Stage::Serving);
        (ShutdownHandle(sender), Self(receiver))
    }

    /// Ends on Ctrl-C and, on Unix, SIGTERM: the first drains, the second leaves at once.
    ///
    /// # Errors
    /// When the system takes no signal handlers.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    pub fn on_signals() -> std::io::Result<Self> {
        let (handle, shutdown) = Self::new();
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let (mut interrupt, mut terminate) =
                (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
            tokio::spawn(async move {
                loop {
                    tokio::select! {
                        _ = interrupt.recv() => handle.step(),
                        _ = terminate.recv() => handle.step(),
                    }
                }
            });
        }
        #[cfg(not(unix))]
        tokio::spawn(async move {
            while tokio::signal::ctrl_c().await.is_ok() {
                handle.step();
            }
        });
        Ok(shutdown)
    }

    pub(crate) fn is_draining(&self) -> bool {
        *self.0.borrow() >= Stage::Draining
    }

    pub(crate) async fn draining(&mut self) {
        self.reached(Stage::Draining).await;
    }

    pub(crate) async fn leaving(&mut self) {
        self.reached(Stage::Leaving).await;
    }

    async fn reached(&mut self, stage: Stage) {
        if self.0.wait_for(|now| *now >= stage).await.is_err() {
            // The handle is gone: nobody will ever end this server.
            std::future::pending::<()>().await;
        }
    }
}
