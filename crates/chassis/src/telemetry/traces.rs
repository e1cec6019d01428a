//! Spans: every request has a trace id, whether or not spans are sent anywhere.

use std::time::Duration;

use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracerProvider, Tracer};
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::registry::LookupSpan;

const EXPORT_TIMEOUT: Duration = Duration::from_secs(3);

/// Why spans cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum ExporterError {
    /// The HTTP client.
    #[error(transparent)]
    Client(#[from] crate::outbound::ClientError),
    /// The exporter itself, mostly because of its address.
    #[error(transparent)]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
    /// The thread that makes the client ended early.
    #[error("the exporter's thread could not run")]
    Thread,
}

pub(super) fn provider(
    service: &'static str,
    version: &'static str,
    endpoint: Option<&str>,
) -> Result<SdkTracerProvider, ExporterError> {
    let resource = Resource::builder()
        .with_service_name(service)
        .with_attribute(opentelemetry::KeyValue::new("service.version", version))
        .build();
    let builder = SdkTracerProvider::builder().with_resource(resource);
    let Some(endpoint) = endpoint else {
        return Ok(builder.build());
    };
    Ok(builder.with_batch_exporter(exporter(endpoint)?).build())
}

fn exporter(endpoint: &str) -> Result<opentelemetry_otlp::SpanExporter, ExporterError> {
    // The batch processor runs on a thread without an async runtime, so its client must block; and
    // a blocking client cannot be made on a thread that runs async code.
    let url = endpoint.to_owned();
    let client = std::thread::spawn(move || crate::outbound::blocking_client(&url, EXPORT_TIMEOUT))
        .join()
        .map_err(|_| ExporterError::Thread)??;
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_http_client(client)
        .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
        .with_timeout(EXPORT_TIMEOUT)
        .build()?;
    Ok(exporter)
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
