//! All that both services know, to compare before and after.

use crate::client::{InvoiceApp, PaymentProvider};
use crate::failure::{Failure, ensure};
use crate::wire::{Charge, DropInInvoice, Invoice};

/// All that both services know.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Snapshot {
    pub(crate) invoices: Vec<Invoice>,
    pub(crate) rows: Vec<DropInInvoice>,
    pub(crate) charges: Vec<Charge>,
}

impl Snapshot {
    pub(crate) async fn take(
        app: &InvoiceApp,
        provider: &PaymentProvider,
    ) -> Result<Self, Failure> {
        let (mut invoices, mut charges) = (app.invoices().await?, provider.charges().await?);
        invoices.sort_by_key(|invoice| invoice.id);
        charges.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(Self {
            invoices,
            rows: app.drop_in_invoices().await?,
            charges,
        })
    }

    /// Fails unless `after` holds just what this holds.
    pub(crate) fn unchanged(&self, after: &Self, what_happened: &str) -> Result<(), Failure> {
        ensure(self == after, || {
            format!(
                "{what_happened} changed the books: {} became {}",
                self.summary(),
                after.summary()
            )
        })
    }

    /// How much there is, in a phrase.
    pub(crate) fn summary(&self) -> String {
        let paid = self
            .invoices
            .iter()
            .filter(|invoice| invoice.state == "paid")
            .count();
        format!(
            "{} invoices ({paid} paid), {} charges",
            self.invoices.len(),
            self.charges.len()
        )
    }
}
