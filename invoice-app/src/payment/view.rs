//! A payment as clients see it.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::model::{Payment, PaymentState};

/// An attempt to charge an invoice.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Payment)]
pub struct PaymentView {
    /// Its id, also at payment-provider.
    pub id: Uuid,
    /// The invoice.
    pub invoice_id: Uuid,
    /// The amount, with all the digits of its currency.
    #[schema(example = "12.15")]
    pub amount: String,
    /// The currency, by its ISO 4217 code.
    #[schema(example = "EUR")]
    pub currency: &'static str,
    /// Where it stands.
    pub state: PaymentState,
    /// Why it was declined, or why its outcome is not known; else null.
    #[schema(example = json!(null))]
    pub reason: Option<String>,
    /// How often it was sent to payment-provider.
    pub tries: u32,
    /// When it was made, by RFC 3339.
    #[schema(format = DateTime, example = "2026-01-31T09:30:00.123456Z")]
    pub created_at: String,
    /// When it last changed, by RFC 3339.
    #[schema(format = DateTime, example = "2026-01-31T09:30:00.123456Z")]
    pub updated_at: String,
}

/// The attempts of an invoice.
#[derive(Debug, Serialize, ToSchema)]
pub struct PaymentList {
    /// The attempts, the latest first; 100 at most.
    pub items: Vec<PaymentView>,
}

impl From<Payment> for PaymentView {
    fn from(payment: Payment) -> Self {
        Self {
            id: payment.id,
            invoice_id: payment.invoice_id,
            amount: payment.amount.to_decimal(),
            currency: payment.amount.currency().code(),
            state: payment.state,
            reason: payment.reason,
            tries: payment.tries,
            created_at: payment.created_at.to_string(),
            updated_at: payment.updated_at.to_string(),
        }
    }
}
