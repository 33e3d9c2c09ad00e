//! Calls of Python that may be under way on threads of ours when the interpreter ends.

use std::thread;

/// Makes such a call. Before Python 3.14, a thread that wants the interpreter back after its end is unwound by the
/// system, and would on its way give back what it does not have, which aborts the process. It stays where it is instead,
/// for the moment that the process still lives. `call` is to own nothing of Python's, which would be dropped before that.
pub(crate) fn or_stay<T>(call: impl FnOnce() -> T) -> T {
    let stay = Stay;
    let result = call();
    std::mem::forget(stay);
    result
}

struct Stay;

impl Drop for Stay {
    fn drop(&mut self) {
        while !thread::panicking() {
            thread::park();
        }
    }
}
