//! What a server and the files it opens may take, as flags. docs/security.md lists all limits there are.

use std::time::Duration;

use clap::Args;

use super::args::bytes;
use crate::Limits;

/// How much clients may take, and how long.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct LimitArgs {
    /// Connections at a time; more are answered 503 [default: 10000, or 4 of 5 files that the system lets it open]
    #[arg(long, help_heading = "Limits", value_name = "N", value_parser = count)]
    max_connections: Option<usize>,

    /// Requests at a time; more are answered 503 [default: 4096]
    #[arg(long, help_heading = "Limits", value_name = "N", value_parser = count)]
    max_in_flight: Option<usize>,

    /// Bytes of a request's head, e.g. 32K, from 8K on; a longer one is answered 431 [default: 16K]
    #[arg(long, help_heading = "Limits", value_name = "BYTES", value_parser = head)]
    max_head: Option<usize>,

    /// Headers of a request; one with more is answered 431 [default: 64]
    #[arg(long, help_heading = "Limits", value_name = "N", value_parser = count)]
    max_headers: Option<usize>,

    /// Characters of an address; a longer one is answered 414 [default: 4096]
    #[arg(long, help_heading = "Limits", value_name = "N", value_parser = count)]
    max_address: Option<usize>,

    /// Bytes of a body that asks something, such as a polygon; a longer one is answered 413 [default: 256K]
    #[arg(long, help_heading = "Limits", value_name = "BYTES", value_parser = body)]
    max_body: Option<usize>,

    /// Pixels of a tile or of what is made to size; more are answered 422 [default: 16777216, the most there is]
    #[arg(long, help_heading = "Limits", value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1 << 24))]
    max_pixels: Option<u64>,

    /// Memory for answers that wait for their readers, e.g. 64M [default: 256M]
    #[arg(long, help_heading = "Limits", value_name = "BYTES", value_parser = bytes)]
    max_unsent: Option<u64>,

    /// How long a request's head may take to arrive [default: 10]
    #[arg(long, help_heading = "Limits", value_name = "SECONDS", value_parser = seconds)]
    header_timeout: Option<Duration>,

    /// How long a body may take to arrive, and a piece of a file that is sent [default: 10]
    #[arg(long, help_heading = "Limits", value_name = "SECONDS", value_parser = seconds)]
    body_timeout: Option<Duration>,

    /// How long a connection may stay without a request [default: 60]
    #[arg(long, help_heading = "Limits", value_name = "SECONDS", value_parser = seconds)]
    idle_timeout: Option<Duration>,

    /// How long a client may take nothing of its answer [default: 30]
    #[arg(long, help_heading = "Limits", value_name = "SECONDS", value_parser = seconds)]
    stall_timeout: Option<Duration>,

    /// How long the end of the server waits for requests in flight [default: 10]
    #[arg(long, help_heading = "Limits", value_name = "SECONDS", value_parser = seconds)]
    drain_timeout: Option<Duration>,
}

impl LimitArgs {
    /// `limits`, but for what is given.
    pub(crate) fn over(&self, limits: &mut Limits) {
        set(&mut limits.connections, self.max_connections);
        set(&mut limits.in_flight, self.max_in_flight);
        set(&mut limits.head_bytes, self.max_head);
        set(&mut limits.headers, self.max_headers);
        set(&mut limits.address, self.max_address);
        set(&mut limits.question, self.max_body);
        set(&mut limits.pixels, self.max_pixels);
        set(&mut limits.body, self.body_timeout);
        set(&mut limits.unsent, self.max_unsent);
        set(&mut limits.head, self.header_timeout);
        set(&mut limits.idle, self.idle_timeout);
        set(&mut limits.stall, self.stall_timeout);
        set(&mut limits.drain, self.drain_timeout);
    }
}

/// How much a file may take, and how much it may tell of.
#[derive(Args, Clone, Debug, Default)]
#[expect(clippy::struct_field_names, reason = "each is called as its flag is")]
pub(crate) struct FileLimitArgs {
    /// Memory for the pixels of an image that must be decoded whole; larger ones are refused [default: 8G, or half
    /// of the machine's]
    #[arg(long, help_heading = "Limits", value_name = "BYTES", value_parser = bytes)]
    max_decoded: Option<u64>,

    /// Bytes that are brought here of what lies elsewhere and is not read by ranges [default: 8G]
    #[arg(long, help_heading = "Limits", value_name = "BYTES", value_parser = bytes)]
    max_download: Option<u64>,

    /// Bytes of a text in a file that tells of its images, such as OME-XML; a longer one is not read [default: 4M]
    #[arg(long, help_heading = "Limits", value_name = "BYTES", value_parser = bytes)]
    max_metadata: Option<u64>,

    /// Elements of such a text within each other, to 256 [default: 64]
    #[arg(long, help_heading = "Limits", value_name = "N", value_parser = depth)]
    max_depth: Option<usize>,

    /// Pages of a TIFF; one with more is refused [default: 65536]
    #[arg(long, help_heading = "Limits", value_name = "N", value_parser = count)]
    max_directories: Option<usize>,

    /// Scans of a JPEG; one with more is refused [default: 100]
    #[arg(long, help_heading = "Limits", value_name = "N", value_parser = count)]
    max_scans: Option<usize>,
}

impl FileLimitArgs {
    /// `limits`, but for what is given.
    pub(crate) fn over(&self, limits: &mut projectile_formats::Limits) {
        set(&mut limits.decoded_bytes, self.max_decoded);
        set(&mut limits.download_bytes, self.max_download);
        set(&mut limits.metadata_bytes, self.max_metadata);
        set(&mut limits.depth, self.max_depth);
        set(&mut limits.directories, self.max_directories);
        set(&mut limits.scans, self.max_scans);
    }
}

fn set<T>(limit: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *limit = given;
    }
}

/// From 1 on: a server that takes nothing is none.
fn count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count @ 1..) => Ok(count),
        _ => Err("no number from 1 on".to_owned()),
    }
}

/// No more than a thread's stack has room for.
fn depth(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(depth @ 1..=256) => Ok(depth),
        _ => Err("no number from 1 to 256".to_owned()),
    }
}

/// What hyper can be told to read.
fn head(text: &str) -> Result<usize, String> {
    match usize::try_from(bytes(text)?) {
        Ok(bytes @ 0x2000..=0x0100_0000) => Ok(bytes),
        _ => Err("no number of bytes from 8K to 16M".to_owned()),
    }
}

/// Of no more memory than a request may take.
fn body(text: &str) -> Result<usize, String> {
    match usize::try_from(bytes(text)?) {
        Ok(bytes @ 1..=0x0400_0000) => Ok(bytes),
        _ => Err("no number of bytes from 1 to 64M".to_owned()),
    }
}

/// Whole or not, above 0 and to a day.
fn seconds(text: &str) -> Result<Duration, String> {
    const MOST: f64 = 86_400.0;
    text.parse()
        .ok()
        .filter(|seconds| (0.001..=MOST).contains(seconds))
        .map(Duration::from_secs_f64)
        .ok_or_else(|| "no number of seconds from 0.001 to 86400".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_replaces_what_was_and_nothing_else() {
        let mut limits = Limits::default();
        let given = LimitArgs {
            header_timeout: Some(Duration::from_millis(500)),
            max_connections: Some(3),
            ..LimitArgs::default()
        };
        given.over(&mut limits);
        let mut expected = Limits::default();
        (expected.head, expected.connections) = (Duration::from_millis(500), 3);
        assert_eq!(limits, expected);
    }

    #[test]
    fn nonsense_is_refused() {
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        assert!(
            ["0", "-1", "nan", "inf", "1e9", "", "soon"]
                .iter()
                .all(|odd| seconds(odd).is_err())
        );
        assert_eq!(head("8K"), Ok(8192));
        assert!(["8191", "17M", "lots"].iter().all(|odd| head(odd).is_err()));
        assert_eq!(count("7"), Ok(7));
        assert!(["0", "-1", "many", ""].iter().all(|odd| count(odd).is_err()));
    }
}
