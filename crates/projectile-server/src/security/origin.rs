//! Who may change something: only our own pages, and programs that are no browser.

use http::header::{HOST, HeaderName, ORIGIN};
use http::{HeaderMap, StatusCode};

use crate::error::Problem;

const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether a request that changes something comes from one of our own pages. A browser says so itself; where it does
/// not say `Sec-Fetch-Site`, the `Origin` must be what the request was sent to.
///
/// # Errors
/// 403 for a page of somebody else's.
pub(crate) fn check(headers: &HeaderMap) -> Result<(), Problem> {
    let foreign = || Problem::new(StatusCode::FORBIDDEN, "only a page of this server may do that");
    if let Some(site) = headers.get(SITE) {
        return (site == "same-origin").then_some(()).ok_or_else(foreign);
    }
    let Some(origin) = headers.get(ORIGIN) else {
        return Ok(());
    };
    let authority = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    let ours = authority.is_some_and(|(_, authority)| {
        headers
            .get(HOST)
            .is_some_and(|host| host.as_bytes().eq_ignore_ascii_case(authority.as_bytes()))
    });
    ours.then_some(()).ok_or_else(foreign)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn only_our_own_pages_change_anything() {
        for (site, origin, ours) in [
            (None, None, true),
            (None, Some("http://localhost:8000"), true),
            (None, Some("http://LOCALHOST:8000"), true),
            (None, Some("http://localhost:8001"), false),
            (None, Some("https://evil.example"), false),
            (None, Some("null"), false),
            (Some("same-origin"), Some("https://hub.example"), true),
            (Some("cross-site"), Some("http://localhost:8000"), false),
            (Some("same-site"), None, false),
            (Some("none"), None, false),
        ] {
            let mut headers = HeaderMap::from_iter([(HOST, HeaderValue::from_static("localhost:8000"))]);
            headers.extend(site.map(|site| (SITE, HeaderValue::from_static(site))));
            headers.extend(origin.map(|origin| (ORIGIN, HeaderValue::from_static(origin))));
            assert_eq!(check(&headers).is_ok(), ours, "{site:?} {origin:?}");
        }
    }
}
