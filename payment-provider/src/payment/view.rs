//! A payment as clients see it.

use serde::Serialize;
use utoipa::ToSchema;

use super::model::{Payment, Status};

/// A charge and how it ended.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Payment)]
pub struct PaymentView {
    /// The attempt id that the caller made.
    #[schema(format = Uuid, example = "0198c0de-0000-7000-8000-000000000001")]
    pub id: String,
    /// The amount, with all the digits of its currency.
    #[schema(example = "12.15")]
    pub amount: String,
    /// The currency, by its ISO 4217 code.
    #[schema(example = "EUR")]
    pub currency: &'static str,
    /// How it ended; it never changes.
    pub status: StatusView,
    /// Why it was declined, as a word that programs can read; null when it succeeded.
    #[schema(example = json!(null))]
    pub reason: Option<String>,
    /// When, by RFC 3339.
    #[schema(format = DateTime, example = "2026-01-31T09:30:00.123456Z")]
    pub created_at: String,
}

/// How a charge ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Status)]
pub enum StatusView {
    /// The amount was charged.
    Succeeded,
    /// Nothing was charged.
    Declined,
}

/// A page of payments.
#[derive(Debug, Serialize, ToSchema)]
pub struct PaymentPage {
    /// The payments, by id.
    pub items: Vec<PaymentView>,
    /// What to give as `after` for the next page; null at the end.
    pub next: Option<String>,
}

impl From<Payment> for PaymentView {
    fn from(payment: Payment) -> Self {
        let (status, reason) = match payment.status {
            Status::Succeeded => (StatusView::Succeeded, None),
            Status::Declined { reason } => (StatusView::Declined, Some(reason)),
        };
        Self {
            id: payment.id.key().to_owned(),
            amount: payment.amount.to_decimal(),
            currency: payment.amount.currency().code(),
            status,
            reason,
            created_at: payment.created_at.to_string(),
        }
    }
}
