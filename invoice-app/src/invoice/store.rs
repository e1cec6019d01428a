//! Where invoices are kept.

use async_trait::async_trait;
use chassis::database::DatabaseError;
use jiff::Timestamp;
use money::Money;
use uuid::Uuid;

use super::model::{IllegalInvoiceChange, Invoice, InvoiceState};

/// Why an invoice was not withdrawn.
#[derive(Debug, thiserror::Error)]
pub enum VoidError {
    /// There is no such invoice.
    #[error("there is no such invoice")]
    NotFound,
    /// Its state does not allow it.
    #[error(transparent)]
    Illegal(#[from] IllegalInvoiceChange),
    /// A payment of it is under way.
    #[error("a payment of the invoice is under way")]
    BeingPaid,
    /// It changed at the same moment.
    #[error("the invoice changed at the same moment")]
    Changed,
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// The invoices that are open, in short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnpaidInvoices {
    /// How many.
    pub count: u64,
    /// The first of them.
    pub first: Vec<UnpaidInvoice>,
}

/// An invoice that is open, in short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnpaidInvoice {
    /// The number that people read.
    pub number: String,
    /// Why its latest payment was declined, or why the outcome is not known; none where nobody said.
    pub reason: Option<String>,
}

/// The invoices.
#[async_trait]
pub trait InvoiceStore: Send + Sync {
    /// Makes an open invoice with the next number of its series.
    async fn create(
        &self,
        id: Uuid,
        amount: Money,
        now: Timestamp,
    ) -> Result<Invoice, DatabaseError>;

    /// The invoice of this id.
    async fn get(&self, id: Uuid) -> Result<Option<Invoice>, DatabaseError>;

    /// Up to `limit` invoices by id, after `after`, of one state or of all.
    async fn page(
        &self,
        state: Option<InvoiceState>,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Invoice>, DatabaseError>;

    /// How many invoices are open, and the first `limit` of them.
    async fn unpaid(&self, limit: u32) -> Result<UnpaidInvoices, DatabaseError>;

    /// Withdraws an open invoice that no payment is under way for.
    async fn void(&self, id: Uuid, now: Timestamp) -> Result<Invoice, VoidError>;

    /// Writes the three invoices that a new deployment starts with; does nothing in one that has
    /// started before.
    async fn seed(&self, ids: [Uuid; 3], now: Timestamp) -> Result<(), DatabaseError>;
}
