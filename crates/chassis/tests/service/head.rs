//! HEAD: the answer of GET without its body.

use crate::service::{Options, Running};
use crate::wire::Connection;

#[tokio::test]
async fn head_is_answered_like_get_without_the_body() {
    let running = Running::with(&Options::default()).await;
    for (address, path) in [
        (running.address, "/things/1"),
        (running.address, "/openapi.json"),
        (running.address, "/nowhere"),
        (running.management, "/livez"),
    ] {
        let mut connection = Connection::to(address).await;
        let request = |method: &str| format!("{method} {path} HTTP/1.1\r\nhost: test\r\n\r\n");
        connection.send(request("HEAD")).await;
        let head = connection.head().await;
        // A body that came after all would be taken for the beginning of this answer.
        connection.send(request("GET")).await;
        let whole = connection.answer().await.unwrap();
        assert_eq!(head.status, whole.status, "{path}");
        let told = |head: &str| {
            let told = |line: &&str| line.starts_with("content-");
            head.lines()
                .filter(told)
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(told(&head.head), told(&whole.head), "{path}");
        assert!(!whole.body.is_empty(), "{path}");
    }
}

#[tokio::test]
async fn head_is_refused_where_get_is() {
    let running = Running::with(&Options::default()).await;
    let mut connection = Connection::to(running.address).await;
    connection
        .send("HEAD /bodies HTTP/1.1\r\nhost: test\r\n\r\n")
        .await;
    let refused = connection.head().await;
    assert_eq!(refused.status, 405);
    assert!(refused.has_header("allow: post"), "{refused:?}");
}
