//! Charging.

use std::sync::Arc;

use chassis::clock::Clock;
use chassis::database::DatabaseError;
use money::Money;
use uuid::Uuid;

use super::metrics::ChargeMetrics;
use super::model::{Payment, PaymentId, Status, decide};
use super::store::PaymentStore;

/// What came of a request to charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Charged {
    /// It was decided now.
    Now(Payment),
    /// It was decided before; this is the first result.
    Before(Payment),
}

/// Why a request to charge has no result.
#[derive(Debug, thiserror::Error)]
pub enum ChargeError {
    /// The id was used for another amount or currency.
    #[error("the id was used for a different payment")]
    Different(Box<Payment>),
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// Charges each id at most once.
pub struct Charger {
    store: Arc<dyn PaymentStore>,
    clock: Arc<dyn Clock>,
    metrics: ChargeMetrics,
    limit_minor: i64,
}

impl Charger {
    /// A charger over this store that declines what is above the limit.
    #[must_use]
    pub fn new(
        store: Arc<dyn PaymentStore>,
        clock: Arc<dyn Clock>,
        metrics: ChargeMetrics,
        limit_minor: i64,
    ) -> Self {
        Self {
            store,
            clock,
            metrics,
            limit_minor,
        }
    }

    /// Charges `amount` under `id`, or finds what came of it before.
    ///
    /// # Errors
    /// [`ChargeError::Different`] when the id was used for another amount.
    pub async fn charge(&self, id: PaymentId, amount: Money) -> Result<Charged, ChargeError> {
        let status = decide(amount, self.limit_minor);
        let payment = Payment {
            id,
            amount,
            status,
            created_at: self.clock.now(),
        };
        if self.store.insert_if_absent(&payment).await? {
            self.metrics.count(match payment.status {
                Status::Succeeded => "succeeded",
                Status::Declined { .. } => "declined",
            });
            return Ok(Charged::Now(payment));
        }
        let stored = self
            .store
            .get(&payment.id)
            .await?
            .ok_or_else(|| DatabaseError::from(sqlx::Error::RowNotFound))?;
        if stored.amount != amount {
            self.metrics.count("different");
            return Err(ChargeError::Different(Box::new(stored)));
        }
        self.metrics.count("repeated");
        Ok(Charged::Before(stored))
    }

    /// The payment of this attempt id.
    ///
    /// # Errors
    /// When the database cannot tell.
    pub async fn get(&self, id: Uuid) -> Result<Option<Payment>, DatabaseError> {
        self.store.get(&PaymentId::attempt(id)).await
    }

    /// Up to `limit` payments by attempt id, after `after`.
    ///
    /// # Errors
    /// When the database cannot tell.
    pub async fn page(
        &self,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Payment>, DatabaseError> {
        self.store.page(after, limit).await
    }
}
