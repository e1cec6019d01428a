//! Why asking failed.

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
