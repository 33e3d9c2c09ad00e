//! Decoders are other people's code, fed with anybody's files: their panics become errors here.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use projectile_core::{Error, Result};

use crate::open::OpenOptions;

thread_local! {
    static DECODING: Cell<bool> = const { Cell::new(false) };
}

/// Runs a decoder. A panic is a [`Corrupt`](projectile_core::ErrorKind::Corrupt) error and prints nothing; whatever
/// ended a job that was cancelled, the error is [`Cancelled`](projectile_core::ErrorKind::Cancelled).
pub(crate) fn guarded<T>(options: &OpenOptions, decode: impl FnOnce() -> Result<T>) -> Result<T> {
    silence_panics_of_decoders();
    options.cancel.check()?;
    let outer = DECODING.replace(true);
    // What the closure was building is dropped with it, so no half-made state is seen afterwards.
    let outcome = catch_unwind(AssertUnwindSafe(decode));
    DECODING.set(outer);
    let result = outcome.unwrap_or_else(|panic| {
        Err(Error::corrupt(format!(
            "the decoder failed on this file: {}",
            text_of(&*panic)
        )))
    });
    if result.is_err() {
        options.cancel.check()?;
    }
    result
}

fn text_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("it panicked")
}

/// A panic in a decoder is told to the caller as an error, so it has no place on stderr. Every other panic goes to
/// the hook that was there before.
fn silence_panics_of_decoders() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !DECODING.get() {
                before(info);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use projectile_core::ErrorKind;

    #[test]
    fn a_panic_is_a_corrupt_file() {
        let error =
            guarded::<()>(&OpenOptions::default(), || panic!("index {} out of range", 7)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        assert_eq!(
            error.message(),
            "the decoder failed on this file: index 7 out of range"
        );
    }

    #[test]
    fn a_cancelled_job_says_so_whatever_the_decoder_made_of_it() {
        let options = OpenOptions::default();
        let inside = options.cancel.clone();
        let error = guarded::<()>(&options, || {
            inside.cancel();
            Err(Error::corrupt("the reader broke off"))
        });
        assert_eq!(error.unwrap_err().kind(), ErrorKind::Cancelled);
    }
}
