//! Parts of an answer, by ranges of bytes ([RFC 9110, 14](https://www.rfc-editor.org/rfc/rfc9110#section-14)): one at a
//! time, as readers of shards ask for them. Several in one request are answered by the whole, as is anything that is
//! not understood.

use std::ops::Range;

use http::header::{ACCEPT_RANGES, CONTENT_RANGE, IF_RANGE, RANGE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use crate::error::Problem;
use crate::respond::Reply;

/// Which bytes of an answer are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Whole,
    /// These, which are there and at least one.
    Part(Range<u64>),
    /// Such as are not there.
    Nothing,
}

/// What a request wants of an answer of `length` bytes that is called `etag`.
pub(crate) fn wanted(parts: &Parts, etag: &HeaderValue, length: u64) -> Wanted {
    let mut asked = parts.headers.get_all(RANGE).iter();
    let (Some(range), None) = (asked.next(), asked.next()) else {
        return Wanted::Whole;
    };
    // The rest of something else would be put behind the beginning that the client has.
    let is_still_it = parts.headers.get(IF_RANGE).is_none_or(|known| known == etag);
    if parts.method != Method::GET || !is_still_it {
        return Wanted::Whole;
    }
    range
        .to_str()
        .ok()
        .and_then(|range| parsed(range, length))
        .unwrap_or(Wanted::Whole)
}

/// What the header says; `None` where that is not one range of bytes.
fn parsed(range: &str, length: u64) -> Option<Wanted> {
    let (unit, range) = range.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (first, last) = range.trim().split_once('-')?;
    let range = if first.is_empty() {
        length.saturating_sub(number(last)?)..length
    } else {
        let first = number(first)?;
        let end = if last.is_empty() {
            length
        } else {
            let last = number(last).filter(|&last| last >= first)?;
            length.min(last.saturating_add(1))
        };
        first..end
    };
    Some(if range.is_empty() {
        Wanted::Nothing
    } else {
        Wanted::Part(range)
    })
}

/// Digits, however many: a number beyond all lengths is as good as another.
fn number(digits: &str) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}

/// Says that ranges are taken.
pub(crate) fn are_taken(headers: &mut HeaderMap) {
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
}

/// Makes an answer that of a part of `length` bytes.
pub(crate) fn is_part(reply: &mut Reply, range: &Range<u64>, length: u64) {
    *reply.status_mut() = StatusCode::PARTIAL_CONTENT;
    let last = range.end.saturating_sub(1);
    tell(reply, &format!("bytes {}-{last}/{length}", range.start));
}

/// 416, and how many bytes there are.
pub(crate) fn unsatisfiable(length: u64) -> Reply {
    let detail = format!("the range has none of the {length} bytes that there are");
    let mut reply = Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, detail).reply();
    tell(&mut reply, &format!("bytes */{length}"));
    reply
}

fn tell(reply: &mut Reply, place: &str) {
    if let Ok(place) = HeaderValue::from_str(place) {
        reply.headers_mut().insert(CONTENT_RANGE, place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;
    use proptest::prelude::*;

    fn asked(headers: &[(&str, &str)], method: Method) -> Wanted {
        let mut request = Request::builder().method(method);
        for &(name, value) in headers {
            request = request.header(name, value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        wanted(&parts, &HeaderValue::from_static("\"a\""), 100)
    }

    #[test]
    fn one_range_of_bytes_is_taken() {
        for (range, expected) in [
            ("bytes=0-0", Wanted::Part(0..1)),
            ("bytes=10-19", Wanted::Part(10..20)),
            ("Bytes = 10-19 ", Wanted::Part(10..20)),
            ("bytes=90-1000", Wanted::Part(90..100)),
            ("bytes=90-18446744073709551615", Wanted::Part(90..100)),
            ("bytes=90-99999999999999999999", Wanted::Part(90..100)),
            ("bytes=99-", Wanted::Part(99..100)),
            ("bytes=-1", Wanted::Part(99..100)),
            ("bytes=-1000", Wanted::Part(0..100)),
            ("bytes=100-", Wanted::Nothing),
            ("bytes=100-200", Wanted::Nothing),
            ("bytes=99999999999999999999-", Wanted::Nothing),
            ("bytes=-0", Wanted::Nothing),
            ("bytes=9-8", Wanted::Whole),
            ("bytes=0-1,4-5", Wanted::Whole),
            ("bytes=+1-5", Wanted::Whole),
            ("bytes=a-b", Wanted::Whole),
            ("bytes=-", Wanted::Whole),
            ("bytes", Wanted::Whole),
            ("pixels=0-1", Wanted::Whole),
            ("", Wanted::Whole),
        ] {
            assert_eq!(asked(&[("range", range)], Method::GET), expected, "{range:?}");
        }
    }

    #[test]
    fn ranges_are_of_what_the_client_has_and_of_get() {
        let range = ("range", "bytes=0-9");
        assert_eq!(asked(&[range], Method::HEAD), Wanted::Whole);
        assert_eq!(asked(&[range, range], Method::GET), Wanted::Whole);
        assert_eq!(asked(&[], Method::GET), Wanted::Whole);
        for (known, expected) in [
            ("\"a\"", Wanted::Part(0..10)),
            ("W/\"a\"", Wanted::Whole),
            ("\"b\"", Wanted::Whole),
            ("Tue, 01 Dec 2026 00:00:00 GMT", Wanted::Whole),
        ] {
            assert_eq!(
                asked(&[range, ("if-range", known)], Method::GET),
                expected,
                "{known}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_part_lies_within(range in "(bytes=)?[0-9]{0,25}-?[0-9]{0,25}", length in any::<u64>()) {
            if let Some(Wanted::Part(part)) = parsed(&range, length) {
                prop_assert!(part.start < part.end && part.end <= length);
            }
        }
    }
}
