//! What browsers are told about every answer.

use http::header::{
    CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderValue};

/// On every answer: pages of other sites can neither read it nor embed it, its type is what it says, and nothing of
/// its address leaks. Which other sites may read it all the same is for `cors` to say.
const EVERYWHERE: [(HeaderName, HeaderValue); 3] = [
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
];

/// The built-in viewer's: everything from here, nothing inline. Who may frame it is added.
const VIEWER: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

/// Pages of this machine, which may frame a viewer that was made for a notebook.
const NOTEBOOKS: &str = " http://localhost:* http://127.0.0.1:* https://localhost:* https://127.0.0.1:*";

pub(crate) fn everywhere(headers: &mut HeaderMap) {
    for (name, value) in EVERYWHERE {
        headers.insert(name, value);
    }
    // What is no page has no policy of its own, and is nothing to frame either.
    headers
        .entry(CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static("frame-ancestors 'self'"));
}

pub(crate) fn viewer(headers: &mut HeaderMap) {
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(VIEWER));
}

/// Lets notebooks of this machine frame the viewer.
pub(crate) fn framed_by_notebooks(headers: &mut HeaderMap) {
    if let Some(policy) = headers.get_mut(CONTENT_SECURITY_POLICY)
        && policy == VIEWER
        && let Ok(wider) = HeaderValue::try_from(format!("{VIEWER}{NOTEBOOKS}"))
    {
        *policy = wider;
    }
}

/// A page of the user's own may load what it likes; other sites still cannot frame it.
pub(crate) fn client_page(headers: &mut HeaderMap) {
    headers.insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("frame-ancestors 'self'"),
    );
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
}
