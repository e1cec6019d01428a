//! Clients and their requests.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE, HOST};
use reqwest::{Method, RequestBuilder};

use super::answer::Answer;
use super::error::HttpError;
use crate::cluster::identity::Identity;

/// Longer than the 25 s that paying all invoices may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(40);

/// A client that trusts what this machine trusts and uses no proxy.
#[derive(Clone)]
pub(crate) struct Http(reqwest::Client);

impl Http {
    /// The connection-less client: each request makes its own connection, so that a pod or process that is
    /// gone is never asked again, and each request through the Ingress may reach another replica.
    pub(crate) fn new() -> Result<Self, HttpError> {
        builder(0).build().map(Self).map_err(HttpError::NoClient)
    }

    /// A client that keeps its connections open as others do, for many requests in little time.
    pub(crate) fn keeping_connections() -> Result<Self, HttpError> {
        builder(64).build().map(Self).map_err(HttpError::NoClient)
    }

    /// A client that shows a certificate, if it is given one, and trusts those authorities alone. What
    /// it asks for under `host` is at a port of this machine.
    pub(crate) fn showing(
        identity: Option<&Identity>,
        authorities: &str,
        host: &str,
    ) -> Result<Self, HttpError> {
        let trusted = reqwest::Certificate::from_pem_bundle(authorities.as_bytes());
        let mut builder = builder(0)
            .tls_certs_only(trusted.map_err(HttpError::NoClient)?)
            .resolve(host, SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        if let Some(Identity { certificate, key }) = identity {
            let pem = format!("{certificate}\n{key}");
            let shown = reqwest::Identity::from_pem(pem.as_bytes());
            builder = builder.identity(shown.map_err(HttpError::NoClient)?);
        }
        builder.build().map(Self).map_err(HttpError::NoClient)
    }

    /// A request, to be refined and [`Request::send`].
    pub(crate) fn request(&self, method: Method, url: &str) -> Request {
        Request {
            asked: format!("{method} {url}"),
            builder: self.0.request(method, url),
        }
    }
}

fn builder(idle_connections: usize) -> reqwest::ClientBuilder {
    // Err means that it is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .pool_max_idle_per_host(idle_connections)
        .connect_timeout(Duration::from_secs(5))
        .timeout(REQUEST_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
}

/// A request that was not sent yet.
pub(crate) struct Request {
    asked: String,
    builder: RequestBuilder,
}

impl Request {
    /// How it is called in messages.
    pub(super) fn named(self, asked: String) -> Self {
        Self { asked, ..self }
    }

    /// Asks for another host than the URL's.
    pub(crate) fn host(mut self, host: &str) -> Self {
        self.asked = format!("{} (Host: {host})", self.asked);
        self.builder = self.builder.header(HOST, host);
        self
    }

    /// Makes it part of a trace, whose id is 32 hexadecimal digits.
    pub(crate) fn traced(mut self, trace_id: &str) -> Self {
        let parent = format!("00-{trace_id}-{}-01", &trace_id[16..]);
        self.builder = self.builder.header("traceparent", parent);
        self
    }

    /// Says which content type is wanted.
    pub(crate) fn accept(mut self, content_type: &str) -> Self {
        self.builder = self.builder.header(ACCEPT, content_type);
        self
    }

    /// A body of the given content type.
    pub(crate) fn body(mut self, content_type: &str, body: String) -> Self {
        self.builder = self.builder.header(CONTENT_TYPE, content_type).body(body);
        self
    }

    /// A JSON body.
    pub(crate) fn json(self, body: &serde_json::Value) -> Self {
        self.body("application/json", body.to_string())
    }

    /// Gives up earlier than others do.
    pub(crate) fn timeout(mut self, limit: Duration) -> Self {
        self.builder = self.builder.timeout(limit);
        self
    }

    /// Sends it and reads the whole answer.
    pub(crate) async fn send(self) -> Result<Answer, HttpError> {
        let asked = self.asked;
        let no_answer = |error: &reqwest::Error| HttpError::NoAnswer {
            asked: asked.clone(),
            reason: causes(error),
        };
        let response = self
            .builder
            .send()
            .await
            .map_err(|error| no_answer(&error))?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.text().await.map_err(|error| no_answer(&error))?;
        Ok(Answer {
            asked,
            status,
            headers,
            body,
        })
    }
}

/// An error's own words say only that sending failed: the reason is among its causes.
fn causes(error: &reqwest::Error) -> String {
    let mut words = Vec::new();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        words.push(error.to_string());
        cause = error.source();
    }
    if words.is_empty() {
        error.to_string()
    } else {
        words.join(": ")
    }
}
