//! W3C trace context in and out, and the export of spans.

use crate::service::{Options, Running, eventually, telemetry};
use crate::wire::{get, request};

const TRACES: &str = "POST /v1/traces HTTP/1.1";
const PARENT: &str = "00f067aa0ba902b7";

fn traceparent(trace_id: &str) -> String {
    format!("traceparent: 00-{trace_id}-{PARENT}-01\r\n")
}

#[tokio::test]
async fn a_problem_names_the_callers_trace() {
    let trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
    let running = Running::with(&Options::default()).await;
    let answer = request(running.address, "GET", "/nowhere", &traceparent(trace_id)).await;
    assert_eq!(answer.json()["trace_id"], trace_id);
}

#[tokio::test]
async fn without_a_usable_parent_each_request_has_a_trace_of_its_own() {
    let running = Running::with(&Options::default()).await;
    let mut seen = vec!["0".repeat(32)];
    for headers in [
        "",
        "traceparent: nonsense\r\n",
        &traceparent(&seen[0].clone()),
    ] {
        let answer = request(running.address, "GET", "/nowhere", headers).await;
        let trace_id = answer.json()["trace_id"].as_str().unwrap().to_owned();
        assert_eq!(trace_id.len(), 32);
        assert!(!seen.contains(&trace_id), "{trace_id}");
        seen.push(trace_id);
    }
}

#[tokio::test]
async fn a_callee_is_told_the_same_trace_with_this_services_span() {
    let trace_id = "5bf92f3577b34da6a3ce929d0e0e4736";
    let running = Running::with(&Options::default()).await;
    let answer = request(running.address, "GET", "/trace", &traceparent(trace_id)).await;
    let told: Vec<_> = answer.body.split('-').collect();
    assert_eq!((told[0], told[1], told[3]), ("00", trace_id, "01"));
    assert!(told[2].len() == 16 && told[2] != PARENT, "{}", answer.body);
}

#[tokio::test]
async fn spans_reach_the_collector_when_they_are_flushed() {
    let trace_id = "6bf92f3577b34da6a3ce929d0e0e4736";
    let (telemetry, collector) = telemetry();
    let running = Running::with(&Options::default()).await;
    let answer = request(running.address, "GET", "/things/1", &traceparent(trace_id)).await;
    assert_eq!(answer.status, 200);
    let id = u128::from_str_radix(trace_id, 16).unwrap().to_be_bytes();
    eventually("the span is exported", || async {
        telemetry.flush().await;
        !collector.exports_with(TRACES, &id).is_empty()
    })
    .await;
    let exports = collector.exports_with(TRACES, &id);
    let export = &exports[0];
    for text in ["test-service", "GET /things/{id}"] {
        assert!(export.contains(text.as_bytes()), "{text}");
    }
}

#[tokio::test]
async fn a_stop_flushes_the_last_spans() {
    let trace_id = "7bf92f3577b34da6a3ce929d0e0e4736";
    let running = Running::with(&Options::default()).await;
    request(running.address, "GET", "/things/1", &traceparent(trace_id)).await;
    get(running.address, "/things/2").await;
    running.signals.soft.cancel();
    running.ended().await.unwrap();
    let id = u128::from_str_radix(trace_id, 16).unwrap().to_be_bytes();
    assert!(!telemetry().1.exports_with(TRACES, &id).is_empty());
}
