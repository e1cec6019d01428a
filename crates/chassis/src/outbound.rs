//! Clients for calls out of a service.

use std::error::Error;
use std::time::Duration;

use tokio::sync::watch;

/// The client could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client cannot be made: {0}")]
pub struct ClientError(#[from] reqwest::Error);

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const IDLE_CONNECTIONS_PER_HOST: usize = 16;
/// Below the time after which the services close an idle connection, so that a call is never
/// written into one that is being closed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// A client that may be replaced by another while it is used, as when its certificate changes.
#[derive(Debug, Clone)]
pub struct Client(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Fixed(reqwest::Client),
    Changing(watch::Receiver<reqwest::Client>),
}

impl Client {
    /// One that stays.
    #[must_use]
    pub fn fixed(client: reqwest::Client) -> Self {
        Self(Kind::Fixed(client))
    }

    pub(crate) fn changing(clients: watch::Receiver<reqwest::Client>) -> Self {
        Self(Kind::Changing(clients))
    }

    /// The one to use for the next call.
    #[must_use]
    pub fn current(&self) -> reqwest::Client {
        match &self.0 {
            Kind::Fixed(client) => client.clone(),
            Kind::Changing(clients) => clients.borrow().clone(),
        }
    }
}

/// What TLS has to say of a call that failed: one side did not accept the other's certificate, or
/// they do not speak the same TLS.
#[must_use]
pub fn tls_failure(error: &reqwest::Error) -> Option<&rustls::Error> {
    let mut cause: Option<&(dyn Error + 'static)> = error.source();
    while let Some(error) = cause {
        if let Some(failure) = error.downcast_ref::<rustls::Error>() {
            return Some(failure);
        }
        // An I/O error tells what caused the error that is in it, and not that error.
        let inner = error
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref);
        cause = match inner {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

/// A client for calls to `url`, each of which ends after `timeout`, connecting included. It follows
/// no redirects, uses no proxy, and trusts the Mozilla root certificates, which are part of the
/// program: an image FROM scratch has no others.
///
/// # Errors
/// [`ClientError`] when TLS cannot be set up.
pub fn client(url: &str, timeout: Duration) -> Result<reqwest::Client, ClientError> {
    install_ring();
    let builder = reqwest::Client::builder().tls_certs_only(root_certificates(url)?);
    Ok(bounded(builder, timeout).build()?)
}

/// The same with TLS of one's own.
pub(crate) fn client_with(
    tls: rustls::ClientConfig,
    timeout: Duration,
) -> Result<reqwest::Client, ClientError> {
    let builder = reqwest::Client::builder().tls_backend_preconfigured(tls);
    Ok(bounded(builder.https_only(true), timeout).build()?)
}

fn bounded(builder: reqwest::ClientBuilder, timeout: Duration) -> reqwest::ClientBuilder {
    builder
        .timeout(timeout)
        .connect_timeout(CONNECT_TIMEOUT.min(timeout))
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(IDLE_CONNECTIONS_PER_HOST)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
}

/// The same for code that blocks.
pub(crate) fn blocking_client(
    url: &str,
    timeout: Duration,
) -> Result<reqwest::blocking::Client, ClientError> {
    install_ring();
    let client = reqwest::blocking::Client::builder()
        .tls_certs_only(root_certificates(url)?)
        .timeout(timeout)
        .connect_timeout(CONNECT_TIMEOUT.min(timeout))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()?;
    Ok(client)
}

fn install_ring() {
    // It fails when a provider is installed already, and then there is one, which is what matters.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// None for plain HTTP: they are a megabyte of memory once they are read.
fn root_certificates(url: &str) -> Result<Vec<reqwest::Certificate>, reqwest::Error> {
    if !url.starts_with("https:") {
        return Ok(Vec::new());
    }
    webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .map(|certificate| reqwest::Certificate::from_der(certificate))
        .collect()
}
