//! Documents and samples in fewer bytes, for clients that take them so.

use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::HeaderMap;
use http::header::ACCEPT_ENCODING;

/// What is shorter fits into one packet anyway.
const LEAST_BYTES: usize = 1400;

/// Whether documents of a media type are text, which gets much shorter: pictures do not, and samples now and then.
pub(crate) fn is_text(media_type: &str) -> bool {
    let bare = media_type.split(';').next().unwrap_or_default();
    bare.starts_with("text/")
        || matches!(
            bare,
            "application/json" | "application/xml" | "application/openmetrics-text"
        )
        || bare.ends_with("+json")
        || bare.ends_with("+xml")
}

/// The bytes by gzip, where the client takes that and it pays; `None` where they stay as they are.
pub(crate) fn gzipped(bytes: &Bytes, media_type: &str, asked: &HeaderMap) -> Option<Bytes> {
    if bytes.len() < LEAST_BYTES || !is_text(media_type) || !takes_gzip(asked) {
        return None;
    }
    gzip(bytes)
}

/// Samples by gzip, where that pays: by as many of them as tell, first. `None` where they stay as they are.
pub(crate) fn gzipped_samples(bytes: &Bytes) -> Option<Bytes> {
    const TELLING: usize = 16 << 10;
    let pays = |short: &Bytes, all: usize| short.len().saturating_mul(4) <= all.saturating_mul(3);
    if bytes.len() < LEAST_BYTES {
        return None;
    }
    // From the middle: there is an index at the start of some, and nothing at the edges of others.
    let start = (bytes.len() / 2).saturating_sub(TELLING / 2);
    let few = bytes.get(start..)?;
    let few = few.get(..TELLING).unwrap_or(few);
    if !pays(&gzip(few)?, few.len()) {
        return None;
    }
    gzip(bytes).filter(|short| pays(short, bytes.len()))
}

fn gzip(bytes: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::fast());
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

/// `Accept-Encoding: gzip`, not with `q=0`.
pub(crate) fn takes_gzip(asked: &HeaderMap) -> bool {
    let lists = asked.get_all(ACCEPT_ENCODING).into_iter();
    let mut codings = lists
        .filter_map(|list| list.to_str().ok())
        .flat_map(|list| list.split(','));
    codings.any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let is_gzip = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        let weight = parts
            .find_map(|part| part.strip_prefix("q="))
            .map(str::parse::<f32>);
        is_gzip && weight.is_none_or(|weight| weight.is_ok_and(|weight| weight > 0.0))
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use http::HeaderValue;

    use super::*;

    fn of(asked: &'static str, media_type: &str, length: usize) -> Option<Bytes> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(asked));
        gzipped(&Bytes::from(vec![b'a'; length]), media_type, &headers)
    }

    #[test]
    fn samples_are_compressed_where_it_pays() {
        let mut state = 1u32;
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        let labels = Bytes::from([7, 0, 0, 0].repeat(1 << 15));
        let short = gzipped_samples(&labels).unwrap();
        assert!(short.len() < labels.len() / 50);
        let mut back = Vec::new();
        flate2::read::GzDecoder::new(&short[..])
            .read_to_end(&mut back)
            .unwrap();
        assert_eq!(back, labels);
        let noisy: Vec<u8> = (0..1 << 17).map(|_| noise()).collect();
        assert_eq!(gzipped_samples(&noisy.into()), None);
        assert_eq!(gzipped_samples(&Bytes::from(vec![0; 1000])), None, "a packet");
        let odd: Vec<u8> = (0..1 << 17)
            .map(|at: u32| {
                if (60_000..70_000).contains(&at) {
                    0
                } else {
                    noise()
                }
            })
            .collect();
        assert_eq!(gzipped_samples(&odd.into()), None, "short in the middle alone");
    }

    #[test]
    fn only_long_text_for_those_who_take_it() {
        for (asked, media_type, length, expected) in [
            ("gzip", "application/json", 5000, true),
            ("br, GZIP;q=0.5", "image/svg+xml", 5000, true),
            ("gzip", "application/ld+json;profile=\"x\"", 5000, true),
            ("gzip;q=0", "application/json", 5000, false),
            ("br", "application/json", 5000, false),
            ("", "application/json", 5000, false),
            ("gzip", "application/json", 500, false),
            ("gzip", "image/png", 5000, false),
            ("gzip", "application/octet-stream", 5000, false),
        ] {
            assert_eq!(
                of(asked, media_type, length).is_some(),
                expected,
                "{asked} {media_type} {length}"
            );
        }
        let mut text = Vec::new();
        let short = of("gzip", "text/html; charset=utf-8", 5000).unwrap();
        assert!(short.len() < 200);
        flate2::read::GzDecoder::new(&short[..])
            .read_to_end(&mut text)
            .unwrap();
        assert_eq!(text, vec![b'a'; 5000]);
    }
}
