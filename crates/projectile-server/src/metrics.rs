//! What Prometheus is told at `/metrics`.

use std::fmt::Write as _;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use projectile_core::{ErrorKind, Result};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// Seconds: from a tile that is at hand to one that is far away.
const BUCKETS: [f64; 14] = [
    0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    protocol: &'static str,
    status: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Asked {
    protocol: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    outcome: &'static str,
}

/// How renders ended.
#[derive(Clone, Debug)]
pub(crate) struct Renders {
    made: Counter,
    failed: Counter,
    cancelled: Counter,
}

impl Renders {
    fn new(ended: &Family<Ended, Counter>) -> Self {
        let counter = |outcome| ended.get_or_create(&Ended { outcome }).clone();
        Self {
            made: counter("made"),
            failed: counter("failed"),
            cancelled: counter("cancelled"),
        }
    }

    /// Takes note of one.
    pub(crate) fn ended<T>(&self, outcome: &Result<T>) {
        match outcome {
            Ok(_) => self.made.inc(),
            Err(error) if error.kind() == ErrorKind::Cancelled => self.cancelled.inc(),
            Err(_) => self.failed.inc(),
        };
    }
}

/// What is counted.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    seconds: Family<Asked, Histogram, fn() -> Histogram>,
    bytes: Family<Asked, Counter>,
    pub(crate) cache_hits: Counter,
    pub(crate) cache_misses: Counter,
    pub(crate) renders: Renders,
    gauges: Gauges,
}

/// What is looked at when it is asked for.
#[derive(Debug, Default)]
struct Gauges {
    cache: Gauge,
    running: Gauge,
    waiting: Gauge,
    in_flight: Gauge,
    images: Gauge,
    resident: Gauge<u64, AtomicU64>,
}

/// How things stand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct State {
    pub(crate) cache_bytes: u64,
    pub(crate) running: usize,
    pub(crate) waiting: usize,
    pub(crate) in_flight: usize,
    pub(crate) images: usize,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("projectile");
        let requests = Family::default();
        let histogram: fn() -> Histogram = || Histogram::new(BUCKETS);
        let seconds = Family::new_with_constructor(histogram);
        let bytes = Family::default();
        let (cache_hits, cache_misses) = (Counter::default(), Counter::default());
        let gauges = Gauges::default();
        registry.register(
            "requests",
            "Answered requests, by protocol and status",
            requests.clone(),
        );
        registry.register_with_unit(
            "request_duration",
            "From the request's head to the answer's",
            Unit::Seconds,
            seconds.clone(),
        );
        registry.register_with_unit("response", "Bodies of answers", Unit::Bytes, bytes.clone());
        registry.register("tile_cache_hits", "Tiles that were kept", cache_hits.clone());
        registry.register(
            "tile_cache_misses",
            "Tiles that had to be made",
            cache_misses.clone(),
        );
        let ended = Family::default();
        let renders = Renders::new(&ended);
        registry.register("renders", "Tiles that were begun, by how that ended", ended);
        registry.register_with_unit("tile_cache", "Kept tiles", Unit::Bytes, gauges.cache.clone());
        registry.register("pool_running", "Jobs on render threads", gauges.running.clone());
        registry.register(
            "pool_waiting",
            "Jobs that wait for a render thread",
            gauges.waiting.clone(),
        );
        registry.register(
            "requests_in_flight",
            "Requests being answered",
            gauges.in_flight.clone(),
        );
        registry.register("images", "Images that are served", gauges.images.clone());
        registry.register_with_unit(
            "resident_memory",
            "Memory of the process",
            Unit::Bytes,
            gauges.resident.clone(),
        );
        Self {
            registry,
            requests,
            seconds,
            bytes,
            cache_hits,
            cache_misses,
            renders,
            gauges,
        }
    }

    /// Takes note of an answer.
    pub(crate) fn answered(&self, protocol: &'static str, status: u16, took: Duration, bytes: u64) {
        let status = status.into();
        self.requests.get_or_create(&Answered { protocol, status }).inc();
        self.seconds
            .get_or_create(&Asked { protocol })
            .observe(took.as_secs_f64());
        self.bytes.get_or_create(&Asked { protocol }).inc_by(bytes);
    }

    /// In the text format of OpenMetrics.
    pub(crate) fn text(&self, state: State) -> String {
        let signed = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let gauges = &self.gauges;
        gauges
            .cache
            .set(i64::try_from(state.cache_bytes).unwrap_or(i64::MAX));
        gauges.running.set(signed(state.running));
        gauges.waiting.set(signed(state.waiting));
        gauges.in_flight.set(signed(state.in_flight));
        gauges.images.set(signed(state.images));
        gauges.resident.set(resident_bytes().unwrap_or(0));
        let mut text = String::new();
        if encode(&mut text, &self.registry).is_err() {
            let _ = writeln!(text, "# EOF");
        }
        text
    }
}

/// Of this process, where the system says.
fn resident_bytes() -> Option<u64> {
    const PAGE: u64 = 4096;
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split(' ').nth(1)?.parse().ok()?;
    pages.checked_mul(PAGE)
}

#[cfg(test)]
mod tests {
    use projectile_core::Error;

    use super::*;

    #[test]
    fn what_was_counted_is_told() {
        let metrics = Metrics::new();
        metrics.answered("tiles", 200, Duration::from_millis(3), 1000);
        metrics.answered("tiles", 404, Duration::from_millis(1), 50);
        metrics.cache_hits.inc();
        metrics.renders.ended(&Ok(()));
        metrics.renders.ended::<()>(&Err(Error::cancelled()));
        metrics.renders.ended::<()>(&Err(Error::internal("a fault")));
        let text = metrics.text(State {
            cache_bytes: 5,
            running: 1,
            waiting: 2,
            in_flight: 3,
            images: 4,
        });
        for line in [
            "projectile_requests_total{protocol=\"tiles\",status=\"404\"} 1",
            "projectile_request_duration_seconds_bucket{le=\"0.002\",protocol=\"tiles\"} 1",
            "projectile_response_bytes_total{protocol=\"tiles\"} 1050",
            "projectile_tile_cache_hits_total 1",
            "projectile_renders_total{outcome=\"made\"} 1",
            "projectile_renders_total{outcome=\"cancelled\"} 1",
            "projectile_renders_total{outcome=\"failed\"} 1",
            "projectile_pool_waiting 2",
            "projectile_images 4",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
        assert!(text.ends_with("# EOF\n"));
    }
}
