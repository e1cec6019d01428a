//! Logs on their way to a collector.

use crate::service::{Options, Running, eventually, telemetry};
use crate::wire::request;

const LOGS: &str = "POST /v1/logs HTTP/1.1";

#[tokio::test]
async fn what_is_logged_reaches_the_collector_with_its_trace_and_its_service() {
    let trace_id = "8bf92f3577b34da6a3ce929d0e0e4736";
    let (telemetry, collector) = telemetry();
    let running = Running::with(&Options::default()).await;
    let parent = format!("traceparent: 00-{trace_id}-00f067aa0ba902b7-01\r\n");
    request(running.address, "GET", "/trace", &parent).await;
    let id = u128::from_str_radix(trace_id, 16).unwrap().to_be_bytes();
    eventually("the line is exported", || async {
        telemetry.flush().await;
        !collector.exports_with(LOGS, &id).is_empty()
    })
    .await;
    let exports = collector.exports_with(LOGS, &id);
    for text in [
        "a line of a trace",
        "colour",
        "green",
        "test-service",
        "1.2.3",
    ] {
        assert!(exports[0].contains(text.as_bytes()), "{text}");
    }
    // The filter of the log holds for the collector too.
    assert!(collector.exports_with(LOGS, b"filtered out").is_empty());
}
