//! One side's identity, checked before it is used.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::files::{Contents, Files};
use super::ring;
use super::validity::Validity;

/// Why certificate, key or authorities cannot be used. No message shows what is in the key's file.
#[derive(Debug, thiserror::Error)]
pub enum MaterialError {
    /// A file cannot be read.
    #[error("{variable}: {path} cannot be read: {source}")]
    Unreadable {
        /// The variable that names the file.
        variable: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A file does not hold what it should.
    #[error("{variable} is wrong: its file holds no {wanted} in PEM")]
    Empty {
        /// The variable that names the file.
        variable: &'static str,
        /// What should be in it.
        wanted: &'static str,
    },
    /// A certificate cannot be understood.
    #[error("{variable} is wrong: a certificate in its file cannot be read")]
    Malformed {
        /// The variable that names the file.
        variable: &'static str,
    },
    /// Two files of different sets, or a key that cannot be used.
    #[error("{key} does not fit {certificate}: {reason}")]
    Key {
        /// The variable that names the key's file.
        key: &'static str,
        /// The variable that names the certificate's file.
        certificate: &'static str,
        /// Why not.
        reason: rustls::Error,
    },
    /// It would be taken in place of one that is valid.
    #[error("{variable} is valid from {} until {} only", .validity.from, .validity.until)]
    NotValidNow {
        /// The variable that names the certificate's file.
        variable: &'static str,
        /// When it is valid.
        validity: Validity,
    },
    /// The TLS library refuses it.
    #[error("{variable} cannot be used: {reason}")]
    Refused {
        /// The variable that names the file.
        variable: &'static str,
        /// Why.
        reason: String,
    },
}

/// A certificate with its key, and the authorities whose certificates are trusted.
#[derive(Debug)]
pub(super) struct Material {
    pub(super) certified: Arc<CertifiedKey>,
    pub(super) authorities: Arc<RootCertStore>,
    pub(super) validity: Validity,
    /// The certificate's serial number in hexadecimal, by which logs tell one from the next.
    pub(super) serial: String,
}

impl Material {
    pub(super) fn parse(files: &Files, contents: &Contents) -> Result<Self, MaterialError> {
        let (certificate, key) = (files.certificate.0, files.key.0);
        let chain = certificates(certificate, &contents.certificate)?;
        let private = PrivateKeyDer::from_pem_slice(&contents.key).map_err(|_| {
            let wanted = "private key";
            MaterialError::Empty {
                variable: key,
                wanted,
            }
        })?;
        let leaf = &chain[..1];
        let malformed = || MaterialError::Malformed {
            variable: certificate,
        };
        let validity = leaf.first().and_then(Validity::of).ok_or_else(malformed)?;
        let serial = leaf.first().and_then(serial).ok_or_else(malformed)?;
        let certified = CertifiedKey::from_der(chain, private, &ring()).map_err(|reason| {
            MaterialError::Key {
                key,
                certificate,
                reason,
            }
        })?;
        Ok(Self {
            certified: Arc::new(certified),
            authorities: Arc::new(authorities(files.authorities.0, &contents.authorities)?),
            validity,
            serial,
        })
    }

    /// Whether its certificate is valid at that time.
    pub(super) fn is_valid(&self, now: Timestamp) -> bool {
        self.validity.holds(now)
    }
}

fn certificates(
    variable: &'static str,
    pem: &[u8],
) -> Result<Vec<CertificateDer<'static>>, MaterialError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let found = found.map_err(|_| MaterialError::Malformed { variable })?;
    if found.is_empty() {
        let wanted = "certificate";
        return Err(MaterialError::Empty { variable, wanted });
    }
    Ok(found)
}

/// Several may be trusted at once, so that an authority can be followed by another.
fn authorities(variable: &'static str, pem: &[u8]) -> Result<RootCertStore, MaterialError> {
    let mut store = RootCertStore::empty();
    for certificate in certificates(variable, pem)? {
        let added = store.add(certificate);
        added.map_err(|_| MaterialError::Malformed { variable })?;
    }
    Ok(store)
}

fn serial(certificate: &CertificateDer<'static>) -> Option<String> {
    let certificate = webpki::EndEntityCert::try_from(certificate).ok()?;
    let digits = certificate.serial().iter();
    Some(
        digits
            .map(|byte| format!("{byte:02x}"))
            .collect::<Vec<_>>()
            .concat(),
    )
}
