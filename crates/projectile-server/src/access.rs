//! One line for each answer, and the name that a request goes by in it.

use std::net::IpAddr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::request::Parts;
use http::{HeaderName, HeaderValue};

/// The header that holds a request's name.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The name of a request: its client's, where it gave a plain one, else one that no other request has.
pub(crate) fn request_id(parts: &Parts) -> HeaderValue {
    const LONGEST: usize = 64;
    let is_plain = |id: &&HeaderValue| {
        let bytes = id.as_bytes();
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        (1..=LONGEST).contains(&bytes.len()) && bytes.iter().all(plain)
    };
    let given = parts.headers.get(REQUEST_ID);
    given.filter(is_plain).cloned().unwrap_or_else(fresh)
}

/// Of this process and no other, and of this request and no other.
fn fresh() -> HeaderValue {
    static PROCESS: OnceLock<u32> = OnceLock::new();
    static COUNTED: AtomicU64 = AtomicU64::new(0);
    let process = PROCESS.get_or_init(|| getrandom::u32().unwrap_or_else(|_| std::process::id()));
    let number = COUNTED.fetch_add(1, Ordering::Relaxed);
    HeaderValue::try_from(format!("{process:08x}-{number:x}")).unwrap_or(HeaderValue::from_static("none"))
}

/// What is logged of an answer.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    pub(crate) parts: &'a Parts,
    pub(crate) id: &'a HeaderValue,
    pub(crate) peer: Option<IpAddr>,
    pub(crate) protocol: &'static str,
    pub(crate) status: u16,
    pub(crate) bytes: u64,
    pub(crate) took: Duration,
}

impl Line<'_> {
    /// Logs it, without the query, which may hold a token.
    pub(crate) fn log(&self) {
        tracing::info!(
            target: "access",
            id = self.id.to_str().unwrap_or_default(),
            method = %self.parts.method,
            path = self.parts.uri.path(),
            protocol = self.protocol,
            status = self.status,
            bytes = self.bytes,
            milliseconds = self.took.as_secs_f64() * 1e3,
            peer = self.peer.map(tracing::field::display),
            "answered"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(given: Option<&str>) -> HeaderValue {
        let mut request = http::Request::get("/");
        if let Some(given) = given {
            request = request.header(REQUEST_ID, given);
        }
        request_id(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn a_plain_name_is_kept_and_any_other_is_replaced() {
        assert_eq!(id(Some("a-1.B_2")), "a-1.B_2");
        let long = "x".repeat(65);
        for odd in ["", "a b", "a\"b", "a,b", long.as_str()] {
            let made = id(Some(odd));
            assert!(made.to_str().unwrap().contains('-') && made != odd, "{odd}");
        }
        assert_ne!(id(None), id(None));
    }
}
