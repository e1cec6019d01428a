//! A client of these tests, and the service that it calls.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use test_authority::{Authority, Identity};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::service::{Options, Running};
use crate::wire;

/// A name that every machine resolves, since the services' own clients look it up.
pub const SERVICE: &str = "localhost";
pub const FRIEND: &str = "friend.example";

/// An authority that the service trusts, and the service.
pub struct World {
    pub authority: Authority,
    pub folder: tempfile::TempDir,
    pub running: Running,
}

impl World {
    pub async fn start() -> Self {
        let authority = Authority::new("ours").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let identity = authority.issue(&[SERVICE]).unwrap();
        identity.write(folder.path(), &[&authority]).unwrap();
        let running = Running::with(&Options {
            identity: Some(folder.path().to_owned()),
            ..Options::default()
        })
        .await;
        Self {
            authority,
            folder,
            running,
        }
    }

    pub fn friend(&self) -> Identity {
        self.authority.issue(&[FRIEND]).unwrap()
    }

    /// One request of a client with this identity.
    pub async fn get(&self, identity: Option<&Identity>) -> io::Result<String> {
        self.get_by(config(&self.authority, identity, &rustls::version::TLS13))
            .await
    }

    pub async fn get_by(&self, config: ClientConfig) -> io::Result<String> {
        let mut stream = connect(self.running.address, config).await?;
        ask(&mut stream).await
    }

    /// A number of the service's metrics; 0 if there is no such line.
    pub async fn metric(&self, name: &str) -> u64 {
        let metrics = wire::get(self.running.management, "/metrics").await.body;
        let line = metrics
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0, |number| number.parse().unwrap())
    }

    pub async fn handshakes(&self, outcome: &str) -> u64 {
        self.metric(&format!("tls_handshakes_total{{outcome=\"{outcome}\"}}"))
            .await
    }
}

pub fn config(
    trusted: &Authority,
    identity: Option<&Identity>,
    version: &'static SupportedProtocolVersion,
) -> ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_slice(trusted.certificate().as_bytes()).unwrap();
    roots.add(authority).unwrap();
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots);
    let Some(identity) = identity else {
        return builder.with_no_client_auth();
    };
    let chain = vec![CertificateDer::from_pem_slice(identity.certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).unwrap();
    builder.with_client_auth_cert(chain, key).unwrap()
}

pub async fn connect(
    address: SocketAddr,
    config: ClientConfig,
) -> io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    let name = SERVICE.try_into().unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
}

/// One request on a connection that stays open; the head of the answer.
pub async fn ask(stream: &mut TlsStream<TcpStream>) -> io::Result<String> {
    let request = "GET /things/1 HTTP/1.1\r\nhost: test\r\n\r\n";
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"a thing") {
        answer.push(stream.read_u8().await?);
    }
    Ok(String::from_utf8(answer).unwrap().to_lowercase())
}

/// The serial number of the certificate that the service showed, in hexadecimal.
pub fn serial(stream: &TlsStream<TcpStream>) -> String {
    let shown = &stream.get_ref().1.peer_certificates().unwrap()[0];
    let shown = webpki::EndEntityCert::try_from(shown).unwrap();
    shown
        .serial()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<Vec<_>>()
        .concat()
}

/// Where a client's settings find its files.
pub fn files(folder: &Path) -> chassis::tls::Files {
    let [certificate, key, authorities] =
        ["tls.crt", "tls.key", "ca.crt"].map(|name| folder.join(name));
    chassis::tls::Files::of(
        ("CERTIFICATE", Some(&certificate)),
        ("KEY", Some(&key)),
        ("AUTHORITIES", Some(&authorities)),
    )
    .unwrap()
    .unwrap()
}
