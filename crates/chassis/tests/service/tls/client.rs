//! What a service's own client accepts.

use std::time::Duration;

use chassis::metrics::Metrics;
use chassis::outbound::tls_failure;
use chassis::tls::{ClientTls, Files, TlsError};
use test_authority::{Authority, Identity};

use super::peer::{FRIEND, SERVICE, World, files};

/// Asks with an identity of the world's authority, trusting `trusted`.
async fn get(
    world: &World,
    host: &str,
    identity: &Identity,
    trusted: &Authority,
) -> Result<u16, reqwest::Error> {
    let folder = tempfile::tempdir().unwrap();
    identity.write(folder.path(), &[trusted]).unwrap();
    let mut metrics = Metrics::new("client", "1");
    let timeout = Duration::from_secs(10);
    let tls = ClientTls::read(files(folder.path()), timeout, metrics.registry()).unwrap();
    let url = format!("https://{host}:{}/things/1", world.running.address.port());
    let answer = tls.client().current().get(url).send().await?;
    Ok(answer.status().as_u16())
}

/// The two do not accept each other, and the client can tell that from a network that is away.
fn not_trusted(asked: Result<u16, reqwest::Error>, why: &str) {
    let error = asked.unwrap_err();
    let failure = tls_failure(&error).expect("a failure of TLS").to_string();
    assert!(failure.contains(why), "{failure}");
}

#[tokio::test]
async fn it_accepts_the_service_by_its_authority_and_its_name() {
    let world = World::start().await;
    let friend = world.friend();
    assert_eq!(
        get(&world, SERVICE, &friend, &world.authority)
            .await
            .unwrap(),
        200
    );
    let other = Authority::new("other").unwrap();
    not_trusted(get(&world, SERVICE, &friend, &other).await, "UnknownIssuer");
    // The certificate is on another name of the same address.
    not_trusted(
        get(&world, "127.0.0.1", &friend, &world.authority).await,
        "not valid for name",
    );
}

#[tokio::test]
async fn it_learns_that_its_certificate_is_refused() {
    let world = World::start().await;
    let expired = world.authority.issue_expired(&[FRIEND]).unwrap();
    let refused = get(&world, SERVICE, &expired, &world.authority).await;
    not_trusted(refused, "CertificateExpired");
}

#[tokio::test]
async fn nobody_listening_is_no_failure_of_tls() {
    let client = chassis::outbound::client("http:", Duration::from_secs(5)).unwrap();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    let error = client.get(format!("http://{address}")).send().await;
    assert!(tls_failure(&error.unwrap_err()).is_none());
}

#[test]
fn its_files_are_given_all_or_none() {
    let some = Some("x".as_ref());
    let half = Files::of(("A", some), ("B", None), ("C", some));
    assert!(matches!(
        half,
        Err(TlsError::HalfConfigured {
            missing: "B",
            set: "A"
        })
    ));
    assert!(
        Files::of(("A", None), ("B", None), ("C", None))
            .unwrap()
            .is_none()
    );
    assert!(
        Files::of(("A", some), ("B", some), ("C", some))
            .unwrap()
            .is_some()
    );
}
