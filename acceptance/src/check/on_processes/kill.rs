//! invoice-app is killed after it asked payment-provider and before it was answered.

use super::ProcessWorld;
use crate::check::Seen;
use crate::check::cut_off::{dispatched, finished_by_another};
use crate::check::doors::Deployment;
use crate::check::paying::settle;
use crate::failure::{Failure, ensure};

pub(crate) async fn between_dispatch_and_answer(world: &ProcessWorld) -> Seen {
    let app = world.invoice_app().await?.outside;
    settle(&app).await?;
    let before = world.payment_provider().await?.charges().await?.len();
    let invoice = app.create("31.07", "DKK").await?;

    world
        .console()
        .step("pausing payment-provider, so that it does not answer");
    world.payment_provider.pause().await?;
    let asking = tokio::spawn({
        let (app, id) = (app.clone(), invoice.id);
        async move { app.pay(id).await }
    });
    let attempt = dispatched(&app, &invoice).await?;
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
    let payment = finished_by_another(world, &app, &invoice, &attempt, before).await?;
    Ok(format!(
        "{}: dispatched, killed, paid by the same attempt after {} tries, charged once",
        invoice.number, payment.tries
    ))
}
