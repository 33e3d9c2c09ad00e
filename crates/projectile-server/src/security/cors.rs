//! Which other sites' pages may read the answers: none, unless the server was told so.
//!
//! They can read and no more: whatever changes something is refused to pages of other sites (see `origin`), and
//! answers are never given with credentials.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, HeaderName, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method};

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
/// What pages may see beside the body.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "ETag, Link, Content-Range, Accept-Ranges, X-Projectile-Dtype, X-Projectile-Shape, X-Projectile-Provisional, \
     X-Projectile-Error, X-Request-ID",
);
const ASKED_WITH: HeaderValue = HeaderValue::from_static("Accept, Content-Type, If-None-Match, Range");
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
                headers.append(VARY, HeaderValue::from_static("Origin"));
                origin
                    .filter(|origin| these.iter().any(|known| known.as_bytes() == origin.as_bytes()))
                    .cloned()
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
            assert_eq!(headers[VARY], "Origin");
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
