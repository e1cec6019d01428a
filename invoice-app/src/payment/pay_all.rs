//! Paying every invoice that is open.

use std::sync::Arc;
use std::time::Duration;

use chassis::clock::Clock;
use chassis::database::DatabaseError;
use futures_util::{StreamExt, TryStreamExt, stream};
use uuid::Uuid;

use super::model::{Payment, PaymentState};
use super::payer::{PayError, Payer, SendError};
use super::store::PrepareError;
use crate::invoice::{InvoiceState, InvoiceStore, UnpaidInvoices};

const PAGE: u32 = 100;
/// How many unpaid invoices are named at the end.
const NAMED: u32 = 100;
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// Pays all open invoices, a bounded number of them at the same moment.
pub struct PayAll {
    invoices: Arc<dyn InvoiceStore>,
    payer: Arc<Payer>,
    clock: Arc<dyn Clock>,
    parallelism: usize,
    deadline: Duration,
}

impl PayAll {
    /// Pays `parallelism` at the same moment, and answers after `deadline` at the latest.
    #[must_use]
    pub fn new(
        invoices: Arc<dyn InvoiceStore>,
        payer: Arc<Payer>,
        clock: Arc<dyn Clock>,
        parallelism: usize,
        deadline: Duration,
    ) -> Self {
        Self {
            invoices,
            payer,
            clock,
            parallelism: parallelism.max(1),
            deadline,
        }
    }

    /// Pays what is open now, and says what is still unpaid at the end, whoever paid the rest.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn run(&self) -> Result<UnpaidInvoices, DatabaseError> {
        // At the deadline the attempts that are under way stay as they are: the sweep ends them.
        if let Ok(outcome) = tokio::time::timeout(self.deadline, self.pay_pages()).await {
            outcome?;
        }
        self.invoices.unpaid(NAMED).await
    }

    async fn pay_pages(&self) -> Result<(), DatabaseError> {
        let last = self.clock.new_id(); // What is made later is left for the next time.
        let mut after = None;
        loop {
            let page = self
                .invoices
                .page(Some(InvoiceState::Open), after, PAGE)
                .await?;
            let ids: Vec<Uuid> = page
                .iter()
                .map(|invoice| invoice.id)
                .filter(|id| *id < last)
                .collect();
            let Some(end) = ids.last() else { return Ok(()) };
            after = Some(*end);
            stream::iter(ids)
                .map(|id| self.settle(id))
                .buffer_unordered(self.parallelism)
                .try_collect::<()>()
                .await?;
        }
    }

    /// Stays with the invoice until it is decided, by whomever.
    async fn settle(&self, invoice: Uuid) -> Result<(), DatabaseError> {
        let mut pause = FIRST_PAUSE;
        loop {
            let decided = match self.payer.pay(invoice).await {
                Ok(payment) => !payment.state.is_live(),
                Err(PayError::Prepare(PrepareError::Live)) => self.join(invoice).await?,
                Err(PayError::Prepare(PrepareError::NotFound | PrepareError::NotOpen(_))) => true,
                Err(
                    PayError::Prepare(PrepareError::Database(error))
                    | PayError::Send(SendError::Database(error)),
                ) => {
                    return Err(error);
                }
                Err(PayError::Send(error)) => {
                    tracing::warn!(%invoice, %error, "a payment could not be concluded; the sweep takes it up");
                    false
                }
            };
            if decided {
                return Ok(());
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Brings the attempt on that is under way, unless somebody does; tells whether it declined.
    async fn join(&self, invoice: Uuid) -> Result<bool, DatabaseError> {
        let Some(live) = self.payer.live_of(invoice).await? else {
            return Ok(false);
        };
        if !live.is_idle(self.clock.now()) {
            return Ok(false);
        }
        match self.payer.send(live).await {
            Ok(Payment {
                state: PaymentState::Declined,
                ..
            }) => Ok(true),
            Ok(_) => Ok(false),
            Err(SendError::Database(error)) => Err(error),
            Err(error) => {
                tracing::warn!(%invoice, %error, "a payment could not be brought on; the sweep takes it up");
                Ok(false)
            }
        }
    }
}
