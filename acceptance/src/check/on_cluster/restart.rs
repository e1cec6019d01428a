//! Every pod is restarted: the services' one by one, then the databases'.

use futures_util::future::try_join_all;
use kube::ResourceExt;
use kube::api::DeleteParams;

use super::ClusterWorld;
use crate::check::Seen;
use crate::check::doors::Deployment;
use crate::check::paying::settle;
use crate::check::snapshot::Snapshot;
use crate::cluster::app::App;
use crate::cluster::scale::Workload;
use crate::failure::Failure;

pub(crate) async fn loses_nothing(world: &ClusterWorld) -> Seen {
    let (doors, provider) = (world.invoice_app().await?, world.payment_provider().await?);
    settle(&doors.outside).await?;
    // One that is still open, so that more than "everything is paid" is remembered.
    let open = doors.outside.create("8.40", "EUR").await?;
    let before = Snapshot::take(&doors.outside, &provider).await?;
    // The two services do not wait for each other.
    let (one, two) = tokio::join!(
        service(world, App::InvoiceApp),
        service(world, App::PaymentProvider)
    );
    let services = one? + two?;
    let databases = try_join_all(App::ALL.map(|app| database(world, app))).await?;
    let restarted = services + databases.iter().sum::<usize>();
    let (doors, provider) = (world.invoice_app().await?, world.payment_provider().await?);
    before.unchanged(
        &Snapshot::take(&doors.outside, &provider).await?,
        "restarting every pod",
    )?;
    doors.outside.drop_in_pay().await?.expect(200)?;
    Ok(format!(
        "{restarted} pods restarted: {} before and after; {} was still open and then paid",
        before.summary(),
        open.number
    ))
}

/// Restarts the replicas of a service one by one; gives their number.
async fn service(world: &ClusterWorld, app: App) -> Result<usize, Failure> {
    let pods = world.cluster.await_service(app).await?;
    for pod in &pods {
        world
            .console()
            .step(&format!("restarting {}", pod.name_any()));
        world
            .cluster
            .delete_pod(pod, &DeleteParams::default())
            .await?;
        world.cluster.await_service(app).await?;
    }
    Ok(pods.len())
}

/// Restarts a service's database, where the cluster holds it; gives the number of its pods.
async fn database(world: &ClusterWorld, app: App) -> Result<usize, Failure> {
    if world
        .cluster
        .wanted_replicas(Workload::Database(app))
        .await?
        .is_none()
    {
        return Ok(0);
    }
    let pod = world.cluster.database_pod(app).await?;
    world
        .console()
        .step(&format!("restarting {}", pod.name_any()));
    world
        .cluster
        .delete_pod(&pod, &DeleteParams::default())
        .await?;
    world
        .cluster
        .await_ready(app.namespace(), app.database(), 1)
        .await?;
    world.cluster.await_service(app).await?;
    Ok(1)
}
