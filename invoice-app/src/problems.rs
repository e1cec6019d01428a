//! The one place where this service's errors become answers.

use chassis::problem::{Problem, ProblemKind};
use serde_json::Map;

use crate::invoice::{UnpaidInvoices, VoidError};
use crate::payment::{PayError, PrepareError, SaveError, SendError};

const NOT_PAYABLE: ProblemKind =
    ProblemKind::new("invoice-not-payable", 409, "This invoice cannot be paid");
const NOT_VOIDABLE: ProblemKind = ProblemKind::new(
    "invoice-not-voidable",
    409,
    "This invoice cannot be withdrawn",
);
const CHANGED: ProblemKind = ProblemKind::new(
    "conflict",
    409,
    "Somebody else was at it at the same moment",
);
const UNPAID: ProblemKind =
    ProblemKind::new("invoices-unpaid", 502, "Not every invoice could be paid");

impl From<VoidError> for Problem {
    fn from(error: VoidError) -> Self {
        match error {
            VoidError::NotFound => Self::no_such("invoice"),
            VoidError::Illegal(illegal) => Self::new(
                NOT_VOIDABLE,
                format!("The invoice is {}.", illegal.state.name()),
            ),
            VoidError::BeingPaid => Self::new(
                NOT_VOIDABLE,
                "A payment of the invoice is under way. Try again when its outcome is known.",
            )
            .retry_after(1),
            VoidError::Changed => changed(),
            VoidError::Database(error) => error.into(),
        }
    }
}

impl From<PayError> for Problem {
    fn from(error: PayError) -> Self {
        match error {
            PayError::Prepare(PrepareError::NotFound) => Self::no_such("invoice"),
            PayError::Prepare(PrepareError::NotOpen(state)) => {
                Self::new(NOT_PAYABLE, format!("The invoice is {}.", state.name()))
            }
            PayError::Prepare(PrepareError::Live) => changed(),
            PayError::Prepare(PrepareError::Database(error))
            | PayError::Send(
                SendError::Database(error) | SendError::Save(SaveError::Database(error)),
            ) => error.into(),
            PayError::Send(
                error @ (SendError::Illegal(_) | SendError::Save(SaveError::Invoice(_))),
            ) => Self::internal(&error),
        }
    }
}

fn changed() -> Problem {
    Problem::new(
        CHANGED,
        "The invoice changed at the same moment. Look at it, and try again.",
    )
    .retry_after(1)
}

/// The answer when invoices are left unpaid.
pub(crate) fn unpaid(left: &UnpaidInvoices) -> Problem {
    let detail = format!(
        "{} left unpaid. A payment whose outcome is not known goes on by itself: look at GET /invoices in a moment. One that was declined is tried again when it is asked for again.",
        if left.count == 1 {
            "1 invoice is".to_owned()
        } else {
            format!("{} invoices are", left.count)
        }
    );
    let numbers: Vec<_> = left.first.iter().map(|one| one.number.clone()).collect();
    let reasons: Map<_, _> = left
        .first
        .iter()
        .filter_map(|one| Some((one.number.clone(), one.reason.clone()?.into())))
        .collect();
    Problem::new(UNPAID, detail)
        .with("unpaid", numbers)
        .with("unpaid_count", left.count)
        .with("reasons", reasons)
}
