//! Asking the services over HTTP.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE, HOST, HeaderMap, LOCATION};
use reqwest::{Method, RequestBuilder};
use serde::de::DeserializeOwned;
use serde_json::json;
use uuid::Uuid;

use crate::cluster::forward::Forward;
use crate::cluster::identity::Identity;
use crate::wire::{Charge, DropInInvoice, Invoice, Items, Page, Payment, Problem};

/// Longer than the 25 s that paying all invoices may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(40);
/// As long as a page may be.
const PAGE: usize = 100;
/// Far more than any deployment under test holds; a cursor that goes in circles ends there.
const MAX_PAGES: usize = 1_000;

/// Why a service's answer could not be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    /// The client could not be made.
    #[error("the HTTP client cannot be made: {0}")]
    NoClient(#[source] reqwest::Error),
    /// No answer came.
    #[error("{asked}: no answer ({reason})")]
    NoAnswer { asked: String, reason: String },
    /// Another status than expected.
    #[error("{asked}: {status} instead of {wanted}: {body}")]
    Status {
        asked: String,
        status: u16,
        wanted: String,
        body: String,
    },
    /// A body that cannot be read.
    #[error("{asked}: {status} with a body that cannot be read ({reason}): {body}")]
    Body {
        asked: String,
        status: u16,
        reason: String,
        body: String,
    },
    /// A list whose pages never end.
    #[error("{0}: the list has no last page")]
    Endless(String),
}

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
    /// Asks for another host than the URL's.
    pub(crate) fn host(mut self, host: &str) -> Self {
        self.asked = format!("{} (Host: {host})", self.asked);
        self.builder = self.builder.header(HOST, host);
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

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Method and URL, for messages.
    pub(crate) asked: String,
    pub(crate) status: u16,
    headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    fn header(&self, name: &reqwest::header::HeaderName) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("")
    }

    pub(crate) fn content_type(&self) -> &str {
        self.header(&CONTENT_TYPE)
    }

    pub(crate) fn location(&self) -> &str {
        self.header(&LOCATION)
    }

    /// A header that no standard names.
    pub(crate) fn own_header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.and_then(|value| value.to_str().ok()).unwrap_or("")
    }

    /// This answer, if its status is the one that is wanted.
    pub(crate) fn expect(self, status: u16) -> Result<Self, HttpError> {
        self.expect_any(&[status])
    }

    /// This answer, if its status is among those that are wanted.
    pub(crate) fn expect_any(self, statuses: &[u16]) -> Result<Self, HttpError> {
        if statuses.contains(&self.status) {
            return Ok(self);
        }
        let wanted = statuses
            .iter()
            .map(u16::to_string)
            .collect::<Vec<_>>()
            .join(" or ");
        let body = shortened(&self.body);
        Err(HttpError::Status {
            asked: self.asked,
            status: self.status,
            wanted,
            body,
        })
    }

    /// The body, read from JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, HttpError> {
        serde_json::from_str(&self.body).map_err(|error| self.unreadable(error.to_string()))
    }

    /// The body, read as `application/problem+json` of this answer's status.
    pub(crate) fn problem(&self) -> Result<Problem, HttpError> {
        if !self.content_type().starts_with("application/problem+json") {
            return Err(self.unreadable(format!(
                "content type `{}`, not problem+json",
                self.content_type()
            )));
        }
        let problem: Problem = self.json()?;
        if problem.status != self.status {
            return Err(self.unreadable(format!("the problem's status is {}", problem.status)));
        }
        let missing = [
            ("type", &problem.kind),
            ("title", &problem.title),
            ("trace_id", &problem.trace_id),
        ];
        match missing.iter().find(|(_, value)| value.is_empty()) {
            Some((name, _)) => Err(self.unreadable(format!("the problem has no `{name}`"))),
            None => Ok(problem),
        }
    }

    fn unreadable(&self, reason: String) -> HttpError {
        HttpError::Body {
            asked: self.asked.clone(),
            status: self.status,
            reason,
            body: shortened(&self.body),
        }
    }
}

fn shortened(body: &str) -> String {
    const LIMIT: usize = 300;
    if body.chars().count() <= LIMIT {
        return body.to_owned();
    }
    let start: String = body.chars().take(LIMIT).collect();
    format!("{start}...")
}

/// A service's public or management port, at one address.
#[derive(Clone)]
pub(crate) struct Door {
    http: Http,
    url: String,
    /// Kept open for as long as the door is used.
    forward: Option<Arc<Forward>>,
    /// Who stands behind it, for messages.
    pub(crate) name: String,
}

impl Door {
    pub(crate) fn new(http: &Http, url: &str, name: impl Into<String>) -> Self {
        Self {
            http: http.clone(),
            url: url.trim_end_matches('/').to_owned(),
            forward: None,
            name: name.into(),
        }
    }

    /// Through a port-forward, to one pod.
    pub(crate) fn through(http: &Http, forward: Forward, name: impl Into<String>) -> Self {
        let mut door = Self::new(http, &format!("http://{}", forward.address()), name);
        door.forward = Some(Arc::new(forward));
        door
    }

    /// The same, by TLS under the name that the pod's certificate is on.
    pub(crate) fn through_tls(
        http: &Http,
        forward: Forward,
        host: &str,
        name: impl Into<String>,
    ) -> Self {
        let mut door = Self::new(
            http,
            &format!("https://{host}:{}", forward.address().port()),
            name,
        );
        door.forward = Some(Arc::new(forward));
        door
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> Request {
        let asked = format!("{}: {method} {path}", self.name);
        Request {
            asked,
            ..self.http.request(method, &format!("{}{path}", self.url))
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Answer, HttpError> {
        self.request(Method::GET, path).send().await
    }

    /// Follows a list's cursors to its end.
    async fn all<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>, HttpError> {
        let mut all = Vec::new();
        let mut after = String::new();
        for _ in 0..MAX_PAGES {
            let page: Page<T> = self
                .get(&format!("{path}?limit={PAGE}{after}"))
                .await?
                .expect(200)?
                .json()?;
            all.extend(page.items);
            match page.next {
                Some(next) => after = format!("&after={}", percent_encoded(&next)),
                None => return Ok(all),
            }
        }
        Err(HttpError::Endless(format!("{}: GET {path}", self.name)))
    }
}

fn percent_encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

/// invoice-app, asked at one address.
#[derive(Clone)]
pub(crate) struct InvoiceApp(pub(crate) Door);

impl InvoiceApp {
    /// `GET /invoices`.
    pub(crate) async fn drop_in_invoices(&self) -> Result<Vec<DropInInvoice>, HttpError> {
        self.0.get("/invoices").await?.expect(200)?.json()
    }

    /// `POST /invoices/pay`, whatever it answers.
    pub(crate) async fn drop_in_pay(&self) -> Result<Answer, HttpError> {
        self.0.request(Method::POST, "/invoices/pay").send().await
    }

    /// A new open invoice.
    pub(crate) async fn create(&self, amount: &str, currency: &str) -> Result<Invoice, HttpError> {
        let body = json!({"amount": amount, "currency": currency});
        self.0
            .request(Method::POST, "/v1/invoices")
            .json(&body)
            .send()
            .await?
            .expect(201)?
            .json()
    }

    pub(crate) async fn invoice(&self, id: Uuid) -> Result<Invoice, HttpError> {
        self.0
            .get(&format!("/v1/invoices/{id}"))
            .await?
            .expect(200)?
            .json()
    }

    /// Every invoice there is.
    pub(crate) async fn invoices(&self) -> Result<Vec<Invoice>, HttpError> {
        self.0.all("/v1/invoices").await
    }

    pub(crate) async fn payments_of(&self, invoice: Uuid) -> Result<Vec<Payment>, HttpError> {
        let path = format!("/v1/invoices/{invoice}/payments");
        let payments: Items<Payment> = self.0.get(&path).await?.expect(200)?.json()?;
        Ok(payments.items)
    }

    /// `POST /v1/invoices/{id}/pay`, whatever it answers.
    pub(crate) async fn pay(&self, invoice: Uuid) -> Result<Answer, HttpError> {
        self.0
            .request(Method::POST, &format!("/v1/invoices/{invoice}/pay"))
            .send()
            .await
    }
}

/// payment-provider, asked at one address.
#[derive(Clone)]
pub(crate) struct PaymentProvider(pub(crate) Door);

impl PaymentProvider {
    /// Every payment there is.
    pub(crate) async fn charges(&self) -> Result<Vec<Charge>, HttpError> {
        self.0.all("/v1/payments").await
    }

    /// The payment with this id, if there is one.
    pub(crate) async fn charge(&self, id: Uuid) -> Result<Option<Charge>, HttpError> {
        let answer = self
            .0
            .get(&format!("/v1/payments/{id}"))
            .await?
            .expect_any(&[200, 404])?;
        if answer.status == 404 {
            Ok(None)
        } else {
            answer.json().map(Some)
        }
    }

    /// `POST /payments/pay`, whatever it answers.
    pub(crate) async fn drop_in_pay(&self, id: &str) -> Result<Answer, HttpError> {
        let body = json!({"id": id, "value": 1.5, "currency": "EUR"});
        self.0
            .request(Method::POST, "/payments/pay")
            .json(&body)
            .send()
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::{Door, Http, HttpError, percent_encoded};
    use std::net::TcpListener;

    #[test]
    fn a_cursor_is_sent_as_it_came() {
        assert_eq!(percent_encoded("a-b_1.~"), "a-b_1.~");
        assert_eq!(percent_encoded("a+b/c=&"), "a%2Bb%2Fc%3D%26");
    }

    #[tokio::test]
    async fn an_address_where_nobody_listens_is_named_with_the_reason() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let door = Door::new(
            &Http::new().unwrap(),
            &format!("http://{address}/"),
            "invoice-app",
        );
        let error = door.get("/invoices").await.unwrap_err();
        assert!(matches!(error, HttpError::NoAnswer { .. }));
        let text = error.to_string();
        assert!(
            text.contains("invoice-app: GET /invoices") && text.contains("refused"),
            "{text}"
        );
    }

    #[tokio::test]
    async fn an_answer_that_is_no_problem_is_not_taken_for_one() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            use std::io::{Read, Write};
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 1024]).unwrap();
            stream
                .write_all(
                    b"HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno",
                )
                .unwrap();
        });
        let door = Door::new(
            &Http::new().unwrap(),
            &format!("http://{address}"),
            "invoice-app",
        );
        let answer = door.get("/nowhere").await.unwrap();
        assert_eq!(answer.status, 404);
        assert!(answer.problem().is_err());
        assert!(
            answer
                .expect(200)
                .unwrap_err()
                .to_string()
                .contains("404 instead of 200")
        );
    }
}
