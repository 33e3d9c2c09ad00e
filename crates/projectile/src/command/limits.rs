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

    /// Memory for answers that wait for their readers, e.g. 64M [default: 256M]
    #[arg(long, help_heading = "Limits", value_name = "BYTES", value_parser = bytes)]
    max_unsent: Option<u64>,

    /// How long a request's head may take to arrive [default: 10]
    #[arg(long, help_heading = "Limits", value_name = "SECONDS", value_parser = seconds)]
    header_timeout: Option<Duration>,

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
        set(&mut limits.unsent, self.max_unsent);
        set(&mut limits.head, self.header_timeout);
        set(&mut limits.idle, self.idle_timeout);
        set(&mut limits.stall, self.stall_timeout);
        set(&mut limits.drain, self.drain_timeout);
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

/// What hyper can be told to read.
fn head(text: &str) -> Result<usize, String> {
    match usize::try_from(bytes(text)?) {
        Ok(bytes @ 0x2000..=0x0100_0000) => Ok(bytes),
        _ => Err("no number of bytes from 8K to 16M".to_owned()),
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
