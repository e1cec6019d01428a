//! Stopping in order: not ready, pause, refuse connections, finish requests, stop workers.

use std::time::{Duration, Instant};

use chassis::server::RunError;
use tokio::net::TcpStream;

use crate::service::{Options, Running, eventually};
use crate::wire::{Connection, get};

const GET_THING: &str = "GET /things/1 HTTP/1.1\r\nhost: test\r\n\r\n";
const GET_DOOR: &str = "GET /door HTTP/1.1\r\nhost: test\r\n\r\n";

/// Whoever waits for the deadline takes longer, and a busy machine does not.
const HALF_OF_STOP_DEADLINE: Duration = Duration::from_secs(10);

#[tokio::test]
async fn requests_are_finished_before_workers_are_stopped_and_no_new_ones_are_taken() {
    let running = Running::with(&Options::default()).await;
    let mut connection = Connection::to(running.address).await;
    connection.send(GET_DOOR).await;
    running.door.await_someone().await;

    running.signals.soft.cancel();
    running.await_readiness(503).await;
    eventually("new connections are refused", || async {
        TcpStream::connect(running.address).await.is_err()
    })
    .await;
    assert_eq!(*running.events.lock().unwrap(), [""; 0]);

    running.door.open.send_replace(true);
    let answer = connection
        .answer()
        .await
        .expect("the answer of the request in flight");
    assert_eq!((answer.status, answer.body.as_str()), (200, "through"));
    assert!(answer.has_header("connection: close"), "{}", answer.head);
    assert!(connection.is_closed().await);

    let events = running.events.clone();
    running.ended().await.unwrap();
    assert_eq!(
        *events.lock().unwrap(),
        ["request finished", "worker stopped"]
    );
}

#[tokio::test]
async fn during_the_pause_requests_are_answered_and_their_connections_closed() {
    let running = Running::with(&Options {
        stop_pause: "1h",
        stop_deadline: "2h",
        ..Options::default()
    })
    .await;
    let mut kept = Connection::to(running.address).await;
    kept.send(GET_THING).await;
    let before = kept.answer().await.unwrap();
    assert!(!before.has_header("connection: close"), "{}", before.head);

    running.signals.soft.cancel();
    running.await_readiness(503).await;
    kept.send(GET_THING).await;
    let during = kept.answer().await.unwrap();
    assert_eq!(during.status, 200);
    assert!(during.has_header("connection: close"), "{}", during.head);
    assert!(kept.is_closed().await);
    assert_eq!(get(running.address, "/things/1").await.status, 200);
}

#[tokio::test]
async fn an_idle_connection_does_not_hold_it_up() {
    let running = Running::with(&Options::default()).await;
    let mut idle = Connection::to(running.address).await;
    idle.send(GET_THING).await;
    assert_eq!(idle.answer().await.unwrap().status, 200);
    let began = Instant::now();
    running.signals.soft.cancel();
    running.ended().await.unwrap();
    assert!(
        began.elapsed() < HALF_OF_STOP_DEADLINE,
        "{:?}",
        began.elapsed()
    );
    assert!(idle.is_closed().await);
}

#[tokio::test]
async fn half_a_request_does_not_hold_it_up() {
    let running = Running::with(&Options::default()).await;
    let mut half = Connection::to(running.address).await;
    half.send("GET /things/1 HT").await;
    let began = Instant::now();
    running.signals.soft.cancel();
    running.ended().await.unwrap();
    assert!(
        began.elapsed() < HALF_OF_STOP_DEADLINE,
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn the_deadline_ends_it_whatever_is_going_on() {
    let running = Running::with(&Options {
        stop_deadline: "200ms",
        ..Options::default()
    })
    .await;
    let mut connection = Connection::to(running.address).await;
    connection.send(GET_DOOR).await;
    running.door.await_someone().await;
    running.signals.soft.cancel();
    let cut = running.ended().await;
    assert!(
        matches!(cut, Err(RunError::Cut("STOP_DEADLINE"))),
        "{cut:?}"
    );
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let running = Running::with(&Options::default()).await;
    let mut connection = Connection::to(running.address).await;
    connection.send(GET_DOOR).await;
    running.door.await_someone().await;
    running.signals.soft.cancel();
    running.await_readiness(503).await;
    let began = Instant::now();
    running.signals.hard.cancel();
    let cut = running.ended().await;
    assert!(
        matches!(cut, Err(RunError::Cut("a second signal"))),
        "{cut:?}"
    );
    assert!(
        began.elapsed() < HALF_OF_STOP_DEADLINE,
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn a_stop_before_the_start_is_done_is_heeded() {
    let running = Running::start(&Options {
        slow_start: true,
        ..Options::default()
    });
    running.door.await_someone().await;
    running.signals.soft.cancel();
    running.ended().await.unwrap();
}
