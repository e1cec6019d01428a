//! Every pod is restarted at the same moment: no replica is left that could have kept anything to itself.

use futures_util::future::try_join_all;

use super::ClusterWorld;
use crate::check::Seen;
use crate::check::doors::Deployment;
use crate::check::paying::settle;
use crate::check::snapshot::Snapshot;
use crate::cluster::app::App;
use crate::cluster::pods::DATABASE_GRACE_SECONDS;
use crate::failure::Failure;

pub(crate) async fn loses_nothing(world: &ClusterWorld) -> Seen {
    let (doors, provider) = (world.invoice_app().await?, world.payment_provider().await?);
    settle(&doors.outside).await?;
    // One that is still open, so that more than "everything is paid" is remembered.
    let open = doors.outside.create("8.40", "EUR").await?;
    let before = Snapshot::take(&doors.outside, &provider).await?;
    let restarted = restart_all(world).await?;
    let (doors, provider) = (world.invoice_app().await?, world.payment_provider().await?);
    before.unchanged(
        &Snapshot::take(&doors.outside, &provider).await?,
        "restarting every pod",
    )?;
    doors.outside.drop_in_pay().await?.expect(200)?;
    Ok(format!(
        "{restarted} pods restarted at once: {} before and after; {} was still open and then paid",
        before.summary(),
        open.number
    ))
}

/// Gives the number of the pods, once others are ready in their place.
async fn restart_all(world: &ClusterWorld) -> Result<usize, Failure> {
    let mut pods = Vec::new();
    for app in App::ALL {
        let replicas = world.cluster.await_service(app).await?;
        pods.extend(replicas.into_iter().map(|pod| (pod, None)));
        if world.cluster.has_database(app).await? {
            let pod = world.cluster.database_pod(app).await?;
            pods.push((pod, Some(DATABASE_GRACE_SECONDS)));
        }
    }
    world
        .console()
        .step(&format!("deleting {} pods at the same moment", pods.len()));
    let deleted = pods
        .iter()
        .map(|(pod, grace)| world.cluster.delete_pod(pod, *grace));
    try_join_all(deleted).await?;
    for app in App::ALL {
        world.cluster.await_database(app).await?;
        world.cluster.await_service(app).await?;
    }
    Ok(pods.len())
}
