//! Identity between services: TLS 1.3 in which both sides show a certificate.
//!
//! Certificate, key and the authorities to trust are files that something else replaces. They are
//! read again every few seconds. A new set holds for new connections; one that cannot be used
//! leaves the old one in force and is said in the log.

mod allowed_clients;
mod client;
mod connection;
mod files;
mod handshake;
mod listener;
mod material;
mod metrics;
mod refusal;
mod reread;
mod server;
mod validity;

pub use client::ClientTls;
pub use files::Files;
pub use material::MaterialError;
pub use server::{ServerTls, ServerTlsSettings};

pub(crate) use connection::Session;
pub(crate) use listener::{Serving, serve};

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// Some of the variables that belong together are missing.
    #[error(
        "{missing} is not set, but {set} is: TLS is half configured. Set all of them for TLS, or none for plain HTTP"
    )]
    HalfConfigured {
        /// The first that is missing.
        missing: &'static str,
        /// The first that is set.
        set: &'static str,
    },
    /// Certificate, key or authorities cannot be used.
    #[error(transparent)]
    Material(#[from] MaterialError),
    /// A name that no certificate can have.
    #[error(
        "TLS_ALLOWED_CLIENTS is wrong: it must be DNS names with commas between them, such as invoice-app.invoice.svc"
    )]
    AllowedClients,
    /// An address to which TLS would not be spoken.
    #[error("{url} is not an https:// address, but {variable} is set: nothing would be encrypted")]
    PlainAddress {
        /// The variable with the address.
        url: &'static str,
        /// The variable that asks for TLS.
        variable: &'static str,
    },
}

/// Whether these variables, which belong together, are set.
fn all_or_none(variables: &[(&'static str, bool)]) -> Result<bool, TlsError> {
    let first = |wanted: bool| {
        variables
            .iter()
            .find(|(_, is_set)| *is_set == wanted)
            .map(|(name, _)| *name)
    };
    match (first(true), first(false)) {
        (Some(set), Some(missing)) => Err(TlsError::HalfConfigured { missing, set }),
        (set, _) => Ok(set.is_some()),
    }
}

/// The one provider of cryptography, wherever a configuration is made.
fn ring() -> std::sync::Arc<rustls::crypto::CryptoProvider> {
    std::sync::Arc::new(rustls::crypto::ring::default_provider())
}
