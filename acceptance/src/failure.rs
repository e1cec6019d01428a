//! Why a check did not pass.

use std::time::Duration;

use crate::client::HttpError;

/// Why a check did not pass.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A service could not be asked, or answered something else than its contract says.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The cluster's API refused.
    #[error("{doing}: {}", in_its_words(source))]
    Cluster {
        doing: String,
        source: Box<kube::Error>,
    },
    /// A database refused.
    #[error("{doing}: {source}")]
    Database { doing: String, source: sqlx::Error },
    /// Something of this machine refused.
    #[error("{doing}: {source}")]
    Machine {
        doing: String,
        source: std::io::Error,
    },
    /// What was waited for did not come.
    #[error("{what}: not seen within {} s; last: {last}", after.as_secs())]
    NotSeen {
        what: String,
        after: Duration,
        last: String,
    },
    /// What was seen is not what should be.
    #[error("{0}")]
    Wrong(String),
    /// The deployment has not what the check is about.
    #[error("{0}")]
    NotHere(String),
}

impl Failure {
    /// What was seen is not what should be.
    pub(crate) fn wrong(text: impl Into<String>) -> Self {
        Self::Wrong(text.into())
    }

    /// For `map_err`: what was being done when the cluster's API refused.
    pub(crate) fn cluster(doing: impl Into<String>) -> impl FnOnce(kube::Error) -> Self {
        move |source| Self::Cluster {
            doing: doing.into(),
            source: Box::new(source),
        }
    }

    /// For `map_err`: what was being done when a database refused.
    pub(crate) fn database(doing: impl Into<String>) -> impl FnOnce(sqlx::Error) -> Self {
        move |source| Self::Database {
            doing: doing.into(),
            source,
        }
    }

    /// For `map_err`: what was being done when this machine refused.
    pub(crate) fn machine(doing: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Machine {
            doing: doing.into(),
            source,
        }
    }
}

/// What the API itself said, without the structure that it came in.
fn in_its_words(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) if !status.message.is_empty() => status.message.clone(),
        other => other.to_string(),
    }
}

/// Fails with a sentence unless `holds`.
pub(crate) fn ensure(holds: bool, sentence: impl FnOnce() -> String) -> Result<(), Failure> {
    if holds {
        Ok(())
    } else {
        Err(Failure::Wrong(sentence()))
    }
}
