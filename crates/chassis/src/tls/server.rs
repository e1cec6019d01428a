//! The side that is called: it shows its certificate, and lets in only clients that it knows.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::registry::Registry;
use rustls::ServerConfig;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::sign::SingleCertAndKey;
use tokio_util::sync::CancellationToken;

use super::allowed_clients::{AllowedClients, AllowedNames};
use super::files::Files;
use super::handshake::Acceptor;
use super::material::{Material, MaterialError};
use super::metrics::{CertificateMetrics, HandshakeMetrics};
use super::refusal::Refusals;
use super::reread::Reread;
use super::{TlsError, all_or_none, ring};

crate::settings! {
    /// TLS on the API's port, in which clients have to show who they are. All four are set, or none.
    pub struct ServerTlsSettings {
        /// The file of this service's certificate, with those between it and its authority, in PEM; none: plain HTTP. It and the next two are read again when they change.
        pub tls_certificate: Option<PathBuf>,
        /// The file of the certificate's private key, in PEM.
        pub tls_key: Option<PathBuf>,
        /// The file of the authorities whose certificates clients have to show, in PEM.
        pub tls_client_ca: Option<PathBuf>,
        /// Which clients are let in: DNS names of their certificates, with commas between them.
        pub tls_allowed_clients: Option<String>,
    }
}

/// TLS on the API's port.
#[derive(Debug)]
pub struct ServerTls {
    reread: Reread<Arc<ServerConfig>>,
    refusals: Arc<Refusals>,
}

impl ServerTls {
    /// Reads certificate, key and authorities; `None` when none of the variables is set.
    ///
    /// # Errors
    /// [`TlsError`] when only some are set, or a file cannot be used.
    pub fn read(
        settings: &ServerTlsSettings,
        registry: &mut Registry,
    ) -> Result<Option<Self>, TlsError> {
        all_or_none(&[
            ("TLS_CERTIFICATE", settings.tls_certificate.is_some()),
            ("TLS_KEY", settings.tls_key.is_some()),
            ("TLS_CLIENT_CA", settings.tls_client_ca.is_some()),
            (
                "TLS_ALLOWED_CLIENTS",
                settings.tls_allowed_clients.is_some(),
            ),
        ])?;
        let files = Files::of(
            ("TLS_CERTIFICATE", settings.tls_certificate.as_deref()),
            ("TLS_KEY", settings.tls_key.as_deref()),
            ("TLS_CLIENT_CA", settings.tls_client_ca.as_deref()),
        )?;
        let (Some(files), Some(allowed)) = (files, &settings.tls_allowed_clients) else {
            return Ok(None);
        };
        let allowed = AllowedNames::parse(allowed)?;
        let reread = Reread::start(
            files,
            CertificateMetrics::register(registry),
            move |material| configuration(material, allowed.clone()).map(Arc::new),
        )?;
        Ok(Some(Self {
            reread,
            refusals: Arc::new(Refusals::new(HandshakeMetrics::register(registry))),
        }))
    }

    /// How often the files are looked at, if not every two seconds.
    #[must_use]
    pub fn reread_every(self, every: Duration) -> Self {
        Self {
            reread: self.reread.every(every),
            ..self
        }
    }

    pub(crate) fn acceptor(&self) -> Acceptor {
        Acceptor::new(self.reread.current(), self.refusals.clone())
    }

    /// Keeps the certificates up to date until cancelled.
    pub(crate) async fn keep_up_to_date(self, stop: CancellationToken) {
        self.reread.run(stop).await;
    }
}

fn configuration(
    material: &Material,
    allowed: AllowedNames,
) -> Result<ServerConfig, MaterialError> {
    let refused = |reason: &dyn std::fmt::Display| MaterialError::Refused {
        variable: "TLS_CLIENT_CA",
        reason: reason.to_string(),
    };
    let trusted = WebPkiClientVerifier::builder_with_provider(material.authorities.clone(), ring())
        .build()
        .map_err(|reason| refused(&reason))?;
    let builder = ServerConfig::builder_with_provider(ring())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|reason| refused(&reason))?;
    let mut config = builder
        .with_client_cert_verifier(Arc::new(AllowedClients { trusted, allowed }))
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(material.certified.clone())));
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // A resumed session would let a client in by what was checked earlier.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}
