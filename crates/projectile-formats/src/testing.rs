//! What the tests of several formats share.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use projectile_core::{Pixels, ReadRequest, Result, Source};

/// Reads from a source that lives in memory or on this machine: its future is ready when it is first polled.
pub(crate) fn read(source: &dyn Source, request: ReadRequest) -> Result<Pixels> {
    match pin!(source.read(request)).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("a local source must not wait"),
    }
}
