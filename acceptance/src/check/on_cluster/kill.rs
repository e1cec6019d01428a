//! A replica is killed after it asked payment-provider and before it was answered. A lock on
//! payment-provider's table keeps the answer back for as long as is needed.

use kube::ResourceExt;

use super::ClusterWorld;
use crate::check::Seen;
use crate::check::cut_off::{dispatched, finished_by_another};
use crate::check::doors::Deployment;
use crate::check::paying::settle;
use crate::cluster::app::App;
use crate::failure::{Failure, ensure};

pub(crate) async fn between_dispatch_and_answer(world: &ClusterWorld) -> Seen {
    let pods = world.cluster.await_service(App::InvoiceApp).await?;
    let [victim, witness, ..] = pods.as_slice() else {
        return Err(Failure::wrong("invoice-app has fewer than two ready pods"));
    };
    let (asked, other) = (world.replica(victim).await?, world.replica(witness).await?);
    settle(&other).await?;
    let provider = world.payment_provider().await?;
    let before = provider.charges().await?.len();
    let invoice = other.create("31.07", "DKK").await?;

    world
        .console()
        .step("locking payment-provider's table, so that it does not answer");
    let lock = Box::pin(world.cluster.lock_payments()).await?;
    let asking = tokio::spawn({
        let id = invoice.id;
        async move { asked.pay(id).await }
    });
    let attempt = dispatched(&other, &invoice).await?;
    world.console().step(&format!(
        "{} is dispatched: killing {}",
        invoice.number,
        victim.name_any()
    ));
    world.cluster.delete_pod(victim, Some(0)).await?;
    let answer = asking
        .await
        .map_err(|error| Failure::wrong(format!("the request that was cut off: {error}")))?;
    ensure(answer.is_err(), || {
        String::from("paying was answered although the replica was killed before")
    })?;
    let charged = provider.charge(attempt.id).await?;
    ensure(charged.is_none(), || {
        String::from("payment-provider charged in spite of the lock")
    })?;
    lock.release().await?;

    world.console().step(&format!(
        "the lock is gone: waiting for another replica to pay {}",
        invoice.number
    ));
    let payment = finished_by_another(world, &other, &invoice, &attempt, before).await?;
    world.cluster.await_service(App::InvoiceApp).await?;
    Ok(format!(
        "{}: dispatched, its pod killed, paid by another replica after {} tries, charged once",
        invoice.number, payment.tries
    ))
}
