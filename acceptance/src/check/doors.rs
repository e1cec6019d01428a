//! Where a deployment's services are asked.

use crate::client::{InvoiceApp, PaymentProvider};
use crate::failure::Failure;
use crate::report::Console;

/// Where invoice-app is asked.
pub(crate) struct InvoiceAppDoors {
    /// The way that everybody takes.
    pub(crate) outside: InvoiceApp,
    /// Each replica by itself; at least one.
    pub(crate) replicas: Vec<InvoiceApp>,
}

impl InvoiceAppDoors {
    /// The way from outside, then each replica.
    pub(crate) fn each(&self) -> impl Iterator<Item = &InvoiceApp> {
        std::iter::once(&self.outside).chain(&self.replicas)
    }

    /// The replica with this index, counted round.
    pub(crate) fn replica(&self, index: usize) -> &InvoiceApp {
        &self.replicas[index % self.replicas.len()]
    }
}

/// A deployment whose services can be asked.
pub(crate) trait Deployment {
    /// Where progress is said.
    fn console(&self) -> &Console;
    /// Ways to invoice-app as it is now; to be asked again after a restart.
    async fn invoice_app(&self) -> Result<InvoiceAppDoors, Failure>;
    /// A way to payment-provider as it is now.
    async fn payment_provider(&self) -> Result<PaymentProvider, Failure>;
}
