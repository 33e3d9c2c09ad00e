//! Paths and queries of every protocol.

use bytes::Bytes;

use crate::served::ask;

/// Any bytes as the path and query of a GET; what is no address by RFC 3986 never reaches the server.
pub(super) fn run(bytes: &[u8]) {
    let address = [b"/", bytes].concat();
    let request = http::Request::get(address.as_slice())
        .header(http::header::HOST, "localhost")
        .body(Bytes::new());
    if let Ok(request) = request {
        ask(request);
    }
}
