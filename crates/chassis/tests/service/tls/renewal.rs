//! Certificates that are replaced while the service runs.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chassis::metrics::Metrics;
use chassis::outbound::Client;
use chassis::tls::ClientTls;
use test_authority::{Authority, Identity};
use tokio_util::sync::CancellationToken;

use super::peer::{FRIEND, SERVICE, World, ask, config, connect, files, serial};
use crate::service::{REREAD, eventually};

const TAKEN: &str = "tls_certificate_changes_total{outcome=\"taken\"}";
const REFUSED: &str = "tls_certificate_changes_total{outcome=\"refused\"}";
const CALLERS: usize = 8;
/// How many answers there are at least between two replacements.
const ANSWERS: usize = 50;

async fn shown(world: &World, friend: &Identity) -> String {
    let config = config(&world.authority, Some(friend), &rustls::version::TLS13);
    serial(&connect(world.running.address, config).await.unwrap())
}

#[tokio::test]
async fn a_connection_from_before_is_answered_and_then_closed() {
    let world = World::start().await;
    let config = config(
        &world.authority,
        Some(&world.friend()),
        &rustls::version::TLS13,
    );
    let mut kept = connect(world.running.address, config).await.unwrap();
    let before = ask(&mut kept).await.unwrap();
    assert!(!before.contains("connection: close"), "{before}");
    let next = world.authority.issue(&[SERVICE]).unwrap();
    next.write(world.folder.path(), &[&world.authority])
        .unwrap();
    eventually("the new one is taken", || async {
        world.metric(TAKEN).await > 0
    })
    .await;
    let after = ask(&mut kept).await.unwrap();
    assert!(after.starts_with("http/1.1 200 "), "{after}");
    assert!(after.contains("connection: close"), "{after}");
    assert!(ask(&mut kept).await.is_err());
}

#[tokio::test]
async fn a_set_that_cannot_be_used_leaves_the_old_one_in_use() {
    let world = World::start().await;
    let (friend, folder) = (world.friend(), world.folder.path());
    let old = shown(&world, &friend).await;
    let next = world.authority.issue(&[SERVICE]).unwrap();
    let half = &next.certificate[..next.certificate.len() / 2];
    let expired = world.authority.issue_expired(&[SERVICE]).unwrap();
    for (file, content) in [
        ("tls.crt", Some(half)),
        ("tls.crt", Some("")),
        ("tls.crt", Some(next.certificate.as_str())), // With the old one's key.
        ("tls.key", Some("no key")),
        ("ca.crt", Some("")),
        ("ca.crt", None),
    ] {
        let path = folder.join(file);
        let good = std::fs::read(&path).unwrap();
        let before = world.metric(REFUSED).await;
        match content {
            Some(content) => std::fs::write(&path, content).unwrap(),
            None => std::fs::remove_file(&path).unwrap(),
        }
        eventually(&format!("{file} is refused"), || async {
            world.metric(REFUSED).await > before
        })
        .await;
        assert_eq!(shown(&world, &friend).await, old, "{file}: {content:?}");
        world.get(Some(&friend)).await.unwrap();
        std::fs::write(&path, good).unwrap();
    }
    let before = world.metric(REFUSED).await;
    expired.write(folder, &[&world.authority]).unwrap();
    eventually("the expired one is refused", || async {
        world.metric(REFUSED).await > before
    })
    .await;
    assert_eq!(shown(&world, &friend).await, old);

    next.write(folder, &[&world.authority]).unwrap();
    eventually("the whole set is taken", || async {
        shown(&world, &friend).await == next.serial
    })
    .await;
    let until = world
        .metric("tls_certificate_expiry_timestamp_seconds")
        .await;
    assert_eq!(until, 32_472_144_000, "2999-01-01");
}

/// The calls of several clients at once.
#[derive(Default)]
struct Load {
    answers: AtomicUsize,
    failures: Mutex<Vec<String>>,
    over: AtomicBool,
}

async fn call(client: Client, url: String, load: Arc<Load>) {
    while !load.over.load(Ordering::Relaxed) {
        match client.current().get(&url).send().await {
            Ok(answer) if answer.status() == 200 => {
                load.answers.fetch_add(1, Ordering::Relaxed);
            }
            other => load.failures.lock().unwrap().push(format!("{other:?}")),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_fails_while_authority_and_certificates_of_both_sides_are_replaced() {
    let world = World::start().await;
    let folder = tempfile::tempdir().unwrap();
    let friend = world.friend();
    friend.write(folder.path(), &[&world.authority]).unwrap();
    let mut metrics = Metrics::new("client", "1");
    let timeout = Duration::from_secs(10);
    let tls = ClientTls::read(files(folder.path()), timeout, metrics.registry()).unwrap();
    let tls = tls.reread_every(REREAD);
    let (client, stop) = (tls.client(), CancellationToken::new());
    tokio::spawn(tls.keep_up_to_date()(stop.clone()));
    let metrics = Arc::new(metrics);
    let load = Arc::new(Load::default());
    let url = format!(
        "https://{SERVICE}:{}/things/1",
        world.running.address.port()
    );
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| tokio::spawn(call(client.clone(), url.clone(), load.clone())))
        .collect();

    let (old, new) = (&world.authority, Authority::new("new").unwrap());
    // Both are trusted before the new one's certificates are shown, and as long as the old one's are.
    let steps = [
        (old, &[old][..]),
        (old, &[old, &new]),
        (&new, &[old, &new]),
        (&new, &[&new]),
        (&new, &[&new]),
        (&new, &[&new, old]),
        (old, &[&new, old]),
        (old, &[old]),
    ];
    for (sets, (issuer, trusted)) in (1..).zip(steps) {
        let [server, client] = [SERVICE, FRIEND].map(|name| issuer.issue(&[name]).unwrap());
        server.write(world.folder.path(), trusted).unwrap();
        client.write(folder.path(), trusted).unwrap();
        eventually("both sides use the new set", || async {
            let taken = metrics
                .encode()
                .unwrap()
                .contains(&format!("{TAKEN} {sets}\n"));
            taken && world.metric(TAKEN).await >= sets
        })
        .await;
        let answers = load.answers.load(Ordering::Relaxed);
        eventually("answers go on", || async {
            load.answers.load(Ordering::Relaxed) > answers + ANSWERS
        })
        .await;
    }
    load.over.store(true, Ordering::Relaxed);
    for caller in callers {
        caller.await.unwrap();
    }
    stop.cancel();
    assert_eq!(*load.failures.lock().unwrap(), [""; 0]);
    // A client that trusts the new one alone sees that the last set is the old one's again.
    let gone = config(&new, Some(&friend), &rustls::version::TLS13);
    assert!(connect(world.running.address, gone).await.is_err());
    world.get(Some(&friend)).await.unwrap();
}
