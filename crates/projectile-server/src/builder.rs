//! Builds the levels that provisional tiles asked for, one pyramid at a time, behind the requests.

use std::sync::{Arc, mpsc};

use projectile_core::{Cancel, ErrorKind, Result};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::catalog::Entry;
use crate::live::Live;

/// A thread that builds. Dropping it calls off what it builds.
#[derive(Debug)]
pub(crate) struct Builder {
    wishes: mpsc::Sender<Arc<Entry>>,
    cancel: Cancel,
    ended: Arc<Notify>,
}

impl Builder {
    /// `threads`: on how many a level is built. Pages hear by `live` of what was built.
    pub(crate) fn new(threads: usize, live: Live) -> std::io::Result<Self> {
        let (wishes, incoming) = mpsc::channel::<Arc<Entry>>();
        let cancel = Cancel::new();
        let called_off = cancel.clone();
        let ended = Arc::new(Notify::new());
        let tell = Arc::clone(&ended);
        std::thread::Builder::new()
            .name("build".to_owned())
            .spawn(move || {
                for entry in incoming {
                    let image = &entry.image;
                    while let Some(build) = image.next_build() {
                        if called_off.is_cancelled() {
                            return;
                        }
                        let outcome = entry.strikes.guard(|| build.run(threads, &called_off));
                        tell.notify_waiters();
                        match outcome {
                            Ok(()) => {
                                tracing::debug!(image = image.name(), "built levels");
                                live.levels_built(&entry.id);
                            }
                            Err(error) if error.kind() == ErrorKind::Cancelled => return,
                            Err(error) => {
                                tracing::warn!(
                                    image = image.name(),
                                    error = error.message(),
                                    "cannot build levels"
                                );
                            }
                        }
                        if entry.strikes.is_out() {
                            break;
                        }
                    }
                }
            })?;
        Ok(Self {
            wishes,
            cancel,
            ended,
        })
    }

    /// Says that an image may have something to build.
    pub(crate) fn wake(&self, entry: &Arc<Entry>) {
        // Its thread ends with this builder, or once it was stopped.
        let _ = self.wishes.send(Arc::clone(entry));
    }

    /// That anything is built yet.
    ///
    /// # Errors
    /// [`Cancelled`](ErrorKind::Cancelled).
    pub(crate) fn check(&self) -> Result<()> {
        self.cancel.check()
    }

    /// Ready when the next build, of whichever image, has ended, counted from now.
    pub(crate) fn ended(&self) -> Notified<'_> {
        self.ended.notified()
    }

    /// Ends it: what is being built is called off.
    pub(crate) fn stop(&self) {
        self.cancel.cancel();
    }
}

impl Drop for Builder {
    fn drop(&mut self) {
        self.stop();
    }
}
