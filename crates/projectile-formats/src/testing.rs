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

/// A `.npy` file's bytes.
pub(crate) fn npy(descr: &str, fortran: bool, shape: &[u64], data: &[u8]) -> Vec<u8> {
    let shape = shape
        .iter()
        .map(|size| format!("{size}, "))
        .collect::<Vec<_>>()
        .concat();
    let fortran = if fortran { "True" } else { "False" };
    let mut text = format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': ({shape}), }}");
    while (10 + text.len() + 1) % 64 != 0 {
        text.push(' ');
    }
    text.push('\n');
    let mut bytes = [&b"\x93NUMPY"[..], &[1, 0], &(text.len() as u16).to_le_bytes()].concat();
    bytes.extend(text.as_bytes());
    bytes.extend(data);
    bytes
}
