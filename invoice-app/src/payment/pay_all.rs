//! Paying every invoice that is open.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chassis::clock::Clock;
use chassis::database::DatabaseError;
use chassis::problem::Chain;
use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use tokio::sync::watch;
use uuid::Uuid;

use super::payer::{PayError, Payer};
use super::store::PrepareError;
use crate::invoice::{InvoiceState, InvoiceStore, UnpaidInvoices};

const PAGE: u32 = 100;
/// How many unpaid invoices are named at the end.
const NAMED: u32 = 100;
const POLL: Duration = Duration::from_millis(100);

/// Pays all open invoices, a bounded number of them at the same moment.
///
/// A replica has one run at a time, however many ask for it: who comes later joins it. A run sends
/// each invoice's payment once, so that some that cannot be paid do not keep the others waiting;
/// what is not decided then is the sweep's, which sends it again and again.
pub struct PayAll {
    invoices: Arc<dyn InvoiceStore>,
    payer: Arc<Payer>,
    clock: Arc<dyn Clock>,
    parallelism: usize,
    deadline: Duration,
    /// Whether the last run has ended; it also has when its sender is gone.
    last_run: Mutex<watch::Receiver<bool>>,
    /// What was last seen of the payments under way, and when.
    seen: tokio::sync::Mutex<Option<(Instant, Option<Timestamp>)>>,
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
        let last_run = Mutex::new(watch::channel(true).1);
        Self {
            invoices,
            payer,
            clock,
            parallelism,
            deadline,
            last_run,
            seen: tokio::sync::Mutex::default(),
        }
    }

    /// Pays what is open, and says what is still unpaid at the end, whoever paid the rest. A run
    /// that takes longer than the deadline goes on without its callers.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn run(self: Arc<Self>) -> Result<UnpaidInvoices, DatabaseError> {
        // At the deadline the answer is what the database says, like after the end of the run.
        let decided = async {
            self.clone().join().await;
            self.decided().await
        };
        if let Ok(outcome) = tokio::time::timeout(self.deadline, decided).await {
            outcome?;
        }
        self.invoices.unpaid(NAMED).await
    }

    async fn join(self: Arc<Self>) {
        let (mut run, joined) = self.clone().going();
        ended(&mut run).await;
        if joined {
            // It had begun before this caller came, and may have missed what was made in between.
            let (mut next, _) = self.going();
            ended(&mut next).await;
        }
    }

    /// Waits until what was sent so far is decided.
    async fn decided(&self) -> Result<(), DatabaseError> {
        let (now, since) = (self.clock.now(), Instant::now());
        while self
            .oldest_live(since)
            .await?
            .is_some_and(|oldest| oldest <= now)
        {
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    /// When the oldest payment under way was made, seen after `since` and asked once for all who wait.
    async fn oldest_live(&self, since: Instant) -> Result<Option<Timestamp>, DatabaseError> {
        let mut seen = self.seen.lock().await;
        if let Some((at, oldest)) = *seen
            && at >= since
            && at.elapsed() < POLL
        {
            return Ok(oldest);
        }
        let asked = Instant::now();
        let oldest = self.payer.oldest_live().await?;
        *seen = Some((asked, oldest));
        Ok(oldest)
    }

    /// The run that is going, and whether it already was.
    fn going(self: Arc<Self>) -> (watch::Receiver<bool>, bool) {
        // Whoever panicked with the lock in hand left a receiver in it, which is all there is.
        let mut last = self.last_run.lock().unwrap_or_else(PoisonError::into_inner);
        if !*last.borrow() && last.has_changed().is_ok() {
            return (last.clone(), true);
        }
        let (end, run) = watch::channel(false);
        *last = run.clone();
        drop(last);
        let work = async move {
            if let Err(error) = self.pay_all().await {
                tracing::warn!(error = %Chain(&error), "paying all invoices broke off");
            }
            end.send_replace(true);
        };
        // A task of its own, because a client that hangs up must not cut payments off.
        tokio::spawn(tracing::Instrument::in_current_span(work));
        (run, false)
    }

    async fn pay_all(&self) -> Result<(), DatabaseError> {
        let mut after = None;
        loop {
            let page = self
                .invoices
                .page(Some(InvoiceState::Open), after, PAGE)
                .await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = Some(last.id);
            stream::iter(page)
                .for_each_concurrent(self.parallelism, |invoice| self.pay(invoice.id))
                .await;
        }
    }

    async fn pay(&self, invoice: Uuid) {
        match self.payer.pay_once(invoice).await {
            // Somebody else has paid or withdrawn it, or is about to.
            Ok(())
            | Err(PayError::Prepare(
                PrepareError::NotFound | PrepareError::NotOpen(_) | PrepareError::Live,
            )) => {}
            Err(error) => {
                tracing::warn!(%invoice, error = %Chain(&error), "an invoice could not be paid");
            }
        }
    }
}

async fn ended(run: &mut watch::Receiver<bool>) {
    // An error says that the run is gone, which is an end, too.
    let _ = run.wait_for(|ended| *ended).await;
}
