//! A port of a service.

use std::sync::Arc;

use reqwest::Method;
use serde::de::DeserializeOwned;

use super::answer::Answer;
use super::error::HttpError;
use super::http::{Http, Request};
use crate::cluster::forward::Forward;
use crate::wire::Page;

/// As long as a page may be.
const PAGE: usize = 100;
/// Far more than any deployment under test holds; a cursor that goes in circles ends there.
const MAX_PAGES: usize = 1_000;

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
        let url = format!("{}{path}", self.url);
        self.http.request(method, &url).named(asked)
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Answer, HttpError> {
        self.request(Method::GET, path).send().await
    }

    /// Follows a list's cursors to its end.
    pub(super) async fn all<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>, HttpError> {
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
}
