//! invoice-app is killed after it asked payment-provider and before it was answered.

use std::time::Duration;

use super::ProcessWorld;
use crate::check::Seen;
use crate::check::doors::Deployment;
use crate::check::exactly_once::invoice_charged_once;
use crate::check::paying::await_paid;
use crate::client::InvoiceApp;
use crate::failure::{Failure, ensure};
use crate::poll;
use crate::wire::{Invoice, Payment};

/// Well within the time that a payment may take, so that the answer is still awaited when the kill comes.
const DISPATCHED_WITHIN: Duration = Duration::from_secs(4);

pub(crate) async fn between_dispatch_and_answer(world: &ProcessWorld) -> Seen {
    let app = world.invoice_app().await?.outside;
    let provider = world.payment_provider().await?;
    let before = provider.charges().await?.len();
    let invoice = app.create("31.07", "DKK").await?;

    world
        .console()
        .step("pausing payment-provider, so that it does not answer");
    world.payment_provider.pause().await?;
    let asking = tokio::spawn({
        let (app, id) = (app.clone(), invoice.id);
        async move { app.pay(id).await }
    });
    let dispatched = dispatched(&app, &invoice).await?;
    world.console().step(&format!(
        "{} is dispatched: killing invoice-app",
        invoice.number
    ));
    world.invoice_app.kill().await?;
    let answer = asking
        .await
        .map_err(|error| Failure::wrong(format!("the request that was cut off: {error}")))?;
    ensure(answer.is_err(), || {
        String::from("paying was answered although invoice-app was killed before")
    })?;

    world.payment_provider.go_on().await?;
    world.start(&world.invoice_app).await?;
    world.console().step(&format!(
        "both run again: waiting for {} to be paid",
        invoice.number
    ));
    await_paid(&app, invoice.id).await?;
    let payment = invoice_charged_once(&app, &provider, &invoice).await?;
    ensure(payment.id == dispatched.id, || {
        String::from("the invoice was paid by another attempt than the one that was dispatched")
    })?;
    let made = provider.charges().await?.len() - before;
    ensure(made == 1, || {
        format!("{made} charges were made for one invoice")
    })?;
    Ok(format!(
        "{}: dispatched, killed, paid by the same attempt after {} tries, charged once",
        invoice.number, payment.tries
    ))
}

/// The invoice's payment, once it is dispatched.
pub(crate) async fn dispatched(app: &InvoiceApp, invoice: &Invoice) -> Result<Payment, Failure> {
    poll::until("the payment dispatched", DISPATCHED_WITHIN, async || {
        let payments = app.payments_of(invoice.id).await?;
        let states = || {
            payments
                .iter()
                .map(|payment| payment.state.as_str())
                .collect::<Vec<_>>()
                .join(", ")
        };
        let found = payments
            .iter()
            .find(|payment| payment.state == "dispatched");
        found
            .cloned()
            .ok_or_else(|| Failure::wrong(format!("its payments are: {}", states())))
    })
    .await
}
