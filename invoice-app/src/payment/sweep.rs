//! Nothing waits for a process that is gone: every replica looks for attempts that are due.

use std::sync::Arc;
use std::time::Duration;

use chassis::problem::Chain;
use tokio_util::sync::CancellationToken;

use super::payer::Payer;

/// How many attempts are brought on at once, by one replica.
const PARALLELISM: usize = 8;
const BATCH: u32 = 64;
/// A sweep that takes longer waits for a database that does not answer.
const LONGEST: Duration = Duration::from_mins(1);

/// The work in the background that takes up what was left behind.
pub struct Sweeper {
    payer: Arc<Payer>,
    interval: Duration,
}

impl Sweeper {
    /// A sweeper that looks every `interval`.
    #[must_use]
    pub fn new(payer: Arc<Payer>, interval: Duration) -> Self {
        Self { payer, interval }
    }

    /// Sweeps until it is told to stop.
    pub async fn run(self, stop: CancellationToken) {
        while stop
            .run_until_cancelled(tokio::time::sleep(self.interval))
            .await
            .is_some()
        {
            // What a stop cuts off is due again, like everything that is cut off.
            if stop.run_until_cancelled(self.sweep()).await.is_none() {
                return;
            }
        }
    }

    async fn sweep(&self) {
        match tokio::time::timeout(LONGEST, self.payer.sweep(BATCH, PARALLELISM)).await {
            Ok(Ok(0)) => {}
            Ok(Ok(found)) => tracing::info!(found, "payments that were due have been brought on"),
            Ok(Err(error)) => {
                tracing::warn!(error = %Chain(&error), "cannot look for payments that are due");
            }
            Err(_) => tracing::warn!("looking for payments that are due took too long"),
        }
    }
}
