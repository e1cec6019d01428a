//! Limits on what a client may send, and on how long it may take.

use std::time::Duration;

use crate::service::{Options, Running};
use crate::wire::{Answer, Connection, get, request};

fn check(answer: &Answer, status: u16, kind: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert!(
        answer.has_header("content-type: application/problem+json"),
        "{}",
        answer.head
    );
    let problem = answer.json();
    assert_eq!(
        problem["type"],
        format!("urn:invoice-platform:problem:{kind}")
    );
    assert_eq!(problem["trace_id"].as_str().unwrap().len(), 32, "{problem}");
}

#[tokio::test]
async fn an_address_is_limited() {
    let running = Running::with(&Options::default()).await;
    let long = format!("/things/{}", "x".repeat(4 * 1024));
    check(&get(running.address, &long).await, 414, "uri-too-long");
    let long = format!("/things/1?{}", "x".repeat(4 * 1024));
    check(&get(running.address, &long).await, 414, "uri-too-long");
    let longest = format!("/things/{}", "x".repeat(4 * 1024 - "/things/".len()));
    assert_eq!(get(running.address, &longest).await.status, 200);
}

#[tokio::test]
async fn headers_are_limited() {
    let running = Running::with(&Options::default()).await;
    let headers = |bytes| format!("x-long: {}\r\n", "x".repeat(bytes));
    let long = request(running.address, "GET", "/things/1", &headers(16 * 1024)).await;
    check(&long, 431, "headers-too-large");
    let short = request(running.address, "GET", "/things/1", &headers(15 * 1024)).await;
    assert_eq!(short.status, 200);
    let many = "x-one-of-many: x\r\n".repeat(200);
    assert_eq!(
        request(running.address, "GET", "/things/1", &many)
            .await
            .status,
        431
    );
}

fn small_bodies() -> Options {
    Options {
        max_body_bytes: "100",
        ..Options::default()
    }
}

#[tokio::test]
async fn a_body_is_limited_by_the_length_it_announces() {
    let running = Running::with(&small_bodies()).await;
    let headers = "content-type: application/json\r\ncontent-length: 101\r\n";
    let answer = request(running.address, "POST", "/bodies", headers).await;
    check(&answer, 413, "content-too-large");
}

#[tokio::test]
async fn a_body_is_limited_by_what_comes_when_it_announces_nothing() {
    let running = Running::with(&small_bodies()).await;
    let mut connection = Connection::to(running.address).await;
    connection
        .send("POST /bodies HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n")
        .await;
    let chunk = format!("3c\r\n{}\r\n", " ".repeat(0x3c));
    connection.send(&chunk).await;
    connection.send(&chunk).await;
    check(
        &connection.answer().await.unwrap(),
        413,
        "content-too-large",
    );
}

#[tokio::test]
async fn a_body_at_the_limit_is_read() {
    let running = Running::with(&small_bodies()).await;
    let mut connection = Connection::to(running.address).await;
    let body = format!("{{}}{}", " ".repeat(98));
    connection
        .send(format!("POST /bodies HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{body}"))
        .await;
    assert_eq!(connection.answer().await.unwrap().status, 200);
}

fn impatient() -> Options {
    Options {
        request_timeout: "100ms",
        ..Options::default()
    }
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_answered_and_counted_under_its_route() {
    let running = Running::with(&impatient()).await;
    check(&get(running.address, "/door").await, 503, "timeout");
    let metrics = get(running.management, "/metrics").await.body;
    let counted =
        r#"http_server_request_duration_seconds_count{method="GET",route="/door",status="503"} 1"#;
    assert!(metrics.contains(counted), "{metrics}");
}

#[tokio::test]
async fn a_body_that_comes_too_slowly_is_not_waited_for() {
    let running = Running::with(&Options::default()).await;
    let headers = "content-type: application/json\r\ncontent-length: 50\r\n";
    let answer = request(running.address, "POST", "/bodies", headers).await;
    check(&answer, 408, "body-too-slow");
}

#[tokio::test]
async fn a_head_that_comes_too_slowly_is_not_waited_for() {
    let running = Running::with(&Options {
        keep_alive: "2s",
        ..Options::default()
    })
    .await;
    let mut connection = Connection::to(running.address).await;
    connection.send("GET /things/1 HTTP/1.1\r\nhost:").await;
    let answer = connection.answer().await;
    assert_eq!(answer.map(|answer| answer.status), Some(408));
    assert!(connection.is_closed().await);
}

/// Proxies open connections ahead: the first request on one may come much later than the head of a request may
/// take, and must not meet the end of the connection.
#[tokio::test]
async fn a_connection_on_which_nothing_was_asked_yet_is_kept_as_long_as_any_other() {
    let running = Running::with(&Options::default()).await;
    let mut ahead = Connection::to(running.address).await;
    let longer_than_a_head_may_take = Duration::from_secs(6);
    assert!(ahead.is_quiet_for(longer_than_a_head_may_take).await);
    ahead
        .send("GET /things/1 HTTP/1.1\r\nhost: test\r\n\r\n")
        .await;
    assert_eq!(ahead.answer().await.unwrap().status, 200);
}

#[tokio::test]
async fn what_is_not_http_is_refused() {
    let running = Running::with(&Options::default()).await;
    for nonsense in ["\0\0\0\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n"] {
        let mut connection = Connection::to(running.address).await;
        connection.send(nonsense).await;
        assert_eq!(
            connection.answer().await.map(|answer| answer.status),
            Some(400)
        );
        assert!(connection.is_closed().await);
    }
    assert_eq!(get(running.address, "/things/1").await.status, 200);
}
