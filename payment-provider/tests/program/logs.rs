//! What is logged, for machines.

use crate::process::{Process, database_in, events};

const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

#[test]
fn each_request_is_one_json_event_with_its_trace_route_status_and_duration() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::on(&database_in(&folder));
    let traceparent = format!("traceparent: 00-{TRACE_ID}-00f067aa0ba902b7-01\r\n");
    let id = "0198c0de-0000-7000-8000-000000000001";
    let (status, _) = process.request("GET", &format!("/v1/payments/{id}"), &traceparent, "");
    assert_eq!(status, 404);
    let (stopped, logged) = process.stop();
    assert!(stopped.success(), "{stopped}");

    let events = events(&logged);
    let answered: Vec<_> = events
        .iter()
        .filter(|event| event["message"] == "answered")
        .collect();
    let [event] = answered[..] else {
        panic!("{logged}")
    };
    assert_eq!(event["span"]["trace_id"], TRACE_ID);
    assert_eq!(event["span"]["http.route"], "/v1/payments/{id}");
    assert_eq!(event["span"]["http.response.status_code"], 404);
    assert!(event["duration_ms"].as_f64().unwrap() > 0.0);
    assert!(
        !logged.contains(id),
        "paths hold ids, so they are not logged"
    );
    assert!(event["timestamp"].is_string() && event["level"] == "INFO");
    for message in ["stopping", "stopped"] {
        assert!(
            events.iter().any(|event| event["message"] == message),
            "{logged}"
        );
    }
}

#[test]
fn a_filter_on_warnings_leaves_the_traces_of_requests_alone() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", database_in(&folder).display());
    let filter = "warn,chassis::server=info"; // The start is awaited by its event.
    let process = Process::with(&[("DATABASE_URL", &url), ("LOG_FILTER", filter)]);
    let traceparent = format!("traceparent: 00-{TRACE_ID}-00f067aa0ba902b7-01\r\n");
    let (_, problem) = process.request("GET", "/nowhere", &traceparent, "");
    assert!(problem.contains(TRACE_ID), "{problem}");
    let (_, logged) = process.stop();
    assert!(!logged.contains("answered"), "{logged}");
}
