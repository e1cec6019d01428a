//! Where payments are kept.

use async_trait::async_trait;
use chassis::database::DatabaseError;
use uuid::Uuid;

use super::model::{Payment, PaymentId};

/// The payments, each written once and never changed.
#[async_trait]
pub trait PaymentStore: Send + Sync {
    /// Writes the payment unless its id is taken; `false` when it was taken. However many try at
    /// the same moment, one writes.
    async fn insert_if_absent(&self, payment: &Payment) -> Result<bool, DatabaseError>;

    /// The payment of this id.
    async fn get(&self, id: &PaymentId) -> Result<Option<Payment>, DatabaseError>;

    /// Up to `limit` payments of `/v1`, by id, after `after`.
    async fn page(&self, after: Option<Uuid>, limit: u32) -> Result<Vec<Payment>, DatabaseError>;
}
