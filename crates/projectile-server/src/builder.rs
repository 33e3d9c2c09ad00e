//! Builds the levels that provisional tiles asked for, one pyramid at a time, behind the requests.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;

use projectile_core::{Cancel, ErrorKind, Image};

/// A thread that builds. Dropping it calls off what it builds.
#[derive(Debug)]
pub(crate) struct Builder {
    wishes: mpsc::Sender<Image>,
    cancel: Cancel,
}

impl Builder {
    /// `threads`: on how many a level is built.
    pub(crate) fn new(threads: usize) -> std::io::Result<Self> {
        let (wishes, incoming) = mpsc::channel::<Image>();
        let cancel = Cancel::new();
        let called_off = cancel.clone();
        std::thread::Builder::new()
            .name("build".to_owned())
            .spawn(move || {
                for image in incoming {
                    while let Some(build) = image.next_build() {
                        if called_off.is_cancelled() {
                            return;
                        }
                        match catch_unwind(AssertUnwindSafe(|| build.run(threads, &called_off))) {
                            Ok(Ok(())) => tracing::debug!(image = image.name(), "built levels"),
                            Ok(Err(error)) if error.kind() == ErrorKind::Cancelled => return,
                            Ok(Err(error)) => {
                                tracing::warn!(
                                    image = image.name(),
                                    error = error.message(),
                                    "cannot build levels"
                                );
                            }
                            Err(_) => tracing::error!(image = image.name(), "building levels panicked"),
                        }
                    }
                }
            })?;
        Ok(Self { wishes, cancel })
    }

    /// Says that `image` may have something to build.
    pub(crate) fn wake(&self, image: &Image) {
        // Its thread ends only with this builder.
        let _ = self.wishes.send(image.clone());
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
