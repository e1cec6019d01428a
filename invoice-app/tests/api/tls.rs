//! Paying at a payment-provider that wants to know who calls.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use serde_json::json;
use test_authority::Authority;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::app::{App, eventually};
use crate::stand_in::StandIn;

/// Stands before payment-provider; takes in whoever has a certificate of the authority.
async fn front(authority: &Authority, provider: SocketAddr) -> u16 {
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let mut trusted = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_slice(authority.certificate().as_bytes());
    trusted.add(certificate.unwrap()).unwrap();
    let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(trusted), ring.clone());
    let identity = authority.issue(&["localhost"]).unwrap();
    let chain = vec![CertificateDer::from_pem_slice(identity.certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(ring)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_client_cert_verifier(clients.build().unwrap())
        .with_single_cert(chain, key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut client) = acceptor.accept(stream).await else {
                    return;
                };
                let mut provider = TcpStream::connect(provider).await.unwrap();
                let _ = copy_bidirectional(&mut client, &mut provider).await;
            });
        }
    });
    port
}

#[tokio::test]
async fn a_certificate_that_is_not_accepted_leaves_a_payment_unknown_until_a_better_one_is_there() {
    let (ours, theirs) = (
        Authority::new("ours").unwrap(),
        Authority::new("theirs").unwrap(),
    );
    let provider = StandIn::start();
    let port = front(&ours, provider.address()).await;
    let files = tempfile::tempdir().unwrap();
    // It trusts the right authority, and shows a certificate of the wrong one.
    let wrong = theirs.issue(&["invoice-app.invoice.svc"]).unwrap();
    wrong.write(files.path(), &[&ours]).unwrap();
    let paths =
        ["tls.crt", "tls.key", "ca.crt"].map(|name| files.path().join(name).display().to_string());
    let variables = [
        (
            "PAYMENT_PROVIDER_URL",
            &*format!("https://localhost:{port}"),
        ),
        ("PAYMENT_PROVIDER_CLIENT_CERTIFICATE", &paths[0]),
        ("PAYMENT_PROVIDER_CLIENT_KEY", &paths[1]),
        ("PAYMENT_PROVIDER_CA", &paths[2]),
    ];
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let app = App::start_with(folder, provider, &variables).await;
    app.provider_charges();

    let invoice = app.an_invoice().await;
    let (status, payment) = app.post(&format!("{invoice}/pay")).await;
    assert_eq!((status, &payment["state"]), (202, &json!("unknown")));
    assert_eq!(
        payment["reason"],
        "payment-provider's certificate or ours is not accepted"
    );
    assert_eq!(app.state_of(&invoice).await, "open");
    assert!(app.charged_ids().is_empty());

    let right = ours.issue(&["invoice-app.invoice.svc"]).unwrap();
    right.write(files.path(), &[&ours]).unwrap();
    eventually("the invoice is paid", async || {
        app.state_of(&invoice).await == "paid"
    })
    .await;
    assert_eq!(app.charged_ids().len(), 1);
}
