//! Answers.

use reqwest::header::{CONTENT_TYPE, HeaderMap, LOCATION};
use serde::de::DeserializeOwned;

use super::error::HttpError;
use crate::wire::Problem;

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Method and URL, for messages.
    pub(crate) asked: String,
    pub(crate) status: u16,
    pub(super) headers: HeaderMap,
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

#[cfg(test)]
mod tests {
    use crate::client::{Door, Http};
    use std::net::TcpListener;

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
