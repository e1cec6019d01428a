//! Authorities that are made for a test and forgotten after it, and the certificates that they issue.

use std::io;
use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};

pub use rcgen::Error;

/// An authority with a key of its own.
#[derive(Debug)]
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, in PEM.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The certificate.
    pub certificate: String,
    /// Its private key.
    pub key: String,
    /// The certificate's serial number in hexadecimal.
    pub serial: String,
}

impl Authority {
    /// A new one of this name.
    ///
    /// # Errors
    /// When no key can be made.
    pub fn new(name: &str) -> Result<Self, Error> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        CertifiedIssuer::self_signed(params, KeyPair::generate()?).map(Self)
    }

    /// Its own certificate, in PEM.
    #[must_use]
    pub fn certificate(&self) -> String {
        self.0.pem()
    }

    /// A certificate for these DNS names, good for either side.
    ///
    /// # Errors
    /// When a name is none.
    pub fn issue(&self, names: &[&str]) -> Result<Identity, Error> {
        self.issue_until(names, 2999)
    }

    /// The same, but it ended years ago.
    ///
    /// # Errors
    /// When a name is none.
    pub fn issue_expired(&self, names: &[&str]) -> Result<Identity, Error> {
        self.issue_until(names, 2020)
    }

    fn issue_until(&self, names: &[&str], year: i32) -> Result<Identity, Error> {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names)?;
        params.not_before = date_time_ymd(2019, 1, 1);
        params.not_after = date_time_ymd(year, 1, 1);
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ClientAuth,
            ExtendedKeyUsagePurpose::ServerAuth,
        ];
        let key = KeyPair::generate()?;
        let serial = key.public_key_raw().iter().skip(1).take(8);
        // Positive and without a leading zero, so that it is written as it is.
        let serial: Vec<u8> = std::iter::once(0x4d).chain(serial.copied()).collect();
        params.serial_number = Some(serial.clone().into());
        Ok(Identity {
            certificate: params.signed_by(&key, &self.0)?.pem(),
            key: key.serialize_pem(),
            serial: serial
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect::<Vec<_>>()
                .concat(),
        })
    }
}

impl Identity {
    /// Writes it as the files `tls.crt` and `tls.key`, and the authorities to trust as `ca.crt`, in
    /// an order in which it is never whole before it is all there.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(&self, folder: &Path, authorities: &[&Authority]) -> io::Result<()> {
        let authorities: String = authorities.iter().map(|one| one.certificate()).collect();
        std::fs::write(folder.join("ca.crt"), authorities)?;
        std::fs::write(folder.join("tls.key"), &self.key)?;
        std::fs::write(folder.join("tls.crt"), &self.certificate)
    }
}
