//! What traces and logs have in common on their way to a collector.

use std::time::Duration;

use opentelemetry_sdk::Resource;

pub(super) const EXPORT_TIMEOUT: Duration = Duration::from_secs(3);

/// Why traces and logs cannot be sent.
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

/// Who sends them.
pub(super) fn resource(service: &'static str, version: &'static str) -> Resource {
    Resource::builder()
        .with_service_name(service)
        .with_attribute(opentelemetry::KeyValue::new("service.version", version))
        .build()
}

/// Where they are sent, by what they are.
pub(super) fn url(endpoint: &str, signal: &str) -> String {
    format!("{}/v1/{signal}", endpoint.trim_end_matches('/'))
}

/// The client that sends them.
pub(super) fn client(endpoint: &str) -> Result<reqwest::blocking::Client, ExporterError> {
    // The batch processors run on threads without an async runtime, so their client must block; and
    // a blocking client cannot be made on a thread that runs async code.
    let url = endpoint.to_owned();
    let made = std::thread::spawn(move || crate::outbound::blocking_client(&url, EXPORT_TIMEOUT));
    Ok(made.join().map_err(|_| ExporterError::Thread)??)
}
