//! A span for each request, by OpenTelemetry's names for HTTP servers
//! (<https://opentelemetry.io/docs/specs/semconv/http/http-spans/>). Where nobody listens to spans they cost a comparison.

use std::net::IpAddr;

use http::HeaderValue;
use http::request::Parts;
use tracing::Span;
use tracing::field::Empty;

/// The target of the spans of requests, by which filters know them.
pub const REQUEST_SPANS: &str = "request_spans";

/// A request's span, a part of the trace that its client names.
pub(crate) fn request(parts: &Parts, id: &HeaderValue, peer: Option<IpAddr>) -> Span {
    let span = tracing::debug_span!(
        target: REQUEST_SPANS,
        "request",
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = %parts.method,
        // Without the query, which may hold a token.
        url.path = parts.uri.path(),
        http.response.status_code = Empty,
        http.response.body.size = Empty,
        network.peer.address = peer.map(display),
        projectile.protocol = Empty,
        projectile.request_id = id.to_str().unwrap_or_default(),
    );
    if !span.is_disabled() {
        continue_trace(&span, parts);
    }
    span
}

/// What became of it.
pub(crate) fn answered(span: &Span, parts: &Parts, protocol: &str, status: u16, bytes: u64) {
    if !span.is_disabled() {
        rename(span, format!("{} {protocol}", parts.method));
    }
    span.record("projectile.protocol", protocol);
    // OpenTelemetry's integers have a sign; others would be sent as text.
    span.record("http.response.status_code", i64::from(status));
    span.record(
        "http.response.body.size",
        i64::try_from(bytes).unwrap_or(i64::MAX),
    );
    if status >= 500 {
        span.record("otel.status_code", "ERROR");
    }
}

/// The span of the work on a thread of the pool, a part of that of the request that asked for it first.
pub(crate) fn render() -> Span {
    tracing::debug_span!(target: REQUEST_SPANS, "render")
}

#[cfg(feature = "opentelemetry")]
fn continue_trace(span: &Span, parts: &Parts) {
    use opentelemetry::propagation::{Extractor, TextMapPropagator};
    use opentelemetry_sdk::propagation::TraceContextPropagator;
    use tracing_opentelemetry::OpenTelemetrySpanExt;

    struct Headers<'a>(&'a http::HeaderMap);
    impl Extractor for Headers<'_> {
        fn get(&self, key: &str) -> Option<&str> {
            self.0.get(key).and_then(|value| value.to_str().ok())
        }

        fn keys(&self) -> Vec<&str> {
            self.0.keys().map(http::HeaderName::as_str).collect()
        }
    }
    let parent = TraceContextPropagator::new().extract(&Headers(&parts.headers));
    // It fails only where no collector is asked for, and then there is no trace to be a part of.
    let _ = span.set_parent(parent);
}

/// Only when a request is answered is it known by which protocol.
#[cfg(feature = "opentelemetry")]
fn rename(span: &Span, name: String) {
    use opentelemetry::trace::TraceContextExt;
    use tracing_opentelemetry::OpenTelemetrySpanExt;

    span.context().span().update_name(name);
}

#[cfg(not(feature = "opentelemetry"))]
fn continue_trace(_: &Span, _: &Parts) {}

#[cfg(not(feature = "opentelemetry"))]
fn rename(_: &Span, _: String) {}
