//! The management port before, during and after the service's work.

use crate::service::{Options, Running};
use crate::wire::get;

#[tokio::test]
async fn it_lives_but_is_not_ready_before_it_has_started() {
    let running = Running::start(&Options {
        slow_start: true,
        ..Options::default()
    });
    running.door.await_someone().await;
    let readiness = get(running.management, "/readyz").await;
    assert_eq!(
        (readiness.status, readiness.body.as_str()),
        (503, "not ready: starting\n")
    );
    assert_eq!(get(running.management, "/livez").await.status, 200);
    running.door.open.send_replace(true);
    running.await_readiness(200).await;
}

#[tokio::test]
async fn it_lives_but_is_not_ready_while_it_stops() {
    let running = Running::with(&Options {
        stop_pause: "1h",
        stop_deadline: "2h",
        ..Options::default()
    })
    .await;
    running.signals.soft.cancel();
    running.await_readiness(503).await;
    assert_eq!(
        get(running.management, "/readyz").await.body,
        "not ready: stopping\n"
    );
    assert_eq!(get(running.management, "/livez").await.status, 200);
}

#[tokio::test]
async fn health_is_not_on_the_public_port() {
    let running = Running::with(&Options::default()).await;
    for path in ["/livez", "/readyz", "/metrics"] {
        assert_eq!(get(running.address, path).await.status, 404);
    }
}
