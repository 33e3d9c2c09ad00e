//! Which other sites' pages may read the answers: none, unless the server was told so.
//!
//! They can read and no more: whatever changes something is refused to pages of other sites (see `origin`), and
//! answers are never given with credentials.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, HeaderName, ORIGIN, REFERER, VARY,
};
use http::{HeaderMap, HeaderValue, Method};

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
/// What pages may see beside the body.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "ETag, Link, Content-Range, Accept-Ranges, X-Projectile-Dtype, X-Projectile-Shape, X-Projectile-Provisional, \
     X-Projectile-Error, X-Request-ID",
);
const ASKED_WITH: HeaderValue =
    HeaderValue::from_static("Accept, Content-Type, If-None-Match, If-Range, Range");
const A_DAY: HeaderValue = HeaderValue::from_static("86400");

/// The sites whose pages may read the answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedOrigins(Kind);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    None,
    Any,
    These(Vec<String>),
}

impl AllowedOrigins {
    /// Those that are listed, e.g. `https://example.org`; `*` is any.
    ///
    /// # Errors
    /// What is no origin: scheme, host and perhaps a port, and nothing behind them.
    pub fn new<S: AsRef<str>>(origins: impl IntoIterator<Item = S>) -> Result<Self, String> {
        let mut these = Vec::new();
        for origin in origins {
            let origin = origin.as_ref().trim_end_matches('/').to_ascii_lowercase();
            if origin == "*" {
                return Ok(Self(Kind::Any));
            }
            let host = origin
                .strip_prefix("https://")
                .or_else(|| origin.strip_prefix("http://"));
            let is_one = host.is_some_and(|host| {
                !host.is_empty()
                    && host
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte))
            });
            if !is_one {
                return Err(format!(
                    "{origin:?} is no origin: https://example.org, or * for any"
                ));
            }
            these.push(origin);
        }
        Ok(Self(if these.is_empty() {
            Kind::None
        } else {
            Kind::These(these)
        }))
    }

    /// Tells browsers whether the page that asked may read the answer.
    pub(crate) fn tell(&self, method: &Method, asked: &HeaderMap, headers: &mut HeaderMap) {
        let origin = asked.get(ORIGIN);
        let allowed = match &self.0 {
            Kind::None => return,
            Kind::Any => Some(HeaderValue::from_static("*")),
            Kind::These(these) => {
                // What is answered depends on who asks.
                headers.append(VARY, HeaderValue::from_static("Origin, Referer"));
                let is_known = |origin: &[u8]| these.iter().any(|known| known.as_bytes() == origin);
                // For a plain <img>, browsers name no origin: the page may show it, as it could read it anyway.
                let shown = asked.get(REFERER).filter(|_| origin.is_none());
                if shown.is_some_and(|page| is_known(origin_of(page.as_bytes()))) {
                    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
                }
                origin.filter(|origin| is_known(origin.as_bytes())).cloned()
            }
        };
        let Some(allowed) = allowed else { return };
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        headers.insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
        if *method == Method::OPTIONS {
            headers.insert(
                ACCESS_CONTROL_ALLOW_METHODS,
                HeaderValue::from_static("GET, HEAD, OPTIONS"),
            );
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, ASKED_WITH);
            headers.insert(ACCESS_CONTROL_MAX_AGE, A_DAY);
        }
    }
}

/// The origin of an address: all before the path.
fn origin_of(address: &[u8]) -> &[u8] {
    let mut slashes = address.iter().enumerate().filter(|(_, byte)| **byte == b'/');
    slashes.nth(2).map_or(address, |(at, _)| address.split_at(at).0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(allowed: &[&str], origin: Option<&'static str>) -> HeaderMap {
        let asked = origin
            .map(|origin| (ORIGIN, HeaderValue::from_static(origin)))
            .into_iter()
            .collect();
        let mut headers = HeaderMap::new();
        let allowed = AllowedOrigins::new(allowed).unwrap();
        allowed.tell(&Method::GET, &asked, &mut headers);
        headers
    }

    #[test]
    fn only_who_is_named_is_told_that_it_may_read() {
        assert!(told(&[], Some("https://a.example")).is_empty());
        assert_eq!(
            told(&["*"], Some("https://a.example"))[ACCESS_CONTROL_ALLOW_ORIGIN],
            "*"
        );
        assert_eq!(told(&["*"], None)[ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        let two = ["https://a.example", "http://localhost:3000/"];
        for origin in ["https://a.example", "http://localhost:3000"] {
            let headers = told(&two, Some(origin));
            assert_eq!(headers[ACCESS_CONTROL_ALLOW_ORIGIN], origin);
            assert_eq!(headers[VARY], "Origin, Referer");
        }
        for origin in [
            "https://a.example.evil",
            "http://a.example",
            "null",
            "https://A.example:8",
        ] {
            assert!(
                !told(&two, Some(origin)).contains_key(ACCESS_CONTROL_ALLOW_ORIGIN),
                "{origin}"
            );
        }
    }

    #[test]
    fn pages_that_may_read_an_image_may_show_it() {
        let allowed = AllowedOrigins::new(["https://a.example"]).unwrap();
        for (referer, origin, shown) in [
            ("https://a.example/", None, true),
            ("https://a.example/page/of?it=1", None, true),
            ("https://a.example", None, true),
            ("https://a.example.evil/", None, false),
            ("https://a.example@evil/", None, false),
            ("https://evil/https://a.example/", None, false),
            ("http://a.example/", None, false),
            ("https://a.example/", Some("https://evil.example"), false),
            ("https://a.example/", Some("null"), false),
        ] {
            let mut asked = HeaderMap::from_iter([(REFERER, HeaderValue::from_static(referer))]);
            asked.extend(origin.map(|origin| (ORIGIN, HeaderValue::from_static(origin))));
            let mut headers = HeaderMap::new();
            allowed.tell(&Method::GET, &asked, &mut headers);
            assert_eq!(
                headers.contains_key(RESOURCE_POLICY),
                shown,
                "{referer} {origin:?}"
            );
            assert!(!headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN));
        }
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for wrong in [
            "example.org",
            "https://",
            "https://a/b",
            "ftp://a",
            "https://a b",
            "",
        ] {
            assert!(AllowedOrigins::new([wrong]).is_err(), "{wrong}");
        }
    }
}
