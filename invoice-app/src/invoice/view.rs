//! An invoice as clients see it.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::model::{Invoice, InvoiceState};

/// An invoice.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Invoice)]
pub struct InvoiceView {
    /// Its id.
    pub id: Uuid,
    /// The number that people read.
    #[schema(example = "I1")]
    pub number: String,
    /// The amount, with all the digits of its currency.
    #[schema(example = "12.15")]
    pub amount: String,
    /// The currency, by its ISO 4217 code.
    #[schema(example = "EUR")]
    pub currency: &'static str,
    /// Where it stands.
    pub state: InvoiceState,
    /// Counts its changes.
    pub version: i64,
    /// When it was made, by RFC 3339.
    #[schema(format = DateTime, example = "2026-01-31T09:30:00.123456Z")]
    pub created_at: String,
    /// When it last changed, by RFC 3339.
    #[schema(format = DateTime, example = "2026-01-31T09:30:00.123456Z")]
    pub updated_at: String,
}

/// A page of invoices.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvoicePage {
    /// The invoices, in the order in which they were made.
    pub items: Vec<InvoiceView>,
    /// What to give as `after` for the next page; null at the end.
    pub next: Option<Uuid>,
}

impl From<Invoice> for InvoiceView {
    fn from(invoice: Invoice) -> Self {
        Self {
            id: invoice.id,
            number: invoice.number,
            amount: invoice.amount.to_decimal(),
            currency: invoice.amount.currency().code(),
            state: invoice.state,
            version: invoice.version,
            created_at: invoice.created_at.to_string(),
            updated_at: invoice.updated_at.to_string(),
        }
    }
}
