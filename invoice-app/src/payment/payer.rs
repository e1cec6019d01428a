//! Paying one invoice.
//!
//! The order is what makes it safe: an attempt is written down, then committed as dispatched, and
//! only then sent. Whatever crashes after that, the attempt is found and sent again under the same
//! id, which payment-provider charges at most once.

use std::sync::Arc;
use std::time::Duration;

use chassis::clock::Clock;
use chassis::database::DatabaseError;
use chassis::problem::Chain;
use jiff::Timestamp;
use uuid::Uuid;

use super::backoff::backoff;
use super::metrics::PaymentMetrics;
use super::model::{IllegalPaymentChange, Payment};
use super::provider::{Outcome, Provider};
use super::store::{PaymentStore, PrepareError, SaveError};

/// How often one request sends an attempt before it leaves it to the sweep.
const SENDS_PER_REQUEST: u32 = 3;
/// Between the end of a call's time and the moment when another replica may take the attempt up.
const LEASE_MARGIN: Duration = Duration::from_secs(2);

/// Why an attempt could not be sent or its end not be written down.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// It is final.
    #[error(transparent)]
    Illegal(#[from] IllegalPaymentChange),
    /// A change was not written.
    #[error(transparent)]
    Save(#[from] SaveError),
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// Why an invoice was not paid.
#[derive(Debug, thiserror::Error)]
pub enum PayError {
    /// No attempt was made.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// An attempt was made; the sweep will bring it to its end.
    #[error(transparent)]
    Send(#[from] SendError),
}

/// Pays invoices, one attempt at a time.
pub struct Payer {
    payments: Arc<dyn PaymentStore>,
    provider: Arc<dyn Provider>,
    clock: Arc<dyn Clock>,
    metrics: PaymentMetrics,
    lease: Duration,
}

impl Payer {
    /// A payer whose calls to `provider` take `timeout` at most.
    #[must_use]
    pub fn new(
        payments: Arc<dyn PaymentStore>,
        provider: Arc<dyn Provider>,
        clock: Arc<dyn Clock>,
        metrics: PaymentMetrics,
        timeout: Duration,
    ) -> Self {
        Self {
            payments,
            provider,
            clock,
            metrics,
            lease: timeout + LEASE_MARGIN,
        }
    }

    /// Pays the invoice by a new attempt, sent up to three times while its outcome is not known.
    ///
    /// # Errors
    /// [`PayError`] when no attempt was made, or its end could not be written down.
    pub async fn pay(&self, invoice: Uuid) -> Result<Payment, PayError> {
        let mut payment = self
            .payments
            .prepare(self.clock.new_id(), invoice, self.clock.now(), self.lease)
            .await?;
        for _ in 0..SENDS_PER_REQUEST {
            payment = self.send(payment).await?;
            if !payment.state.is_live() {
                break;
            }
            tokio::time::sleep(backoff(payment.tries, self.clock.chance()) / 2).await;
        }
        Ok(payment)
    }

    /// Sends what the invoice has under way, or a new attempt, once. What somebody else is sending
    /// is left to them.
    ///
    /// # Errors
    /// [`PayError`] when no attempt was made, or its end could not be written down.
    pub async fn pay_once(&self, invoice: Uuid) -> Result<(), PayError> {
        let now = self.clock.now();
        let made = self
            .payments
            .prepare(self.clock.new_id(), invoice, now, self.lease)
            .await;
        let payment = match made {
            Ok(payment) => Some(payment),
            // One that rests has its turn now: whoever pays again has a reason to.
            Err(PrepareError::Live) => {
                let live = self.live_of(invoice).await.map_err(PrepareError::from)?;
                live.filter(|live| live.is_idle(now))
            }
            Err(error) => return Err(error.into()),
        };
        if let Some(payment) = payment {
            self.send(payment).await?;
        }
        Ok(())
    }

    /// When the oldest attempt that is under way was made.
    ///
    /// # Errors
    /// When the database cannot tell.
    pub async fn oldest_live(&self) -> Result<Option<Timestamp>, DatabaseError> {
        self.payments.oldest_live().await
    }

    /// The attempt of the invoice that is under way, if there is one.
    ///
    /// # Errors
    /// When the database cannot tell.
    pub async fn live_of(&self, invoice: Uuid) -> Result<Option<Payment>, DatabaseError> {
        self.payments.live_of(invoice).await
    }

    /// Sends an attempt and writes down what came of it. An attempt that another replica has taken
    /// up meanwhile is left to it.
    ///
    /// # Errors
    /// [`SendError`] when it could not be taken up, or its end could not be written down.
    pub async fn send(&self, payment: Payment) -> Result<Payment, SendError> {
        // An attempt whose end can never be written down must not come back at every lease.
        let lease = self.lease.max(backoff(payment.tries, self.clock.chance()));
        let taken = payment.taken_up(self.clock.now(), lease)?;
        if !self.payments.save(&payment, &taken).await? {
            return Ok(self.payments.get(payment.id).await?.unwrap_or(payment));
        }
        let outcome = self.provider.charge(taken.id, taken.amount).await;
        self.metrics.count(&outcome);
        self.conclude(taken, &outcome).await
    }

    async fn conclude(
        &self,
        mut payment: Payment,
        outcome: &Outcome,
    ) -> Result<Payment, SendError> {
        log(&payment, outcome);
        let pause = backoff(payment.tries, self.clock.chance());
        loop {
            let concluded = payment.concluded(outcome, self.clock.now(), pause)?;
            if self.payments.save(&payment, &concluded).await? {
                return Ok(concluded);
            }
            // Someone else sent it, too. What is final stays; what is known ends what is not.
            let current = self.payments.get(payment.id).await?.unwrap_or(payment);
            if !current.state.is_live() || matches!(outcome, Outcome::Unknown { .. }) {
                return Ok(current);
            }
            payment = current;
        }
    }

    /// Looks for attempts that are due and brings them on, up to `limit` of them.
    ///
    /// # Errors
    /// When the database cannot tell which are due. An attempt that fails is logged, and due again.
    pub async fn sweep(&self, limit: u32, parallelism: usize) -> Result<usize, DatabaseError> {
        use futures_util::StreamExt;
        let due = self.payments.due(self.clock.now(), limit).await?;
        let found = due.len();
        futures_util::stream::iter(due)
            .for_each_concurrent(parallelism, async |payment| {
                let id = payment.id;
                if let Err(error) = self.send(payment).await {
                    tracing::warn!(payment = %id, error = %Chain(&error), "a payment could not be brought on; it stays due");
                }
            })
            .await;
        self.measure_oldest().await?;
        Ok(found)
    }

    async fn measure_oldest(&self) -> Result<(), DatabaseError> {
        let oldest = self.payments.oldest_live().await?;
        let age = oldest.map_or(0, |made| self.clock.now().duration_since(made).as_secs());
        self.metrics.set_oldest_live(age);
        Ok(())
    }
}

fn log(payment: &Payment, outcome: &Outcome) {
    let (id, invoice, tries) = (payment.id, payment.invoice_id, payment.tries);
    match outcome {
        Outcome::Succeeded => tracing::info!(payment = %id, %invoice, tries, "charged"),
        Outcome::Declined { reason } => {
            tracing::info!(payment = %id, %invoice, tries, reason, "declined");
        }
        Outcome::Unknown { why } if why.is_contradiction() => {
            tracing::error!(payment = %id, %invoice, tries, %why, "the answer contradicts what was asked: somebody has to look");
        }
        Outcome::Unknown { why } => {
            tracing::warn!(payment = %id, %invoice, tries, %why, "the outcome is not known; it will be sent again");
        }
    }
}
