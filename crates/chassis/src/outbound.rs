//! Clients for calls out of a service.

use std::time::Duration;

/// The client could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client cannot be made: {0}")]
pub struct ClientError(#[from] reqwest::Error);

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const IDLE_CONNECTIONS_PER_HOST: usize = 16;
/// Below the time after which the services close an idle connection, so that a call is never
/// written into one that is being closed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// A client for calls to `url`, each of which ends after `timeout`, connecting included. It follows
/// no redirects, uses no proxy, and trusts the Mozilla root certificates, which are part of the
/// program: an image FROM scratch has no others.
///
/// # Errors
/// [`ClientError`] when TLS cannot be set up.
pub fn client(url: &str, timeout: Duration) -> Result<reqwest::Client, ClientError> {
    install_ring();
    let client = reqwest::Client::builder()
        .tls_certs_only(root_certificates(url)?)
        .timeout(timeout)
        .connect_timeout(CONNECT_TIMEOUT.min(timeout))
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(IDLE_CONNECTIONS_PER_HOST)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()?;
    Ok(client)
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
