//! Who is not let in. Each time a client that is comes after it.

use std::time::Duration;

use test_authority::{Authority, Identity};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use super::peer::{FRIEND, World, config};
use crate::service::eventually;
use crate::wire;

/// As many handshakes ended so. A client reads of its end before the server has counted it.
async fn counted(world: &World, outcome: &str, ended: u64) {
    eventually(outcome, || async {
        world.handshakes(outcome).await == ended
    })
    .await;
}

/// The client is refused with this alert and counted so; one that is allowed gets through after it.
async fn refused(world: &World, identity: Option<&Identity>, alert: &str, outcome: &str) {
    let before = world.handshakes(outcome).await;
    let error = world.get(identity).await.unwrap_err();
    assert!(
        error.to_string().contains(&format!("alert: {alert}")),
        "{outcome}: {error}"
    );
    counted(world, outcome, before + 1).await;
    let friend = world.friend();
    let answer = world.get(Some(&friend)).await.unwrap();
    assert!(answer.starts_with("http/1.1 200 "), "{answer}");
}

#[tokio::test]
async fn a_client_without_a_certificate_is_refused() {
    let world = World::start().await;
    refused(&world, None, "CertificateRequired", "no_certificate").await;
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused_whatever_it_is_called() {
    let world = World::start().await;
    for name in ["theirs", "ours"] {
        let other = Authority::new(name).unwrap();
        let stranger = other.issue(&[FRIEND]).unwrap();
        let error = world.get(Some(&stranger)).await.unwrap_err();
        assert!(error.to_string().contains("alert"), "{error}");
    }
    counted(&world, "unknown_authority", 2).await;
    world.get(Some(&world.friend())).await.unwrap();
}

#[tokio::test]
async fn an_expired_certificate_is_refused() {
    let world = World::start().await;
    let expired = world.authority.issue_expired(&[FRIEND]).unwrap();
    refused(
        &world,
        Some(&expired),
        "CertificateExpired",
        "not_valid_now",
    )
    .await;
}

#[tokio::test]
async fn a_certificate_on_a_name_that_is_not_allowed_is_refused() {
    let world = World::start().await;
    for names in [
        &["enemy.example"][..],
        &["*.example"],
        &["a.friend.example"],
    ] {
        let other = world.authority.issue(names).unwrap();
        refused(&world, Some(&other), "AccessDenied", "not_allowed").await;
    }
    // One name of several is enough.
    let several = world.authority.issue(&["enemy.example", FRIEND]).unwrap();
    world.get(Some(&several)).await.unwrap();
}

#[tokio::test]
async fn a_client_of_tls_1_2_is_refused() {
    let world = World::start().await;
    let friend = world.friend();
    let old = config(&world.authority, Some(&friend), &rustls::version::TLS12);
    let error = world.get_by(old).await.unwrap_err();
    assert!(error.to_string().contains("ProtocolVersion"), "{error}");
    counted(&world, "incompatible", 1).await;
    world.get(Some(&friend)).await.unwrap();
}

#[tokio::test]
async fn plain_http_is_told_to_speak_tls() {
    let world = World::start().await;
    let answer = wire::get(world.running.address, "/things/1").await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json()["title"], "TLS is needed");
    counted(&world, "not_tls", 1).await;
    world.get(Some(&world.friend())).await.unwrap();
}

#[tokio::test]
async fn a_silent_client_is_cut_off_while_others_are_served() {
    let world = World::start().await;
    let mut silent = Vec::new();
    for _ in 0..50 {
        silent.push(TcpStream::connect(world.running.address).await.unwrap());
    }
    world.get(Some(&world.friend())).await.unwrap();
    assert!(
        world.handshakes("too_slow").await < 50,
        "it waited for them"
    );
    for stream in &mut silent {
        let ended = tokio::time::timeout(Duration::from_secs(15), stream.read_u8()).await;
        assert!(ended.expect("it is cut off").is_err());
    }
    counted(&world, "too_slow", 50).await;
}

#[tokio::test]
async fn whoever_only_looks_whether_the_port_is_open_is_not_counted_as_refused() {
    let world = World::start().await;
    drop(TcpStream::connect(world.running.address).await.unwrap());
    eventually("the look is counted", || async {
        world.handshakes("broken_off").await > 0
    })
    .await;
    world.get(Some(&world.friend())).await.unwrap();
}
