//! A payment whose replica went away after it asked payment-provider and before it was answered.

use std::time::Duration;

use super::doors::Deployment;
use super::exactly_once::invoice_charged_once;
use super::paying::await_paid;
use crate::client::InvoiceApp;
use crate::failure::{Failure, ensure};
use crate::poll;
use crate::wire::{Invoice, Payment};

/// Well within the time that a payment may take, so that the answer is still awaited when the kill comes.
const DISPATCHED_WITHIN: Duration = Duration::from_secs(4);

/// The invoice's payment, once it is shown as dispatched.
pub(crate) async fn dispatched(app: &InvoiceApp, invoice: &Invoice) -> Result<Payment, Failure> {
    poll::until("the payment dispatched", DISPATCHED_WITHIN, async || {
        let payments = app.payments_of(invoice.id).await?;
        let found = payments
            .iter()
            .find(|payment| payment.state == "dispatched");
        let states = || {
            payments
                .iter()
                .map(|payment| payment.state.as_str())
                .collect::<Vec<_>>()
        };
        found
            .cloned()
            .ok_or_else(|| Failure::wrong(format!("its payments are {:?}", states())))
    })
    .await
}

/// Waits until somebody else finished the payment under the same attempt id, and sees that nothing was charged
/// besides. `before` is the number of charges before the payment was asked for.
pub(crate) async fn finished_by_another(
    deployment: &impl Deployment,
    app: &InvoiceApp,
    invoice: &Invoice,
    attempt: &Payment,
    before: usize,
) -> Result<Payment, Failure> {
    await_paid(app, invoice.id).await?;
    let provider = deployment.payment_provider().await?;
    let payment = invoice_charged_once(app, &provider, invoice).await?;
    ensure(payment.id == attempt.id, || {
        format!(
            "{} was paid by another attempt than the one that was cut off",
            invoice.number
        )
    })?;
    let made = provider.charges().await?.len() - before;
    ensure(made == 1, || {
        format!("{made} charges were made for one invoice")
    })?;
    Ok(payment)
}
