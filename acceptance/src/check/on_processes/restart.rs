//! Both processes are stopped and started again.

use super::ProcessWorld;
use crate::check::Seen;
use crate::check::doors::Deployment;
use crate::check::paying::settle;
use crate::check::snapshot::Snapshot;

pub(crate) async fn loses_nothing(world: &ProcessWorld) -> Seen {
    let (doors, provider) = (world.invoice_app().await?, world.payment_provider().await?);
    settle(&doors.outside).await?;
    // One that is still open, so that more than "everything is paid" is remembered.
    let open = doors.outside.create("8.40", "EUR").await?;
    let before = Snapshot::take(&doors.outside, &provider).await?;
    for process in [&world.invoice_app, &world.payment_provider] {
        world.console().step(&format!("stopping {}", process.name));
        process.stop().await?;
    }
    for process in [&world.payment_provider, &world.invoice_app] {
        world.console().step(&format!("starting {}", process.name));
        world.start(process).await?;
    }
    let after = Snapshot::take(&doors.outside, &provider).await?;
    before.unchanged(&after, "the restart")?;
    doors.outside.drop_in_pay().await?.expect(200)?;
    Ok(format!(
        "{} before and after; {} was still open and then paid",
        before.summary(),
        open.number
    ))
}
