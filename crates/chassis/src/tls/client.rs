//! The side that calls: it shows its certificate, and trusts the authorities of one service alone.

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::registry::Registry;
use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::sign::SingleCertAndKey;

use super::files::Files;
use super::material::{Material, MaterialError};
use super::metrics::CertificateMetrics;
use super::reread::Reread;
use super::{TlsError, ring};
use crate::outbound::{self, Client};
use crate::server::Worker;

/// TLS of calls to a service that wants to know who calls.
#[derive(Debug)]
pub struct ClientTls {
    reread: Reread<reqwest::Client>,
}

impl ClientTls {
    /// Reads certificate, key and authorities. Each call ends after `timeout`.
    ///
    /// # Errors
    /// [`TlsError`] when a file cannot be used.
    pub fn read(
        files: Files,
        timeout: Duration,
        registry: &mut Registry,
    ) -> Result<Self, TlsError> {
        let variable = files.certificate.0;
        let metrics = CertificateMetrics::register(registry);
        let reread = Reread::start(files, metrics, move |material| {
            let refused = |reason: &dyn std::fmt::Display| MaterialError::Refused {
                variable,
                reason: reason.to_string(),
            };
            let config = configuration(material).map_err(|reason| refused(&reason))?;
            outbound::client_with(config, timeout).map_err(|reason| refused(&reason))
        })?;
        Ok(Self { reread })
    }

    /// How often the files are looked at, if not every two seconds.
    #[must_use]
    pub fn reread_every(self, every: Duration) -> Self {
        Self {
            reread: self.reread.every(every),
        }
    }

    /// The client. New files make a new one: calls that are under way finish on the old one's
    /// connections.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::changing(self.reread.current())
    }

    /// The work that keeps the client's certificates up to date.
    #[must_use]
    pub fn keep_up_to_date(self) -> Worker {
        Box::new(|stop| Box::pin(self.reread.run(stop)))
    }
}

fn configuration(material: &Material) -> Result<ClientConfig, rustls::Error> {
    let mut config = ClientConfig::builder_with_provider(ring())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(material.authorities.clone())
        .with_client_cert_resolver(Arc::new(SingleCertAndKey::from(material.certified.clone())));
    // The services resume no session, so keeping what could resume one is memory for nothing.
    config.resumption = Resumption::disabled();
    Ok(config)
}
