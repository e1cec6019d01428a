//! Metrics in the OpenMetrics text format, for Prometheus.

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// From a millisecond to the longest time that a request may take.
const BUCKETS: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0,
];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BuildLabels {
    service: &'static str,
    version: &'static str,
}

/// The requests that were answered: rate, errors and duration, by route template.
///
/// The labels are bounded: methods that HTTP does not define count as `other`, and paths that no
/// route matches as `unmatched`.
#[derive(Debug, Clone)]
pub struct RequestMetrics(Family<RequestLabels, Histogram, fn() -> Histogram>);

impl RequestMetrics {
    /// Counts one answered request.
    pub fn observe(&self, method: &str, route: String, status: u16, took: Duration) {
        let labels = RequestLabels {
            method: known_method(method),
            route,
            status,
        };
        self.0.get_or_create(&labels).observe(took.as_secs_f64());
    }
}

fn known_method(method: &str) -> &'static str {
    const KNOWN: [&str; 9] = [
        "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH",
    ];
    KNOWN
        .into_iter()
        .find(|known| *known == method)
        .unwrap_or("other")
}

/// Everything that a service measures. Register the service's own metrics before sharing it.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: RequestMetrics,
}

impl Metrics {
    /// The metrics that all services have.
    #[must_use]
    pub fn new(service: &'static str, version: &'static str) -> Self {
        let mut registry = Registry::default();
        let requests = RequestMetrics(Family::new_with_constructor(|| Histogram::new(BUCKETS)));
        registry.register_with_unit(
            "http_server_request_duration",
            "How long requests took until their answer was sent",
            Unit::Seconds,
            requests.0.clone(),
        );
        let build = Family::<BuildLabels, Gauge>::default();
        build
            .get_or_create(&BuildLabels { service, version })
            .set(1);
        registry.register("build_info", "The program that runs; always 1", build);
        Self { registry, requests }
    }

    /// Where a service registers what it measures itself.
    pub fn registry(&mut self) -> &mut Registry {
        &mut self.registry
    }

    /// What counts requests.
    #[must_use]
    pub fn requests(&self) -> RequestMetrics {
        self.requests.clone()
    }

    /// All metrics as OpenMetrics text.
    ///
    /// # Errors
    /// When a metric cannot be written as text, which a registered one always can.
    pub fn encode(self: &Arc<Self>) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_route_template_and_status() {
        let metrics = Arc::new(Metrics::new("test", "1"));
        metrics.requests().observe(
            "GET",
            "/things/{id}".to_owned(),
            200,
            Duration::from_millis(3),
        );
        metrics.requests().observe(
            "BREW",
            "unmatched".to_owned(),
            405,
            Duration::from_millis(3),
        );
        let text = metrics.encode().unwrap();
        let counted = "http_server_request_duration_seconds_count";
        assert!(
            text.contains(&format!(
                r#"{counted}{{method="GET",route="/things/{{id}}",status="200"}} 1"#
            )),
            "{text}"
        );
        assert!(
            text.contains(&format!(
                r#"{counted}{{method="other",route="unmatched",status="405"}} 1"#
            )),
            "{text}"
        );
    }
}
