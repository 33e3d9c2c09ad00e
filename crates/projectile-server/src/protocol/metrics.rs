//! `/metrics`: what Prometheus asks for.

use projectile_core::Result;

use super::{Call, Protocol, World};
use crate::address::Address;
use crate::api::{Answer, Operation};

/// What is counted.
pub(crate) struct Metrics;

const OPERATIONS: &[Operation] = &[Operation {
    path: "/metrics",
    group: "Server",
    about: "Requests, latencies, caches and memory, for Prometheus",
    parameters: &[],
    body: None,
    answer: Answer::Files(&["application/openmetrics-text"]),
}];

impl Protocol for Metrics {
    fn name(&self) -> &'static str {
        "metrics"
    }

    fn operations(&self) -> &'static [Operation] {
        OPERATIONS
    }

    fn parse(&self, address: &Address<'_>, _: &World<'_>) -> Result<Option<Call>> {
        Ok((address.path() == ["metrics"]).then_some(Call::Metrics))
    }
}
