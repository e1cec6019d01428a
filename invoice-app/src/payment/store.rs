//! Where payments are kept.

use std::time::Duration;

use async_trait::async_trait;
use chassis::database::DatabaseError;
use jiff::Timestamp;
use uuid::Uuid;

use super::model::Payment;
use crate::invoice::{IllegalInvoiceChange, InvoiceState};

/// Why an attempt was not made.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// There is no such invoice.
    #[error("there is no such invoice")]
    NotFound,
    /// The invoice is not open.
    #[error("the invoice is {}", .0.name())]
    NotOpen(InvoiceState),
    /// Another attempt is under way, or was made at the same moment.
    #[error("another payment of the invoice is under way")]
    Live,
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// Why a change of an attempt was not written.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// Its invoice does not take it. The constraints keep this from happening.
    #[error("the invoice does not take its payment: {0}")]
    Invoice(#[from] IllegalInvoiceChange),
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// The payments. Each change of one is also a change of its invoice, in one transaction.
#[async_trait]
pub trait PaymentStore: Send + Sync {
    /// Writes down a new attempt for an open invoice that has no live one, with the invoice's amount.
    async fn prepare(
        &self,
        id: Uuid,
        invoice: Uuid,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Payment, PrepareError>;

    /// Replaces `before` by `after`; an attempt that succeeded pays its invoice. `false`, and nothing
    /// changed, when the attempt is not any more what `before` says.
    async fn save(&self, before: &Payment, after: &Payment) -> Result<bool, SaveError>;

    /// The payment of this id.
    async fn get(&self, id: Uuid) -> Result<Option<Payment>, DatabaseError>;

    /// The attempt of the invoice that is not final, if there is one.
    async fn live_of(&self, invoice: Uuid) -> Result<Option<Payment>, DatabaseError>;

    /// Up to `limit` attempts of the invoice, the latest first.
    async fn of_invoice(&self, invoice: Uuid, limit: u32) -> Result<Vec<Payment>, DatabaseError>;

    /// Up to `limit` live attempts that anyone may take up, the longest due first.
    async fn due(&self, now: Timestamp, limit: u32) -> Result<Vec<Payment>, DatabaseError>;

    /// When the oldest live attempt was made.
    async fn oldest_live(&self) -> Result<Option<Timestamp>, DatabaseError>;
}
