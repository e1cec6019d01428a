//! What a client is told when something goes wrong: problem details (RFC 9457).

use std::fmt;

use actix_web::body::BoxBody;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::telemetry::current_trace_id;

/// A kind of problem. Clients tell problems apart by its name, which never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProblemKind {
    /// The last part of the `type` URI: `urn:invoice-platform:problem:NAME`.
    pub name: &'static str,
    /// The HTTP status that goes with it.
    pub status: u16,
    /// The kind in a few words.
    pub title: &'static str,
}

impl ProblemKind {
    /// A kind of this name, status and title.
    #[must_use]
    pub const fn new(name: &'static str, status: u16, title: &'static str) -> Self {
        Self {
            name,
            status,
            title,
        }
    }
}

/// The request cannot be understood; `errors` says which field is wrong.
pub const INVALID_REQUEST: ProblemKind =
    ProblemKind::new("invalid-request", 400, "The request is not valid");
/// There is nothing at this address.
pub const NOT_FOUND: ProblemKind = ProblemKind::new("not-found", 404, "There is nothing here");
/// The address does not take this method.
pub const METHOD_NOT_ALLOWED: ProblemKind =
    ProblemKind::new("method-not-allowed", 405, "This method is not allowed here");
/// The request was not done within the time it may take.
pub const REQUEST_TIMEOUT: ProblemKind =
    ProblemKind::new("timeout", 503, "The request took too long");
/// The body did not arrive in the time that it may take.
pub const BODY_TOO_SLOW: ProblemKind =
    ProblemKind::new("body-too-slow", 408, "The body did not arrive in time");
/// The body is larger than allowed.
pub const CONTENT_TOO_LARGE: ProblemKind =
    ProblemKind::new("content-too-large", 413, "The body is too large");
/// The address is longer than allowed.
pub const URI_TOO_LONG: ProblemKind =
    ProblemKind::new("uri-too-long", 414, "The address is too long");
/// The body is not JSON by its `Content-Type`.
pub const UNSUPPORTED_MEDIA_TYPE: ProblemKind = ProblemKind::new(
    "unsupported-media-type",
    415,
    "The body's media type is not supported",
);
/// The headers are larger than allowed.
pub const HEADERS_TOO_LARGE: ProblemKind =
    ProblemKind::new("headers-too-large", 431, "The headers are too large");
/// A fault of the service.
pub const INTERNAL: ProblemKind = ProblemKind::new("internal", 500, "The service failed");
/// Something that the service needs is away; trying again later helps.
pub const UNAVAILABLE: ProblemKind = ProblemKind::new(
    "unavailable",
    503,
    "The service is not available at the moment",
);

/// One field that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// The field: its path in the body, or the name of the query or path parameter.
    #[schema(example = "amount")]
    pub field: String,
    /// What is wrong with it.
    #[schema(example = "has more than the 2 decimal places that EUR has")]
    pub detail: String,
}

/// The members of a problem answer, for the API's description.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// The kind of problem, as a URI that never changes.
    #[serde(rename = "type")]
    #[schema(example = "urn:invoice-platform:problem:invalid-request")]
    pub kind: String,
    /// The kind in a few words.
    #[schema(example = "The request is not valid")]
    pub title: String,
    /// The HTTP status.
    #[schema(example = 400)]
    pub status: u16,
    /// What is wrong this time, and what to do.
    #[schema(example = "amount has more than the 2 decimal places that EUR has")]
    pub detail: String,
    /// The trace that the request belongs to: name it when asking for help.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "4bf92f3577b34da6a3ce929d0e0e4736")]
    pub trace_id: Option<String>,
    /// The fields that are wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

/// A problem on its way to a client. It holds nothing that a client should not read.
#[derive(Debug, Clone)]
pub struct Problem(Box<Parts>);

/// Behind a box, for errors are moved around a lot and should be small.
#[derive(Debug, Clone)]
struct Parts {
    kind: ProblemKind,
    detail: String,
    errors: Vec<FieldError>,
    members: Map<String, Value>,
    headers: Vec<(header::HeaderName, String)>,
}

impl Problem {
    /// A problem of this kind, with what is wrong this time.
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            kind,
            detail: detail.into(),
            errors: Vec::new(),
            members: Map::new(),
            headers: Vec::new(),
        }))
    }

    /// An invalid request because of one field.
    pub fn field(field: impl Into<String>, detail: impl Into<String>) -> Self {
        let error = FieldError {
            field: field.into(),
            detail: detail.into(),
        };
        let mut problem = Self::new(INVALID_REQUEST, format!("{} {}", error.field, error.detail));
        problem.0.errors.push(error);
        problem
    }

    /// A fault of the service: `source` goes to the log, the client learns that it happened.
    pub fn internal(source: &dyn std::error::Error) -> Self {
        tracing::error!(error = %Chain(source), "a request failed by a fault of this service");
        Self::new(
            INTERNAL,
            "The fault is logged under the trace id. Trying again may help.",
        )
    }

    /// Something needed is away: `source` goes to the log, the client may try again soon.
    pub fn unavailable(source: &dyn std::error::Error) -> Self {
        tracing::warn!(error = %Chain(source), "a request failed for something that is away");
        Self::new(
            UNAVAILABLE,
            "Something that the service needs is away. Try again in a moment.",
        )
        .retry_after(1)
    }

    /// Nothing of this kind has this id.
    #[must_use]
    pub fn no_such(thing: &str) -> Self {
        Self::new(NOT_FOUND, format!("There is no {thing} with this id."))
    }

    /// Adds a member of its own to the answer.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.members.insert(name.to_owned(), value.into());
        self
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn header(mut self, name: header::HeaderName, value: impl Into<String>) -> Self {
        self.0.headers.push((name, value.into()));
        self
    }

    /// Tells the client after how many seconds to try again.
    #[must_use]
    pub fn retry_after(self, seconds: u32) -> Self {
        self.header(header::RETRY_AFTER, seconds.to_string())
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> ProblemKind {
        self.0.kind
    }

    /// The answer.
    #[must_use]
    pub fn response(&self) -> HttpResponse {
        let mut response = HttpResponseBuilder::new(self.status_code());
        for (name, value) in &self.0.headers {
            response.insert_header((name.clone(), value.as_str()));
        }
        response.insert_header((header::CONTENT_TYPE, "application/problem+json"));
        response.body(self.body().to_string())
    }

    fn body(&self) -> Value {
        let parts = &self.0;
        let body = ProblemBody {
            kind: format!("urn:invoice-platform:problem:{}", parts.kind.name),
            title: parts.kind.title.to_owned(),
            status: parts.kind.status,
            detail: parts.detail.clone(),
            trace_id: current_trace_id(),
            errors: parts.errors.clone(),
        };
        let mut body = serde_json::to_value(body).unwrap_or_default();
        if let Some(members) = body.as_object_mut() {
            members.extend(parts.members.clone());
        }
        body
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.kind.title, self.0.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0.kind.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        self.response()
    }
}

/// An error and all its causes in one line.
pub struct Chain<'a>(pub &'a dyn std::error::Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said = self.0.to_string();
        f.write_str(&said)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            let cause = error.to_string();
            // Many errors of other crates end with their cause already.
            if !said.ends_with(&cause) {
                write!(f, ": {cause}")?;
            }
            said = cause;
            source = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the door is shut")]
    struct Cause;

    #[derive(Debug, thiserror::Error)]
    enum Failed {
        #[error("nobody came in")]
        Silent(#[source] Cause),
        #[error("nobody came in: {0}")]
        Repeating(#[source] Cause),
    }

    #[test]
    fn a_cause_is_said_once() {
        for error in [Failed::Silent(Cause), Failed::Repeating(Cause)] {
            assert_eq!(
                Chain(&error).to_string(),
                "nobody came in: the door is shut"
            );
        }
    }
}
