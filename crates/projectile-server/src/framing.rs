//! Where a request's head and body end, looked at before hyper does: what two servers may read in two ways is refused,
//! so that no proxy in front of this one can be made to see other requests than it does.

use projectile_core::sizes::{to_u64, to_usize};

/// What hyper answers by 400, wherever in a head it is, as soon as the head ends.
const REFUSED: u8 = 0;
const END: &[u8] = b"\r\n\r\n";

/// Follows the bytes of a connection from head to head.
#[derive(Debug, Default)]
pub(crate) struct Framing {
    part: Part,
    /// What has come of a line that has not ended.
    line: Vec<u8>,
    has_request_line: bool,
    length: Option<u64>,
    is_chunked: bool,
    /// What is left to be put in the place of what is read, after something was refused.
    tail: &'static [u8],
}

#[derive(Debug, Default)]
enum Part {
    #[default]
    Head,
    /// So many bytes of a body are to come.
    Body(u64),
    /// Nothing that comes is looked at: this is the connection's last request.
    Last,
}

impl Framing {
    /// Whether a head has begun and not ended, or nothing more is looked at.
    pub(crate) fn is_unread(&self) -> bool {
        !matches!(self.part, Part::Head) || self.has_request_line || !self.line.is_empty()
    }

    /// What comes instead of what is read: the end of a head that was refused. At most `most` bytes of it.
    pub(crate) fn take_tail(&mut self, most: usize) -> &'static [u8] {
        let (taken, left) = self.tail.split_at(most.min(self.tail.len()));
        self.tail = left;
        taken
    }

    /// Looks at what came. Where something in it is refused, its line is made one that hyper refuses; the answer is how
    /// many bytes there are up to there. [`take_tail`](Self::take_tail) has what comes next.
    pub(crate) fn check(&mut self, bytes: &mut [u8]) -> usize {
        let all = bytes.len();
        let mut rest = bytes;
        while !rest.is_empty() {
            match &mut self.part {
                Part::Last => break,
                Part::Body(left) => {
                    let taken = to_usize(*left).min(rest.len());
                    *left = left.saturating_sub(to_u64(taken));
                    if *left == 0 {
                        self.part = Part::Head;
                    }
                    rest = std::mem::take(&mut rest).split_at_mut(taken).1;
                }
                Part::Head => {
                    let length = rest.iter().position(|byte| *byte == b'\n');
                    let length = length.unwrap_or(rest.len());
                    let (text, from) = std::mem::take(&mut rest).split_at_mut(length);
                    self.line.extend_from_slice(text);
                    let Some((end, after)) = from.split_first_mut() else {
                        break;
                    };
                    let line = std::mem::take(&mut self.line);
                    if !self.end_line(&line) {
                        *end = REFUSED;
                        self.part = Part::Last;
                        self.tail = END;
                        return all.saturating_sub(after.len());
                    }
                    rest = after;
                }
            }
        }
        all
    }

    /// Whether a line of a head, without its LF, has one meaning only.
    fn end_line(&mut self, line: &[u8]) -> bool {
        let Some(line) = line.strip_suffix(b"\r") else {
            return false;
        };
        if line.is_empty() {
            // Empty lines before a request are skipped.
            if self.has_request_line {
                self.part = match self.length {
                    _ if self.is_chunked => Part::Last,
                    None | Some(0) => Part::Head,
                    Some(length) => Part::Body(length),
                };
                (self.has_request_line, self.length, self.is_chunked) = (false, None, false);
            }
            return true;
        }
        if !self.has_request_line {
            self.has_request_line = true;
            return true;
        }
        let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        let (name, value) = line.split_at(colon);
        let value = value.strip_prefix(b":").unwrap_or_default();
        if name.eq_ignore_ascii_case(b"content-length") {
            let digits = value.trim_ascii();
            let is_whole = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
            let length = std::str::from_utf8(digits)
                .ok()
                .and_then(|text| text.parse().ok());
            let is_first = self.length.is_none() && !self.is_chunked;
            self.length = length;
            return is_first && is_whole && length.is_some();
        }
        if name.eq_ignore_ascii_case(b"transfer-encoding") {
            let is_first = self.length.is_none() && !self.is_chunked;
            self.is_chunked = true;
            return is_first && value.trim_ascii().eq_ignore_ascii_case(b"chunked");
        }
        // A line that goes on with the one before, as was once allowed.
        !name.starts_with(b" ") && !name.starts_with(b"\t")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What hyper gets of it, when it comes in pieces of that size.
    fn passed(text: &str, size: usize) -> String {
        let mut framing = Framing::default();
        let mut out = Vec::new();
        for piece in text.as_bytes().chunks(size) {
            let mut piece = piece.to_vec();
            let kept = framing.check(&mut piece);
            out.extend_from_slice(&piece[..kept]);
            let tail = [framing.take_tail(1), framing.take_tail(9)].concat();
            if !tail.is_empty() {
                out.extend_from_slice(&tail);
                break;
            }
        }
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_has_one_meaning_is_passed_as_it_is() {
        for text in [
            "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n",
            "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\n\n\n\nGET / HTTP/1.1\r\n\r\n",
            "POST / HTTP/1.1\r\ntransfer-encoding:chunked\r\n\r\n3;a=b\r\n\n\n\n\r\n0\r\n\r\n",
            "GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\nGET / HTTP/1.1\r\nX: \r\n\r\n",
        ] {
            for size in [1, 2, 7, 1000] {
                assert_eq!(passed(text, size), text, "{size}");
            }
        }
    }

    #[test]
    fn what_has_two_is_refused_where_it_is_known_and_nothing_after_it_is_read() {
        let after = "GET /smuggled HTTP/1.1\r\n\r\n";
        for text in [
            "GET / HTTP/1.1\n",
            "\n",
            "GET / HTTP/1.1\r\nHost: a\n",
            "GET / HTTP/1.1\r\nHost: a\r\n\n",
            "GET / HTTP/1.1\r\nHost: a\r\n b\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n\tb\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 3\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 3\r\ntransfer-encoding: chunked\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\ncontent-length: 3\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: identity\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n",
            "POST / HTTP/1.1\r\nContent-Length: +3\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 3, 3\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n",
            "GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\n",
            "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\n",
        ] {
            let expected = format!("{}\0\r\n\r\n", &text[..text.len() - 1]);
            for size in [1, 2, 7, 1000] {
                assert_eq!(
                    passed(&format!("{text}{after}"), size),
                    expected,
                    "{text:?} {size}"
                );
            }
        }
    }
}
