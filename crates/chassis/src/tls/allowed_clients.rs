//! Which clients are let in: those with a certificate of an authority that is trusted, on a name
//! that is allowed.

use std::cell::RefCell;
use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, DnsName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};

use super::TlsError;

tokio::task_local! {
    /// The names of the certificate that the client of this handshake showed, whatever became of it.
    pub(super) static SHOWN: RefCell<Vec<String>>;
}

/// The names of clients that are let in.
#[derive(Debug, Clone)]
pub(super) struct AllowedNames(Arc<[String]>);

impl AllowedNames {
    /// Names with commas between them.
    pub(super) fn parse(text: &str) -> Result<Self, TlsError> {
        let names: Result<Arc<_>, _> = text
            .split(',')
            .map(|name| {
                let name = name.trim().to_ascii_lowercase();
                DnsName::try_from(name.as_str())
                    .map(|_| name.clone())
                    .map_err(|_| TlsError::AllowedClients)
            })
            .collect();
        names.map(Self)
    }

    /// Names are compared whole: one with a `*` in a certificate allows nothing.
    fn allow(&self, names: &[String]) -> bool {
        names.iter().any(|name| self.0.contains(name))
    }
}

/// The DNS names of a certificate, in lower case.
pub(super) fn names_of(certificate: &CertificateDer<'_>) -> Vec<String> {
    webpki::EndEntityCert::try_from(certificate).map_or_else(
        |_| Vec::new(),
        |certificate| {
            let names = certificate.valid_dns_names();
            names.map(str::to_ascii_lowercase).collect()
        },
    )
}

/// Asks the authorities first and the names then.
#[derive(Debug)]
pub(super) struct AllowedClients {
    pub(super) trusted: Arc<dyn ClientCertVerifier>,
    pub(super) allowed: AllowedNames,
}

impl ClientCertVerifier for AllowedClients {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.trusted.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let names = names_of(certificate);
        let is_allowed = self.allowed.allow(&names);
        // Outside of a handshake of ours there is nobody to tell.
        let _ = SHOWN.try_with(|shown| shown.replace(names));
        let verified = self
            .trusted
            .verify_client_cert(certificate, intermediates, now)?;
        if !is_allowed {
            return Err(CertificateError::ApplicationVerificationFailure.into());
        }
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.trusted
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.trusted
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.trusted.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn one_of_a_certificates_names_has_to_be_in_the_list() {
        let allowed = AllowedNames::parse("invoice-app.invoice.svc, Other.example").unwrap();
        assert!(allowed.allow(&owned(&["x.example", "invoice-app.invoice.svc"])));
        assert!(allowed.allow(&owned(&["other.example"])));
        for refused in [
            &[][..],
            &["invoice-app.invoice"],
            &["*.invoice.svc"],
            &["invoice-app.invoice.svc.evil.example"],
        ] {
            assert!(!allowed.allow(&owned(refused)), "{refused:?}");
        }
    }

    #[test]
    fn a_list_without_a_name_or_with_a_wrong_one_is_refused() {
        for wrong in [" ", ",", "a.example,", "*.example", "a b", "https://x"] {
            assert!(AllowedNames::parse(wrong).is_err(), "{wrong}");
        }
    }
}
