//! payment-provider, as far as paying needs it.

use std::fmt;

use async_trait::async_trait;
use money::Money;
use uuid::Uuid;

/// What is known after asking for a charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The amount was charged under this id.
    Succeeded,
    /// Nothing was charged under this id, and never will be.
    Declined {
        /// Why, as payment-provider put it.
        reason: Option<String>,
    },
    /// Everything else: it may have been charged, or not.
    Unknown {
        /// What was seen instead of an answer.
        why: UnknownWhy,
    },
}

/// Why an outcome is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnknownWhy {
    /// No connection.
    Unreachable,
    /// A connection, but one of the two does not accept the other's certificate.
    NotTrusted,
    /// Nothing within the time that an answer may take.
    TimedOut,
    /// The connection broke off before the answer was complete.
    NoAnswer,
    /// An answer that is not a success.
    Status(u16),
    /// An answer that cannot be read.
    Unreadable,
    /// An answer about something else than was asked.
    Contradiction,
}

impl UnknownWhy {
    /// Whether the answer contradicts what was asked, which somebody has to look at.
    #[must_use]
    pub const fn is_contradiction(&self) -> bool {
        matches!(self, Self::Contradiction | Self::Status(409))
    }
}

impl fmt::Display for UnknownWhy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable => f.write_str("payment-provider cannot be reached"),
            Self::NotTrusted => {
                f.write_str("payment-provider's certificate or ours is not accepted")
            }
            Self::TimedOut => f.write_str("payment-provider did not answer in time"),
            Self::NoAnswer => f.write_str("payment-provider's answer broke off"),
            Self::Status(status) => write!(f, "payment-provider answered with status {status}"),
            Self::Unreadable => f.write_str("payment-provider's answer cannot be read"),
            Self::Contradiction => f.write_str("payment-provider answered about another payment"),
        }
    }
}

/// Whoever charges.
#[async_trait]
pub trait Provider: Send + Sync {
    /// Charges `amount` under the attempt id, or finds what came of it before.
    async fn charge(&self, id: Uuid, amount: Money) -> Outcome;
}
