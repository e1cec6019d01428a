//! How an attempt to connect ended.

use std::io;

use serde::{Deserialize, Serialize};

/// How an attempt to connect ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The other side accepted.
    Connected,
    /// The host answered that nothing listens there.
    Refused,
    /// Nothing came back: what a policy that drops packets looks like.
    TimedOut,
    /// The network knows no way there.
    Unreachable,
    /// The name has no address.
    NameNotFound,
}

impl Outcome {
    /// What an error of `connect` says.
    #[must_use]
    pub fn of(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Self::TimedOut,
            io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => Self::Refused,
            _ => Self::Unreachable,
        }
    }
}

/// One line of the probe's output: what became of one target.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The target as it was given.
    pub target: String,
    /// How the deciding try ended.
    pub outcome: Outcome,
    /// Milliseconds from the first try to the end of the deciding one.
    pub millis: u64,
}
