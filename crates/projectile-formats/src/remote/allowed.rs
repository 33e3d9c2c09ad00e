//! Which addresses clients may have opened: prefixes, compared part by part after both sides are in one form.

use object_store::path::Path;
use projectile_core::{Error, Result};
use url::Url;

use super::address::{Cloud, Place, RemoteUrl};

/// Prefixes of addresses, e.g. `https://example.org/scans/` or `s3://bucket`. An address is under a prefix when scheme,
/// host and port (or bucket) are the same and its path begins with all parts of the prefix's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedPrefixes(Vec<RemoteUrl>);

impl AllowedPrefixes {
    /// # Errors
    /// [`BadRequest`](projectile_core::ErrorKind::BadRequest) for what is no prefix.
    pub fn new(prefixes: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Self> {
        prefixes
            .into_iter()
            .map(|prefix| {
                let url = plain(prefix.as_ref())?;
                match &url.place {
                    Place::Web(web) if web.query().is_some() => Err(Error::bad_request(
                        "url",
                        format!("{url}: a prefix ends before the ?"),
                    )),
                    _ => Ok(url),
                }
            })
            .collect::<Result<_>>()
            .map(Self)
    }

    /// Whether nothing is allowed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The address, if it is under one of the prefixes.
    ///
    /// # Errors
    /// [`BadRequest`](projectile_core::ErrorKind::BadRequest) for what is no address, and for one that servers read in
    /// more than one way: with a user, `..`, a backslash, or a slash in disguise.
    pub fn admit(&self, text: &str) -> Result<Option<RemoteUrl>> {
        let url = plain(text)?;
        Ok(self
            .0
            .iter()
            .any(|prefix| is_under(prefix, &url.place))
            .then_some(url))
    }

    /// Whether a redirection may lead to `url`.
    pub(super) fn hold_url(&self, url: &Url) -> bool {
        is_plain(url.as_str()) && self.0.iter().any(|prefix| is_under_web(prefix, url))
    }
}

/// An address that everybody reads alike.
fn plain(text: &str) -> Result<RemoteUrl> {
    let url = RemoteUrl::parse(text)?;
    if is_plain(text) {
        return Ok(url);
    }
    Err(Error::bad_request(
        "url",
        format!("{url}: an address without user, .., backslashes and encoded slashes is wanted"),
    ))
}

fn is_plain(text: &str) -> bool {
    let (before, after) = text.split_once("://").unwrap_or(("", text));
    let end = after.find(['/', '?', '#', '\\']).unwrap_or(after.len());
    let (authority, rest) = after.split_at(end);
    let path = rest.split(['?', '#']).next().unwrap_or_default();
    let disguised = path.to_ascii_lowercase().replace("%2e", ".");
    let web = before.to_ascii_lowercase().starts_with("http");
    !authority.contains(['@', '%', '\\'])
        && !text
            .chars()
            .any(|letter| letter.is_control() || letter == '\\' || (web && letter.is_whitespace()))
        && (!web
            || !["%2f", "%5c", "%00", "%25"]
                .iter()
                .any(|code| disguised.contains(code)))
        && disguised.split('/').all(|part| !matches!(part, "." | ".."))
}

fn is_under(prefix: &RemoteUrl, place: &Place) -> bool {
    match (&prefix.place, place) {
        (_, Place::Web(url)) => is_under_web(prefix, url),
        (
            Place::Bucket {
                cloud: cloud_allowed,
                bucket: bucket_allowed,
                key: begin,
            },
            Place::Bucket { cloud, bucket, key },
        ) => is_same_bucket((*cloud_allowed, bucket_allowed), (*cloud, bucket)) && begins(key, begin),
        _ => false,
    }
}

fn is_same_bucket(allowed: (Cloud, &str), asked: (Cloud, &str)) -> bool {
    allowed == asked
}

fn begins(key: &Path, begin: &Path) -> bool {
    key.prefix_matches(begin)
}

fn is_under_web(prefix: &RemoteUrl, url: &Url) -> bool {
    let Place::Web(prefix) = &prefix.place else {
        return false;
    };
    let begin = prefix.path().trim_end_matches('/');
    let rest = url.path().strip_prefix(begin);
    matches!(url.scheme(), "http" | "https")
        && url.scheme() == prefix.scheme()
        && url.host() == prefix.host()
        && url.port_or_known_default() == prefix.port_or_known_default()
        && url.username().is_empty()
        && url.password().is_none()
        && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed() -> AllowedPrefixes {
        AllowedPrefixes::new([
            "https://example.org/scans",
            "http://127.0.0.1:9000/data/",
            "s3://bucket/public",
            "gs://all",
        ])
        .unwrap()
    }

    #[test]
    fn what_is_under_a_prefix_is_admitted() {
        for text in [
            "https://example.org/scans",
            "https://example.org/scans/a.tif",
            "https://EXAMPLE.org:443/scans/a%20b.tif?version=3",
            "HTTPS://example.org/scans/a/b/c.npy#part",
            "http://127.0.0.1:9000/data/x.npy",
            "http://0x7f.1:9000/data/x.npy",
            "s3://bucket/public/a.npy",
            "s3://bucket/public",
            "s3://bucket/public/scan 3 (a).npy",
            "gs://all/of/it",
        ] {
            assert!(allowed().admit(text).unwrap().is_some(), "{text}");
        }
    }

    #[test]
    fn what_is_elsewhere_is_not() {
        for text in [
            "http://example.org/scans/a.tif",
            "https://example.org/scansecret/a.tif",
            "https://example.org/",
            "https://example.org:8443/scans/a.tif",
            "https://example.org.evil.example/scans/a.tif",
            "https://evil.example/https://example.org/scans/a.tif",
            "https://example.org./scans/a.tif",
            "https://sub.example.org/scans/a.tif",
            "https://example.org/SCANS/a.tif",
            "https://example.org/?/scans/a.tif",
            "https://example.org/#/scans/a.tif",
            "https://example.org//scans/a.tif",
            "http://127.0.0.1/data/x.npy",
            "http://127.0.0.1:9000/database",
            "http://[::1]:9000/data/x.npy",
            "http://169.254.169.254/latest/meta-data",
            "s3://bucket/publicity/a.npy",
            "s3://bucket/private/a.npy",
            "s3://other/public/a.npy",
            "gs://bucket/public/a.npy",
            "az://all/a.npy",
        ] {
            assert!(allowed().admit(text).unwrap().is_none(), "{text}");
        }
        assert!(AllowedPrefixes::default().is_empty());
        assert!(AllowedPrefixes::default().admit("https://a/b").unwrap().is_none());
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        for text in [
            "https://example.org@evil.example/scans/a.tif",
            "https://evil.example@example.org/scans/a.tif",
            "https://user:pass@example.org/scans/a.tif",
            "https://example.org/scans/../secret",
            "https://example.org/scans/%2e%2E/secret",
            "https://example.org/scans/.%2e/secret",
            "https://example.org/scans/%2e/a.tif",
            "https://example.org/scans/..%2fsecret",
            "https://example.org/scans%2fa.tif",
            "https://example.org/scans/%5c..%5csecret",
            "https://example.org/scans/%252e%252e/secret",
            "https://example.org/scans\\..\\secret",
            "https://example.org\\@evil.example/scans/a.tif",
            "https://evil.example\\.example.org/scans/a",
            "https://example.org/scans/a\r\nHost: evil",
            "https://example.org/scans/a b",
            "https://exa\tmple.org/scans/a",
            "https://example%2eorg/scans/a",
            "s3://bucket/public/../private",
            "s3://user@bucket/public/a",
            "file:///etc/passwd",
            "ftp://example.org/scans/a",
            "/etc/passwd",
            "",
        ] {
            assert!(allowed().admit(text).is_err(), "{text:?}");
        }
        for prefix in [
            "https://",
            "https://a@b/",
            "https://a/../b",
            "https://a/?b",
            "s3://",
            "a/b",
        ] {
            assert!(AllowedPrefixes::new([prefix]).is_err(), "{prefix}");
        }
    }

    #[test]
    fn redirections_stay_under_the_prefixes() {
        let allowed = allowed();
        let holds = |text: &str| allowed.hold_url(&Url::parse(text).unwrap());
        assert!(holds("https://example.org/scans/b.tif?x=1"));
        for text in [
            "http://example.org/scans/b.tif",
            "https://example.org/other",
            "https://u@example.org/scans/b.tif",
            "https://example.org/scans/..%2fb.tif",
            "http://169.254.169.254/",
            "file:///scans/b.tif",
        ] {
            assert!(!holds(text), "{text}");
        }
    }
}
