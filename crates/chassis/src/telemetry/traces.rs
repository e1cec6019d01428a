//! Spans: every request has a trace id, whether or not spans are sent anywhere.

use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracerProvider, Tracer};
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::registry::LookupSpan;

use super::otlp::{EXPORT_TIMEOUT, ExporterError, url};
use super::reported::Reported;

/// Sends spans nowhere without a client and an address for it.
pub(super) fn provider(
    resource: Resource,
    collector: Option<(&str, &reqwest::blocking::Client)>,
) -> Result<SdkTracerProvider, ExporterError> {
    let builder = SdkTracerProvider::builder().with_resource(resource);
    let Some((endpoint, client)) = collector else {
        return Ok(builder.build());
    };
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_http_client(client.clone())
        .with_endpoint(url(endpoint, "traces"))
        .with_timeout(EXPORT_TIMEOUT)
        .build()?;
    let exporter = Reported::new("traces", exporter);
    Ok(builder.with_batch_exporter(exporter).build())
}

pub(super) fn layer<S>(
    provider: &SdkTracerProvider,
    service: &'static str,
) -> OpenTelemetryLayer<S, Tracer>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
{
    tracing_opentelemetry::layer().with_tracer(provider.tracer(service))
}
