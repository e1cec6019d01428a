//! Log lines, for machines or for people, and the same events for a collector.

use std::io::IsTerminal;

use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_otlp::{WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use serde::Deserialize;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::{FilterExt, ParseError, Targets, filter_fn};
use tracing_subscriber::layer::Filter;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, fmt};

use super::otlp::{EXPORT_TIMEOUT, ExporterError, url};
use super::reported::Reported;

/// Who speaks while logs are being sent: to send that too would never end.
const SENDERS: [&str; 6] = ["opentelemetry", "reqwest", "hyper", "h2", "rustls", "tower"];

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text when the output is a terminal, else JSON.
    Auto,
    /// One JSON object a line.
    Json,
    /// One readable line.
    Text,
}

/// Which events are logged. Spans stay, so that a warning is logged with its trace id even where
/// nothing but warnings is.
pub(super) fn filter<S>(
    directives: &str,
) -> Result<impl Filter<S> + Send + Sync + use<S>, ParseError>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
{
    let spans = |metadata: &Metadata<'_>| metadata.is_span() && *metadata.level() <= Level::INFO;
    let spans = filter_fn(spans).with_max_level_hint(Level::INFO);
    Ok(directives.parse::<Targets>()?.or(spans))
}

/// Sends events to the collector.
pub(super) fn provider(
    resource: Resource,
    (endpoint, client): (&str, &reqwest::blocking::Client),
) -> Result<SdkLoggerProvider, ExporterError> {
    let exporter = opentelemetry_otlp::LogExporter::builder()
        .with_http()
        .with_http_client(client.clone())
        .with_endpoint(url(endpoint, "logs"))
        .with_timeout(EXPORT_TIMEOUT)
        .build()?;
    let builder = SdkLoggerProvider::builder().with_resource(resource);
    let exporter = Reported::new("logs", exporter);
    Ok(builder.with_batch_exporter(exporter).build())
}

/// The events that are logged, on their way to the collector.
pub(super) fn collected<S>(
    provider: &SdkLoggerProvider,
    directives: &str,
) -> Result<impl Layer<S> + Send + Sync + use<S>, ParseError>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
{
    let others = filter_fn(|metadata| {
        let speaker = metadata.target().split("::").next().unwrap_or_default();
        !SENDERS.iter().any(|sender| speaker.starts_with(sender))
    });
    let filter = filter(directives)?.and(others);
    Ok(OpenTelemetryTracingBridge::new(provider).with_filter(filter))
}

pub(super) fn layer<S>(format: LogFormat) -> Box<dyn Layer<S> + Send + Sync>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
{
    let terminal = std::io::stdout().is_terminal();
    let text = match format {
        LogFormat::Auto => terminal,
        LogFormat::Json => false,
        LogFormat::Text => true,
    };
    if text {
        let colour = terminal && std::env::var_os("NO_COLOR").is_none();
        return fmt::layer()
            .with_ansi(colour)
            .with_target(false)
            .compact()
            .boxed();
    }
    fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .boxed()
}
