//! Where the server is, for documents that have to say it whole.

use axum::extract::OriginalUri;
use http::header::HOST;
use http::request::Parts;

/// The address that everything here is relative to, without a slash at its end: the one that was set, else the one
/// that the request came to.
pub(crate) fn of(parts: &Parts, set: Option<&str>) -> String {
    if let Some(set) = set {
        return set.trim_end_matches('/').to_owned();
    }
    let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
    let authority = parts.uri.authority().map(http::uri::Authority::as_str);
    let authority = authority.or(host).unwrap_or("localhost");
    format!("http://{authority}{}", prefix(parts))
}

/// The path that the server is nested at.
fn prefix(parts: &Parts) -> &str {
    let Some(OriginalUri(original)) = parts.extensions.get() else {
        return "";
    };
    original.path().strip_suffix(parts.uri.path()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(host: &str, path: &str, original: Option<&str>) -> Parts {
        let request = http::Request::builder().uri(path).header(HOST, host);
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        parts.extensions.extend(
            original
                .map(|original| OriginalUri(original.parse().unwrap()))
                .map_or_else(http::Extensions::new, |original| {
                    let mut extensions = http::Extensions::new();
                    extensions.insert(original);
                    extensions
                }),
        );
        parts
    }

    #[test]
    fn it_is_where_the_request_came_to() {
        let here = parts("127.0.0.1:8000", "/tilejson/a.json", None);
        assert_eq!(of(&here, None), "http://127.0.0.1:8000");
        assert_eq!(
            of(&here, Some("https://example.org/maps/")),
            "https://example.org/maps"
        );
        let nested = parts("h", "/tilejson/a.json", Some("/pictures/tilejson/a.json"));
        assert_eq!(of(&nested, None), "http://h/pictures");
    }
}
