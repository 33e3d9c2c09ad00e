//! Spans for an OpenTelemetry collector, by OTLP over HTTP. Where it is and what it is told of this server is what the
//! standard's variables say (`OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_SERVICE_NAME`, …:
//! <https://opentelemetry.io/docs/specs/otel/protocol/exporter/>); nothing is sent where none names a collector.

use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::Layer;
use tracing_subscriber::registry::LookupSpan;

use super::super::Failure;

const COLLECTORS: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
];

/// Sends what is not sent yet when it is dropped.
pub(crate) struct Sender(Option<SdkTracerProvider>);

impl Drop for Sender {
    fn drop(&mut self) {
        // A collector that is not there is no failure of the server that ends.
        if let Some(Err(error)) = self.0.take().map(|provider| provider.shutdown()) {
            super::super::complain(&format!("the last spans could not be sent: {error}"));
        }
    }
}

/// The layer that makes spans of requests the collector's, where there is one.
///
/// # Errors
/// When what the variables say is no address.
pub(crate) fn layer<S>() -> Result<(Option<impl Layer<S>>, Sender), Failure>
where
    S: tracing::Subscriber + for<'span> LookupSpan<'span>,
{
    let is_asked = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if !COLLECTORS.iter().any(is_asked) {
        return Ok((None, Sender(None)));
    }
    // As readers of addresses do; whichever comes first stands for all.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let exporter = SpanExporter::builder()
        .with_http()
        .build()
        .map_err(|error| format!("the OpenTelemetry collector: {error}"))?;
    let mut resource = Resource::builder();
    if std::env::var_os("OTEL_SERVICE_NAME").is_none() {
        resource = resource.with_service_name("projectile");
    }
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource.build())
        .build();
    let tracer = provider.tracer("projectile");
    let spans = tracing_opentelemetry::layer()
        .with_tracer(tracer)
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_filter(filter_fn(|metadata| {
            metadata.is_span() && metadata.target() == projectile_server::REQUEST_SPANS
        }));
    Ok((Some(spans), Sender(Some(provider))))
}
