//! A replica is killed after it asked payment-provider and before it was answered. A lock on
//! payment-provider's table keeps the answer back for as long as is needed.

use std::time::Duration;

use kube::ResourceExt;
use kube::api::DeleteParams;

use super::ClusterWorld;
use crate::check::Seen;
use crate::check::doors::Deployment;
use crate::check::exactly_once::invoice_charged_once;
use crate::check::paying::await_paid;
use crate::client::InvoiceApp;
use crate::cluster::app::App;
use crate::failure::{Failure, ensure};
use crate::poll;
use crate::wire::{Invoice, Payment};

/// Well within the time that a payment may take, so that the answer is still awaited when the kill comes.
const DISPATCHED_WITHIN: Duration = Duration::from_secs(4);

pub(crate) async fn between_dispatch_and_answer(world: &ClusterWorld) -> Seen {
    let pods = world.cluster.await_service(App::InvoiceApp).await?;
    let [victim, witness, ..] = pods.as_slice() else {
        return Err(Failure::wrong("invoice-app has fewer than two ready pods"));
    };
    let (asked, other) = (world.replica(victim).await?, world.replica(witness).await?);
    let provider = world.payment_provider().await?;
    let before = provider.charges().await?.len();
    let invoice = other.create("31.07", "DKK").await?;

    world
        .console()
        .step("locking payment-provider's table, so that it does not answer");
    let lock = world.cluster.lock_payments().await?;
    let asking = tokio::spawn({
        let id = invoice.id;
        async move { asked.pay(id).await }
    });
    let dispatched = dispatched(&other, &invoice).await?;
    world.console().step(&format!(
        "{} is dispatched: killing {}",
        invoice.number,
        victim.name_any()
    ));
    world
        .cluster
        .delete_pod(victim, &DeleteParams::default().grace_period(0))
        .await?;
    let answer = asking
        .await
        .map_err(|error| Failure::wrong(format!("the request that was cut off: {error}")))?;
    ensure(answer.is_err(), || {
        String::from("paying was answered although the replica was killed before")
    })?;
    let charged = provider.charge(dispatched.id).await?;
    ensure(charged.is_none(), || {
        String::from("payment-provider charged in spite of the lock")
    })?;
    lock.release().await?;

    world.console().step(&format!(
        "the lock is gone: waiting for another replica to pay {}",
        invoice.number
    ));
    await_paid(&other, invoice.id).await?;
    let payment = invoice_charged_once(&other, &provider, &invoice).await?;
    ensure(payment.id == dispatched.id, || {
        String::from("the invoice was paid by another attempt than the one that was dispatched")
    })?;
    let made = provider.charges().await?.len() - before;
    ensure(made == 1, || {
        format!("{made} charges were made for one invoice")
    })?;
    world.cluster.await_service(App::InvoiceApp).await?;
    Ok(format!(
        "{}: dispatched, its pod killed, paid by another replica after {} tries, charged once",
        invoice.number, payment.tries
    ))
}

/// The invoice's payment, once another replica shows it as dispatched.
async fn dispatched(app: &InvoiceApp, invoice: &Invoice) -> Result<Payment, Failure> {
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
