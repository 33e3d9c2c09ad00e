//! What the front door reads: the method, and headers that say who asks, from where, and for which name.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, COOKIE, FORWARDED, HOST, HeaderName, IF_NONE_MATCH, ORIGIN, RANGE};

use crate::served::ask;

const NAMES: [HeaderName; 12] = [
    HOST,
    ORIGIN,
    FORWARDED,
    COOKIE,
    IF_NONE_MATCH,
    RANGE,
    ACCEPT,
    CONTENT_TYPE,
    HeaderName::from_static("sec-fetch-site"),
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-request-id"),
    HeaderName::from_static("traceparent"),
];

/// Lines: a method, an address, then header values, each behind a byte that chooses its name.
pub(super) fn run(bytes: &[u8]) {
    let mut lines = bytes.split(|&byte| byte == b'\n');
    let (method, address) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let mut request = http::Request::builder().method(method).uri(address);
    for line in lines {
        if let Some((&which, value)) = line.split_first() {
            request = request.header(&NAMES[usize::from(which) % NAMES.len()], value);
        }
    }
    if let Ok(request) = request.body(Bytes::new()) {
        ask(request);
    }
}
