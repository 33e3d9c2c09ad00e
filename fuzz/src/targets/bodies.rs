//! Bodies of questions and of what pages tell.

use bytes::Bytes;

use crate::served::ask;

/// Addresses that take a body, and its type.
const TAKEN: [(&str, &str); 4] = [
    ("/images/gray/statistics", "application/geo+json"),
    ("/images/gray/statistics", "application/json"),
    ("/images/stack/statistics", "application/geo+json"),
    ("/live/state", "application/json"),
];

/// The first byte chooses the address.
pub(super) fn run(bytes: &[u8]) {
    let Some((&which, body)) = bytes.split_first() else {
        return;
    };
    let (address, media_type) = TAKEN[usize::from(which) % TAKEN.len()];
    let request = http::Request::post(address)
        .header(http::header::HOST, "localhost")
        .header("sec-fetch-site", "same-origin")
        .header(http::header::CONTENT_TYPE, media_type)
        .body(Bytes::copy_from_slice(body));
    if let Ok(request) = request {
        ask(request);
    }
}
