//! A payment as this service keeps it.

use jiff::Timestamp;
use money::Money;
use uuid::Uuid;

/// Which door an id came through. The two kinds of ids never meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// `/v1/payments`: attempt ids, UUIDs that the caller made.
    V1,
    /// `/payments/pay`: whatever text a caller of the old system sends.
    DropIn,
}

/// The id of a payment: one of these is charged at most once, for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentId {
    source: Source,
    key: String,
}

const DROP_IN_PREFIX: &str = "drop-in:";

impl PaymentId {
    /// The id of an attempt.
    #[must_use]
    pub fn attempt(id: Uuid) -> Self {
        Self {
            source: Source::V1,
            key: id.to_string(),
        }
    }

    /// An id of the drop-in route, in a space of its own.
    #[must_use]
    pub fn drop_in(id: &str) -> Self {
        Self {
            source: Source::DropIn,
            key: format!("{DROP_IN_PREFIX}{id}"),
        }
    }

    /// The id that is stored under this key.
    #[must_use]
    pub fn stored(key: String) -> Self {
        let source = if key.starts_with(DROP_IN_PREFIX) {
            Source::DropIn
        } else {
            Source::V1
        };
        Self { source, key }
    }

    /// Which door it came through.
    #[must_use]
    pub fn source(&self) -> Source {
        self.source
    }

    /// The key it is stored under, unique across both doors.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}

/// How a charge ended. It never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// The amount was charged.
    Succeeded,
    /// Nothing was charged, and never will be under this id.
    Declined {
        /// Why, as a word that programs can read.
        reason: String,
    },
}

/// A charge and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// Its id.
    pub id: PaymentId,
    /// How much.
    pub amount: Money,
    /// How it ended.
    pub status: Status,
    /// When.
    pub created_at: Timestamp,
}

/// Decides a charge: what is above the limit is declined.
#[must_use]
pub fn decide(amount: Money, limit_minor: i64) -> Status {
    if amount.minor() > limit_minor {
        return Status::Declined {
            reason: "amount_above_limit".to_owned(),
        };
    }
    Status::Succeeded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_the_two_doors_never_meet() {
        let id = Uuid::nil();
        assert_ne!(PaymentId::attempt(id), PaymentId::drop_in(&id.to_string()));
        for made in [
            PaymentId::attempt(id),
            PaymentId::drop_in("I1"),
            PaymentId::drop_in("drop-in:I1"),
        ] {
            assert_eq!(PaymentId::stored(made.key().to_owned()), made);
        }
    }

    #[test]
    fn what_is_above_the_limit_is_declined() {
        let euro = |minor| Money::from_minor(minor, "EUR".parse().unwrap());
        assert_eq!(decide(euro(100), 100), Status::Succeeded);
        assert_eq!(
            decide(euro(101), 100),
            Status::Declined {
                reason: "amount_above_limit".to_owned()
            }
        );
    }
}
