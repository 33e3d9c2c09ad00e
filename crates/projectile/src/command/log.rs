//! What a server says while it runs: lines on standard error, and spans to a collector.

use std::io::IsTerminal;

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use super::Failure;
use super::args::{LogFormat, ServeArgs};

/// Starts the log. What is not sent yet is sent when the answer is dropped.
pub(crate) fn start(args: &ServeArgs) -> Result<impl Drop + use<>, Failure> {
    let level = match (args.debug, args.log) {
        (true, _) => LevelFilter::DEBUG,
        (false, Some(_)) => LevelFilter::INFO,
        (false, None) => LevelFilter::WARN,
    };
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(args.debug);
    let lines = if args.log == Some(LogFormat::Json) {
        lines.json().flatten_event(true).with_filter(level).boxed()
    } else {
        lines.with_filter(level).boxed()
    };
    let log = tracing_subscriber::registry().with(lines);
    let (spans, sender) = super::telemetry::layer()?;
    // Whoever runs this command twice in a process has the first one's log.
    log.with(spans).try_init().unwrap_or_default();
    Ok(sender)
}
