//! Says when a collector stops taking what is sent to it, and when it takes it again. The exporters
//! themselves say nothing, and a line for each batch would flood the log.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::{LogBatch, LogExporter};
use opentelemetry_sdk::trace::{SpanData, SpanExporter};

/// An exporter whose changes of fortune are logged.
#[derive(Debug)]
pub(super) struct Reported<E> {
    exporter: E,
    /// What it sends, as the log calls it.
    what: &'static str,
    failing: AtomicBool,
}

impl<E> Reported<E> {
    pub(super) fn new(what: &'static str, exporter: E) -> Self {
        Self {
            exporter,
            what,
            failing: AtomicBool::new(false),
        }
    }

    fn report(&self, result: OTelSdkResult) -> OTelSdkResult {
        let failed_before = self.failing.swap(result.is_err(), Ordering::Relaxed);
        let what = self.what;
        match &result {
            Err(error) if !failed_before => {
                tracing::warn!(%error, "{what} do not reach the collector; the log will say when they do");
            }
            Ok(()) if failed_before => tracing::info!("{what} reach the collector again"),
            _ => {}
        }
        result
    }
}

impl<E: LogExporter> LogExporter for Reported<E> {
    async fn export(&self, batch: LogBatch<'_>) -> OTelSdkResult {
        self.report(self.exporter.export(batch).await)
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

impl<E: SpanExporter> SpanExporter for Reported<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.report(self.exporter.export(batch).await)
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;
    use std::sync::{Arc, Mutex};

    use opentelemetry_sdk::error::OTelSdkError;
    use opentelemetry_sdk::logs::{LogBatch, LogExporter};
    use tracing::field::{Field, Visit};
    use tracing_subscriber::layer::{Context, SubscriberExt};
    use tracing_subscriber::{Layer, Registry};

    use super::{OTelSdkResult, Reported, SpanData, SpanExporter};

    /// Takes nothing as long as it is told not to.
    #[derive(Debug, Default)]
    struct Collector(Mutex<bool>);

    impl Collector {
        fn answer(&self) -> OTelSdkResult {
            if *self.0.lock().unwrap() {
                return Ok(());
            }
            Err(OTelSdkError::InternalFailure("404".to_owned()))
        }
    }

    impl LogExporter for Collector {
        async fn export(&self, _: LogBatch<'_>) -> OTelSdkResult {
            self.answer()
        }
    }

    impl SpanExporter for Collector {
        async fn export(&self, _: Vec<SpanData>) -> OTelSdkResult {
            self.answer()
        }
    }

    /// What is logged, a line each.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<String>>>);

    impl<S: tracing::Subscriber> Layer<S> for Lines {
        fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
            let mut words = Words(event.metadata().level().to_string());
            event.record(&mut words);
            self.0.lock().unwrap().push(words.0);
        }
    }

    struct Words(String);

    impl Visit for Words {
        fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
            write!(self.0, " {field}={value:?}").unwrap();
        }
    }

    #[tokio::test]
    async fn a_collector_that_refuses_is_told_once_and_once_more_when_it_takes_again() {
        let lines = Lines::default();
        let listening = tracing::subscriber::set_default(Registry::default().with(lines.clone()));
        let logs = Reported::new("logs", Collector::default());
        let traces = Reported::new("traces", Collector::default());
        for takes in [false, false, false, true, true, false] {
            for one in [&logs, &traces] {
                *one.exporter.0.lock().unwrap() = takes;
            }
            let sent = LogExporter::export(&logs, LogBatch::new(&[])).await;
            assert_eq!(sent.is_ok(), takes);
            let sent = SpanExporter::export(&traces, Vec::new()).await;
            assert_eq!(sent.is_ok(), takes);
        }
        drop(listening);
        let lines = lines.0.lock().unwrap();
        let of = |what: &str| {
            let lines = lines.iter().filter(|line| line.contains(what));
            lines.map(String::as_str).collect::<Vec<_>>()
        };
        for what in ["logs", "traces"] {
            let lines = of(&format!("message={what} "));
            assert_eq!(lines.len(), 3, "{lines:?}");
            for (line, level) in lines.iter().zip(["WARN", "INFO", "WARN"]) {
                assert!(line.starts_with(level), "{line}");
                assert_eq!(line.contains("404"), level == "WARN", "{line}");
            }
        }
    }
}
