//! Addresses of what lies elsewhere, taken apart and checked; they are shown without their secrets.

use std::fmt;

use object_store::path::Path;
use projectile_core::{Error, Result};
use url::Url;

/// The schemes that are read.
pub(super) const SCHEMES: &str = "http, https, s3, gs and az";

/// The address of an object on a server or in a store, e.g. `https://example.org/scan.tif` or `s3://bucket/scan.tif`.
///
/// What it shows of itself (`Display` and `Debug`) holds no password and no signature.
#[derive(Clone, PartialEq, Eq)]
pub struct RemoteUrl {
    pub(super) place: Place,
}

/// Where it is.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// On a server that speaks HTTP, whatever stands behind it.
    Web(Url),
    /// In a store that is known by the name of a bucket.
    Bucket { cloud: Cloud, bucket: String, key: Path },
}

/// A kind of store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cloud {
    Amazon,
    Google,
    Azure,
}

impl Cloud {
    pub(super) fn scheme(self) -> &'static str {
        match self {
            Self::Amazon => "s3",
            Self::Google => "gs",
            Self::Azure => "az",
        }
    }
}

impl RemoteUrl {
    /// Whether `text` is the address of something elsewhere (`scheme://…`) rather than a path.
    pub fn is_one(text: &str) -> bool {
        text.split_once("://").is_some_and(|(scheme, _)| {
            // One letter is a drive.
            scheme.len() > 1
                && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
                && scheme
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
        })
    }

    /// Takes an address apart. Keys of `s3://`, `gs://` and `az://` are meant as they stand; of `http://` and
    /// `https://` all but the fragment belongs to the address.
    ///
    /// # Errors
    /// [`BadRequest`](projectile_core::ErrorKind::BadRequest) for another scheme, and for what is no address.
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = |what: &str| Error::bad_request("url", format!("{}: {what}", shown_of_text(text)));
        let (scheme, rest) = text
            .split_once("://")
            .filter(|_| Self::is_one(text))
            .ok_or_else(|| wrong("that is no address: https://example.org/scan.tif"))?;
        let cloud = match scheme.to_ascii_lowercase().as_str() {
            "http" | "https" => return web(text, wrong),
            "s3" => Cloud::Amazon,
            "gs" => Cloud::Google,
            "az" => Cloud::Azure,
            other => return Err(wrong(&format!("{other}:// is not read; {SCHEMES} are"))),
        };
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'$');
        if bucket.is_empty() || !bucket.bytes().all(is_name) {
            return Err(wrong(&format!(
                "the name of a bucket belongs there: {scheme}://bucket/scan.tif"
            )));
        }
        let parsed = Path::parse(key).ok().filter(|_| !key.starts_with('/'));
        let key = parsed.ok_or_else(|| {
            wrong("the key has an empty part, a part . or .., or a character that no key has")
        })?;
        Ok(Self {
            place: Place::Bucket {
                cloud,
                bucket: bucket.to_owned(),
                key,
            },
        })
    }

    /// The address that `input` is, if it is one rather than a path. `./https://x` is a path.
    ///
    /// # Errors
    /// Those of [`parse`](Self::parse).
    pub fn of_input(input: &std::path::Path) -> Option<Result<Self>> {
        input.to_str().filter(|text| Self::is_one(text)).map(Self::parse)
    }

    /// What it is called: the last part of its path, or of the host where there is no path.
    pub fn name(&self) -> String {
        let (host, path) = match &self.place {
            Place::Web(url) => (
                url.host_str().unwrap_or_default(),
                percent_decoded(url.path().trim_matches('/')),
            ),
            Place::Bucket { bucket, key, .. } => (bucket.as_str(), key.to_string()),
        };
        let last = path.rsplit('/').next().unwrap_or_default();
        if last.is_empty() { host } else { last }.to_owned()
    }

    /// The address before `::/` in its path, and what follows: a path inside of what lies there.
    pub(super) fn split_inside(&self) -> (Self, Option<String>) {
        let mut whole = self.clone();
        let inside = match &mut whole.place {
            Place::Web(url) => {
                let path = url.path().to_owned();
                path.rsplit_once("::/").map(|(before, inside)| {
                    url.set_path(before);
                    percent_decoded(inside)
                })
            }
            Place::Bucket { key, .. } => {
                let text = key.to_string();
                let split = text
                    .rsplit_once("::")
                    .filter(|(_, inside)| inside.starts_with('/') || inside.is_empty());
                split.and_then(|(before, inside)| {
                    *key = Path::parse(before).ok()?;
                    Some(inside.trim_start_matches('/').to_owned())
                })
            }
        };
        (whole, inside)
    }

    /// The parts of its path.
    pub(super) fn path_names(&self) -> impl Iterator<Item = String> {
        let path = match &self.place {
            Place::Web(url) => percent_decoded(url.path()),
            Place::Bucket { key, .. } => key.to_string(),
        };
        path.split('/').map(str::to_owned).collect::<Vec<_>>().into_iter()
    }

    /// Scheme and host or bucket: what requests are counted by.
    pub(super) fn origin(&self) -> String {
        match &self.place {
            Place::Web(url) => url.origin().ascii_serialization(),
            Place::Bucket { cloud, bucket, .. } => format!("{}://{bucket}", cloud.scheme()),
        }
    }
}

fn web(text: &str, wrong: impl Fn(&str) -> Error) -> Result<RemoteUrl> {
    let mut url = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
    if url.host_str().is_none_or(str::is_empty) {
        return Err(wrong("the host is missing"));
    }
    url.set_fragment(None);
    Ok(RemoteUrl {
        place: Place::Web(url),
    })
}

impl fmt::Display for RemoteUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Web(url) => f.write_str(&shown(url)),
            Place::Bucket { cloud, bucket, key } => write!(f, "{}://{bucket}/{key}", cloud.scheme()),
        }
    }
}

impl fmt::Debug for RemoteUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RemoteUrl({self})")
    }
}

/// An address without user, password and what follows `?`, which may be a signature.
pub(super) fn shown(url: &Url) -> String {
    let mut bare = url.clone();
    bare.set_query(None);
    bare.set_fragment(None);
    // Fails where there is no host, and then there is no user either.
    let _ = bare.set_username("").and_then(|()| bare.set_password(None));
    let query = if url.query().is_some() { "?…" } else { "" };
    format!("{bare}{query}")
}

/// As [`shown`], of what may be no address.
fn shown_of_text(text: &str) -> String {
    if let Ok(url) = Url::parse(text) {
        return shown(&url);
    }
    let bare = text.split(['?', '#']).next().unwrap_or_default();
    match bare.split_once("://") {
        Some((scheme, rest)) => format!("{scheme}://{}", rest.rsplit('@').next().unwrap_or_default()),
        None => bare.to_owned(),
    }
}

/// `%41` is `A`; what is no UTF-8 then stays as it is.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digits = (first == b'%').then(|| after.split_at_checked(2)).flatten();
        let code = digits.and_then(|(digits, after)| {
            let digits = std::str::from_utf8(digits).ok()?;
            Some((u8::from_str_radix(digits, 16).ok()?, after))
        });
        if let Some((code, after)) = code {
            bytes.push(code);
            rest = after;
        } else {
            bytes.push(first);
            rest = after;
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_paths() {
        for text in ["http://a/b", "S3://b/k", "ftp://x", "https://"] {
            assert!(RemoteUrl::is_one(text), "{text}");
        }
        for text in [
            "a.npy",
            "/a/b",
            "C:\\a",
            "c://a",
            "./http://x",
            "://x",
            "a b://x",
            "",
        ] {
            assert!(!RemoteUrl::is_one(text), "{text}");
        }
    }

    #[test]
    fn names_are_the_last_part() {
        for (text, name) in [
            ("https://example.org/a/scan%203.tif?x=1#y", "scan 3.tif"),
            ("https://example.org/a.zarr/", "a.zarr"),
            ("https://example.org", "example.org"),
            ("https://example.org/%ff.npy", "%ff.npy"),
            ("s3://bucket/a/b%20c.npy", "b%20c.npy"),
            ("gs://bucket/a.npy/", "a.npy"),
            ("az://container", "container"),
        ] {
            assert_eq!(RemoteUrl::parse(text).unwrap().name(), name, "{text}");
        }
    }

    #[test]
    fn what_is_inside_follows_two_colons() {
        for (text, whole, inside) in [
            (
                "https://h/x.zarr::/a/b%20c?s=1",
                "https://h/x.zarr?…",
                Some("a/b c"),
            ),
            ("https://[::1]:8000/x.zarr", "https://[::1]:8000/x.zarr", None),
            (
                "https://[::1]:8000/x.zarr::/0",
                "https://[::1]:8000/x.zarr",
                Some("0"),
            ),
            ("s3://b/x.zip::/labels/0", "s3://b/x.zip", Some("labels/0")),
            ("s3://b/x.zip::/", "s3://b/x.zip", Some("")),
            ("s3://b/a::b", "s3://b/a::b", None),
        ] {
            let (url, found) = RemoteUrl::parse(text).unwrap().split_inside();
            assert_eq!(
                (url.to_string().as_str(), found.as_deref()),
                (whole, inside),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_shown_holds_no_secret() {
        for text in [
            "https://user:secret@example.org/a.npy?sig=secret#secret",
            "http://secret@example.org/?secret",
        ] {
            let url = RemoteUrl::parse(text).unwrap();
            assert!(!format!("{url} {url:?}").contains("secret"), "{url}");
        }
        for text in [
            "ftp://user:secret@example.org/a?secret",
            "https://user:secret@/a?secret",
            "https://user:secret@exa mple/a?secret",
            "s3://secret@bucket/a",
        ] {
            let error = RemoteUrl::parse(text).unwrap_err();
            assert!(!error.message().contains("secret"), "{error}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "s3://",
            "s3:///key",
            "s3://bu cket/key",
            "s3://bucket/../key",
            "s3://bucket//key",
            "gs://bucket/a/./b",
            "http://",
            "http://:80/",
            "file:///etc/passwd",
            "gopher://x/",
        ] {
            assert!(RemoteUrl::parse(text).is_err(), "{text}");
        }
    }
}
