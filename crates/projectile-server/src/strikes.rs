//! Panics are faults of ours, and of one request. What panics again and again is not tried any more.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering};

use projectile_core::{Error, ErrorKind, Result};

/// Panics after which an image is not read any more.
const MOST: u32 = 3;

/// How often work on an image has panicked. An image that takes its place, as its file was written anew, starts afresh.
#[derive(Debug, Default)]
pub(crate) struct Strikes(AtomicU32);

impl Strikes {
    /// Does `work`, unless it has panicked too often already.
    ///
    /// # Errors
    /// [`Corrupt`](ErrorKind::Corrupt) for what is not tried, [`Internal`](ErrorKind::Internal) for a panic.
    pub(crate) fn guard<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        if self.0.load(Ordering::Relaxed) >= MOST {
            return Err(Error::corrupt(
                "reading this image has failed inside of the server too often: it is not tried any more",
            ));
        }
        caught(work).unwrap_or_else(|error| {
            self.0.fetch_add(1, Ordering::Relaxed);
            Err(error)
        })
    }
}

/// Does `work`; a panic is the outer error, and the thread that it came to lives on.
fn caught<T>(work: impl FnOnce() -> Result<T>) -> Result<Result<T>> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("a panic");
        Error::new(ErrorKind::Internal, format!("it panicked: {text}"))
    })
}

/// Does work that belongs to no image yet; a panic is an error of ours.
pub(crate) fn once<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    caught(work).unwrap_or_else(Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_third_panic_is_the_last_that_is_tried() {
        let (strikes, mut tries) = (Strikes::default(), 0);
        for kind in [
            ErrorKind::Internal,
            ErrorKind::Internal,
            ErrorKind::Internal,
            ErrorKind::Corrupt,
        ] {
            // Errors are no panics, and what works between them changes nothing.
            let other = strikes.guard(|| Err::<(), _>(Error::corrupt("a block")));
            assert_eq!(other.unwrap_err().kind(), ErrorKind::Corrupt);
            let error = strikes
                .guard::<()>(|| {
                    tries += 1;
                    panic!("on purpose")
                })
                .unwrap_err();
            assert_eq!(error.kind(), kind);
        }
        assert_eq!(tries, 3);
    }
}
