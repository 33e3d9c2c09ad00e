//! Spans of requests for a collector, where the program was built with the feature `opentelemetry`.

#[cfg(not(feature = "opentelemetry"))]
mod none;
#[cfg(feature = "opentelemetry")]
mod otlp;

#[cfg(not(feature = "opentelemetry"))]
pub(crate) use none::layer;
#[cfg(feature = "opentelemetry")]
pub(crate) use otlp::layer;
