//! From what was made to HTTP: tiles, documents, 304, HEAD.

use std::hash::{Hash, Hasher};

use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LOCATION, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use projectile_core::ErrorKind;
use serde::Serialize;

use crate::cache::{Key, Ready};
use crate::compress;
use crate::error::status;
use crate::live::Subscription;
use crate::payload::Payload;
use crate::security::headers;

/// An answer.
pub(crate) type Reply = Response<Payload>;

/// Something small that describes: JSON, a strip of colours.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub(crate) media_type: &'static str,
    pub(crate) bytes: Bytes,
}

impl Document {
    pub(crate) fn json(value: &impl Serialize) -> projectile_core::Result<Self> {
        let bytes = serde_json::to_vec(value).map_err(|error| {
            projectile_core::Error::internal(format!("a description is no JSON: {error}"))
        })?;
        Ok(Self {
            media_type: "application/json",
            bytes: Bytes::from(bytes),
        })
    }

    /// Of its bytes.
    pub(crate) fn hash(&self) -> StableHasher {
        let mut hash = StableHasher::new();
        hash.write(&self.bytes);
        hash
    }
}

/// A document's answer: always asked for again, sent again only when it changed.
pub(crate) fn document(document: Document, asked: &HeaderMap) -> Reply {
    let hash = document.hash();
    hashed_document(document, hash, asked)
}

/// The same for a document whose hash was made elsewhere: that of a large one takes longer than an I/O thread has.
pub(crate) fn hashed_document(document: Document, mut hash: StableHasher, asked: &HeaderMap) -> Reply {
    let gzipped = compress::gzipped(&document.bytes, document.media_type, asked);
    // In other bytes it is another answer.
    hash.write_u8(gzipped.is_some().into());
    let etag = etag(hash.finish());
    let mut reply = if matches(asked, &etag) {
        not_modified()
    } else {
        let by_gzip = gzipped.is_some();
        let mut reply = Reply::new(gzipped.unwrap_or(document.bytes).into());
        if by_gzip {
            is_gzipped(reply.headers_mut());
        }
        reply
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(document.media_type));
        reply
    };
    if compress::is_text(document.media_type) {
        // IIIF's descriptions are of the type that is asked for, too.
        reply
            .headers_mut()
            .append(VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
    }
    if document.media_type.starts_with("text/html") {
        headers::viewer(reply.headers_mut());
    }
    reply
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    reply.headers_mut().insert(ETAG, etag);
    reply
}

/// What a tile is called for ever: the same after a restart, another for another version of the image or program.
pub(crate) fn tile_etag(key: &Key) -> HeaderValue {
    object_etag(&[], std::slice::from_ref(key))
}

/// What an object of tiles is called, as a tile is; `head` is what stands before them.
pub(crate) fn object_etag(head: &[u8], keys: &[Key]) -> HeaderValue {
    let mut hash = StableHasher::new();
    env!("CARGO_PKG_VERSION").hash(&mut hash);
    head.hash(&mut hash);
    for key in keys {
        key.version().hash(&mut hash);
        key.request().hash(&mut hash);
    }
    etag(hash.finish())
}

/// What the same is called in other bytes.
pub(crate) fn gzipped_etag(etag: &HeaderValue) -> HeaderValue {
    let name = etag.to_str().unwrap_or_default().trim_matches('"');
    HeaderValue::from_str(&format!("\"{name}-gzip\"")).unwrap_or(HeaderValue::from_static("\"0\""))
}

/// 304 for a client that has the tile already.
pub(crate) fn unchanged_tile(etag: &HeaderValue, pinned: bool, asked: &HeaderMap) -> Option<Reply> {
    matches(asked, etag).then(|| {
        let mut reply = not_modified();
        reply
            .headers_mut()
            .insert(CACHE_CONTROL, tile_cache_control(pinned));
        reply.headers_mut().insert(ETAG, etag.clone());
        reply
    })
}

/// A tile's answer. `pinned`: the address holds the image's version, so that it can be kept for ever.
pub(crate) fn tile(tile: Ready, etag: HeaderValue, pinned: bool) -> Reply {
    let mut reply = Reply::new(tile.bytes.into());
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(tile.media_type));
    if let Some(damage) = &tile.damage {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(ERROR, error_header(&damage.reason));
    } else if tile.provisional {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert("x-projectile-provisional", HeaderValue::from_static("1"));
    } else {
        headers.insert(CACHE_CONTROL, tile_cache_control(pinned));
        headers.insert(ETAG, etag);
    }
    if let Some((dtype, [rows, columns, channels])) = tile.samples {
        headers.insert("x-projectile-dtype", HeaderValue::from_static(dtype.name()));
        if let Ok(shape) = HeaderValue::from_str(&format!("{rows},{columns},{channels}")) {
            headers.insert("x-projectile-shape", shape);
        }
    }
    if tile.damage.is_some_and(|damage| damage.whole) {
        *reply.status_mut() = status(ErrorKind::Corrupt);
    }
    reply
}

/// The header that tells what could not be read.
pub(crate) const ERROR: HeaderName = HeaderName::from_static("x-projectile-error");

/// A reason as a header holds it: printable ASCII, not long, and without the folders of a path.
pub(crate) fn error_header(reason: &str) -> HeaderValue {
    const LONGEST: usize = 200;
    let bare = |word: &str| -> String {
        let path = word.trim_start_matches(['"', '\'', '(']);
        let is_path = path.starts_with('/') || path.get(1..3).is_some_and(|drive| drive == ":\\");
        let file = path.rsplit(['/', '\\']).next();
        file.filter(|_| is_path).unwrap_or(word).to_owned()
    };
    let words: Vec<String> = reason.split_whitespace().map(bare).collect();
    let text: String = words
        .join(" ")
        .chars()
        .map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' })
        .take(LONGEST)
        .collect();
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("unreadable"))
}

fn tile_cache_control(pinned: bool) -> HeaderValue {
    HeaderValue::from_static(if pinned {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    })
}

/// Keeps caches that several people share from giving out what took a token to get.
pub(crate) fn keep_private(headers: &mut HeaderMap) {
    if let Some(value) = headers.get_mut(CACHE_CONTROL)
        && value.as_bytes().starts_with(b"public")
    {
        *value = HeaderValue::from_static("private, max-age=31536000, immutable");
    }
}

pub(crate) fn not_modified() -> Reply {
    let mut reply = Reply::default();
    *reply.status_mut() = StatusCode::NOT_MODIFIED;
    reply
}

pub(crate) fn etag(hash: u64) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{hash:016x}\"")).unwrap_or(HeaderValue::from_static("\"0\""))
}

/// Whether the client has `etag`. A `*` does not count: it would confirm what was never asked for.
pub(crate) fn matches(asked: &HeaderMap, etag: &HeaderValue) -> bool {
    asked
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|entry| entry.trim().trim_start_matches("W/").as_bytes())
        .any(|entry| entry == etag.as_bytes())
}

/// Events, for as long as the page listens.
pub(crate) fn events(subscription: Subscription) -> Reply {
    let mut reply = Reply::new(Payload::events(subscription));
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // A proxy that collects before it sends would keep them from the page.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    reply
}

/// Says that the body is by gzip.
pub(crate) fn is_gzipped(headers: &mut HeaderMap) {
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
}

/// What is asked for is at another address.
pub(crate) fn elsewhere(address: &str) -> Reply {
    let mut reply = Reply::default();
    *reply.status_mut() = StatusCode::SEE_OTHER;
    if let Ok(address) = HeaderValue::try_from(address) {
        reply.headers_mut().insert(LOCATION, address);
    }
    reply
}

/// Done, and nothing to say.
pub(crate) fn done() -> Reply {
    let mut reply = Reply::default();
    *reply.status_mut() = StatusCode::NO_CONTENT;
    reply
}

/// The same answer as to GET, without its body.
pub(crate) fn without_body(method: &Method, mut reply: Reply) -> Reply {
    if *method == Method::HEAD && reply.status() != StatusCode::NOT_MODIFIED {
        if let Some(bytes) = reply.body().whole() {
            let length = HeaderValue::from(bytes.len());
            reply.headers_mut().entry(CONTENT_LENGTH).or_insert(length);
        }
        *reply.body_mut() = Payload::default();
    }
    reply
}

/// FNV-1a, 64 bits: the standard library's hashers may change between compilers, an `ETag` must not.
pub(crate) struct StableHasher(u64);

impl StableHasher {
    pub(crate) fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for StableHasher {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        // FNV's high bits move slowly; a final mix spreads them.
        let mixed = (self.0 ^ (self.0 >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed ^ (mixed >> 29)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_the_same_everywhere_and_always() {
        let mut hash = StableHasher::new();
        "tile".hash(&mut hash);
        7u64.hash(&mut hash);
        assert_eq!(format!("{:016x}", hash.finish()), "c5638d68741425aa");
    }

    #[test]
    fn a_reason_is_fit_for_a_header_and_names_no_folder() {
        for (reason, header) in [
            ("the block is broken", "the block is broken"),
            (
                "\"/srv/secret/a.tif\": tile 3\r\nSet-Cookie: x",
                "a.tif\": tile 3 Set-Cookie: x",
            ),
            ("C:\\data\\a.npy is cut short", "a.npy is cut short"),
            ("1/2 of \u{e9}t\u{e9}", "1/2 of ?t?"),
        ] {
            assert_eq!(error_header(reason), header, "{reason}");
        }
        assert_eq!(error_header(&"x".repeat(999)).len(), 200);
    }

    #[test]
    fn an_etag_is_found_in_a_list_and_a_star_is_not_one() {
        let mine = HeaderValue::from_static("\"a\"");
        for (asked, expected) in [
            ("\"a\"", true),
            ("W/\"a\"", true),
            ("\"b\", \"a\"", true),
            ("\"b\"", false),
            ("*", false),
            ("a", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(IF_NONE_MATCH, HeaderValue::from_static(asked));
            assert_eq!(matches(&headers, &mine), expected, "{asked}");
        }
    }
}
