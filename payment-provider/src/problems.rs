//! The one place where this service's errors become answers.

use actix_web::http::header;
use chassis::problem::{Problem, ProblemKind};
use serde_json::json;

use crate::payment::{ChargeError, PaymentView};

const DIFFERENT_PAYMENT: ProblemKind = ProblemKind::new(
    "different-payment",
    409,
    "This id was used for a different payment",
);
const DECLINED: ProblemKind = ProblemKind::new("declined", 402, "The payment was declined");

impl From<ChargeError> for Problem {
    fn from(error: ChargeError) -> Self {
        match error {
            ChargeError::Different(stored) => {
                let stored = PaymentView::from(*stored);
                let detail = format!(
                    "The id was used for {} {}. Use a new id for a new payment.",
                    stored.amount, stored.currency
                );
                Self::new(DIFFERENT_PAYMENT, detail).with("payment", json!(stored))
            }
            ChargeError::Database(error) => error.into(),
        }
    }
}

/// The answer of the drop-in route to a charge that was declined.
pub(crate) fn declined(reason: &str) -> Problem {
    Problem::new(DECLINED, format!("The charge was declined: {reason}."))
        .header(header::CACHE_CONTROL, "no-store")
}
