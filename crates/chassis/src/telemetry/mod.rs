//! Logs and traces of a service.

mod logs;
mod otlp;
mod propagation;
mod reported;
mod traces;

use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

use crate::program::Program;
pub use logs::LogFormat;
pub use propagation::{continue_trace, current_trace_headers, current_trace_id};

crate::settings! {
    /// What a service tells of itself, and to whom.
    pub struct TelemetrySettings {
        /// How log lines look: json (for machines), text (for people), or auto: text on a terminal, else json.
        pub log_format: LogFormat = "auto",
        /// Which events are logged: a level (error, warn, info, debug, trace), then target=level where it differs, such as info,sqlx=debug.
        pub log_filter: String = "info,actix_server=warn",
        /// Where traces and logs are sent by OTLP over HTTP, such as `http://collector:4318`; nowhere if not set.
        pub otel_exporter_otlp_endpoint: Option<String>,
    }
}

/// Telemetry that has been started; [`Telemetry::flush`] before the end.
#[derive(Debug, Clone)]
pub struct Telemetry {
    traces: SdkTracerProvider,
    logs: Option<SdkLoggerProvider>,
}

/// Why telemetry cannot start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// `LOG_FILTER` cannot be read.
    #[error("LOG_FILTER is wrong: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// The exporters cannot be made.
    #[error("OTEL_EXPORTER_OTLP_ENDPOINT is wrong: {0}")]
    Exporter(#[from] otlp::ExporterError),
    /// Another subscriber is there already.
    #[error("telemetry was started twice: {0}")]
    Twice(#[from] TryInitError),
}

impl Telemetry {
    /// Starts logs and traces of the program.
    ///
    /// # Errors
    /// [`TelemetryError`] when a setting is wrong.
    pub fn start(program: &Program, settings: &TelemetrySettings) -> Result<Self, TelemetryError> {
        let resource = otlp::resource(program.name, program.version);
        let endpoint = settings.otel_exporter_otlp_endpoint.as_deref();
        let client = endpoint.map(otlp::client).transpose()?;
        let collector = endpoint.zip(client.as_ref());
        let logs = collector
            .map(|collector| logs::provider(resource.clone(), collector))
            .transpose()?;
        let collected = logs
            .as_ref()
            .map(|provider| logs::collected(provider, &settings.log_filter))
            .transpose()?;
        let traces = traces::provider(resource, collector)?;
        tracing_subscriber::registry()
            // Each layer has its own filter: whatever is logged, every request has its trace.
            .with(traces::layer(&traces, program.name).with_filter(LevelFilter::INFO))
            .with(collected)
            .with(logs::layer(settings.log_format).with_filter(logs::filter(&settings.log_filter)?))
            .try_init()?;
        Ok(Self { traces, logs })
    }

    /// Sends what has not been sent yet. Waits a few seconds at most; may be called again.
    pub async fn flush(&self) {
        let Self { traces, logs } = self.clone();
        let flush = move || -> OTelSdkResult {
            traces.force_flush()?;
            logs.map_or(Ok(()), |logs| logs.force_flush())
        };
        let flushed = tokio::task::spawn_blocking(flush).await;
        if let Ok(Err(error)) = flushed {
            tracing::warn!(%error, "the last traces and logs could not be sent");
        }
    }
}
