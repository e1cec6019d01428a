//! Faults in processes of this machine.

use std::fmt;
use std::time::Duration;

use tokio::time::sleep;

use super::{Dice, Fragile};
use crate::check::on_processes::ProcessWorld;
use crate::cli::Storm;
use crate::failure::Failure;
use crate::process::Process;

/// How long a process is away or does nothing. A payment waits 5 s for its answer: some get it, some do not.
const AWAY: (Duration, Duration) = (Duration::ZERO, Duration::from_secs(2));
const PAUSED: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(7));

#[derive(Clone, Copy)]
pub(crate) enum Which {
    InvoiceApp,
    PaymentProvider,
}

#[derive(Clone, Copy)]
pub(crate) enum Fault {
    Kill(Which),
    Restart(Which),
    Pause(Which),
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InvoiceApp => "invoice-app",
            Self::PaymentProvider => "payment-provider",
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kill(which) => write!(f, "kill {which}"),
            Self::Restart(which) => write!(f, "restart {which}"),
            Self::Pause(which) => write!(f, "pause {which}"),
        }
    }
}

impl ProcessWorld {
    fn process(&self, which: Which) -> &Process {
        match which {
            Which::InvoiceApp => &self.invoice_app,
            Which::PaymentProvider => &self.payment_provider,
        }
    }
}

impl Fragile for ProcessWorld {
    type Fault = Fault;
    const FAULTS: &'static [(u32, Fault)] = &[
        (3, Fault::Kill(Which::InvoiceApp)),
        (3, Fault::Kill(Which::PaymentProvider)),
        (1, Fault::Restart(Which::InvoiceApp)),
        (1, Fault::Restart(Which::PaymentProvider)),
        (1, Fault::Pause(Which::InvoiceApp)),
        (2, Fault::Pause(Which::PaymentProvider)),
    ];

    fn storm(&self) -> Storm {
        self.storm
    }

    fn front(&self) -> &str {
        &self.invoice_app.service.url
    }

    async fn strike(&self, fault: Fault, dice: &mut Dice) -> Result<(), Failure> {
        // Thrown whatever the fault and whether it succeeds, so that the next ones stay the same.
        let (away, paused) = (
            dice.between(AWAY.0, AWAY.1),
            dice.between(PAUSED.0, PAUSED.1),
        );
        match fault {
            Fault::Kill(which) => {
                self.process(which).kill().await?;
                sleep(away).await;
                self.start(self.process(which)).await
            }
            Fault::Restart(which) => {
                self.process(which).stop().await?;
                self.start(self.process(which)).await
            }
            Fault::Pause(which) => {
                self.process(which).pause().await?;
                sleep(paused).await;
                self.process(which).go_on().await
            }
        }
    }

    async fn await_whole(&self) -> Result<(), Failure> {
        self.await_ready(&self.payment_provider).await?;
        self.await_ready(&self.invoice_app).await
    }
}
