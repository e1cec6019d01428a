//! What is measured of certificates and handshakes.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::validity::Validity;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReadLabels {
    outcome: &'static str,
}

/// The certificate that a service shows.
#[derive(Debug, Clone)]
pub(super) struct CertificateMetrics {
    expiry: Gauge,
    reads: Family<ReadLabels, Counter>,
}

impl CertificateMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            expiry: Gauge::default(),
            reads: Family::default(),
        };
        registry.register_with_unit(
            "tls_certificate_expiry_timestamp",
            "When the certificate that this service shows ends, in seconds since 1970",
            Unit::Seconds,
            metrics.expiry.clone(),
        );
        registry.register(
            "tls_certificate_changes",
            "New sets of certificate, key and authorities: taken, or refused and the old one kept",
            metrics.reads.clone(),
        );
        for outcome in ["taken", "refused"] {
            drop(metrics.reads.get_or_create(&ReadLabels { outcome }));
        }
        metrics
    }

    pub(super) fn shows(&self, validity: &Validity) {
        self.expiry.set(validity.until.as_second());
    }

    pub(super) fn taken(&self) {
        self.count("taken");
    }

    pub(super) fn refused(&self) {
        self.count("refused");
    }

    fn count(&self, outcome: &'static str) {
        self.reads.get_or_create(&ReadLabels { outcome }).inc();
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct HandshakeLabels {
    outcome: &'static str,
}

/// The handshakes of clients.
#[derive(Debug, Clone)]
pub(super) struct HandshakeMetrics(Family<HandshakeLabels, Counter>);

impl HandshakeMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let handshakes = Family::default();
        registry.register(
            "tls_handshakes",
            "TLS handshakes by clients, by what became of them",
            handshakes.clone(),
        );
        Self(handshakes)
    }

    pub(super) fn count(&self, outcome: &'static str) {
        self.0.get_or_create(&HandshakeLabels { outcome }).inc();
    }
}
