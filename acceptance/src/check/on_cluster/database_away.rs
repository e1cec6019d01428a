//! A service's database is scaled to nothing for a while.

use std::time::Duration;

use futures_util::future::try_join_all;
use reqwest::Method;

use super::ClusterWorld;
use crate::check::Seen;
use crate::check::doors::Deployment;
use crate::check::paying::settle;
use crate::check::snapshot::Snapshot;
use crate::client::Door;
use crate::cluster::app::App;
use crate::cluster::pods::restarts;
use crate::cluster::scale::Workload;
use crate::failure::{Failure, ensure};
use crate::poll;

const NOTICED_WITHIN: Duration = Duration::from_secs(40);
const RECOVERED_WITHIN: Duration = Duration::from_secs(90);

pub(crate) async fn answers_503_and_recovers(world: &ClusterWorld) -> Seen {
    for app in App::ALL {
        if !world.cluster.has_database(app).await? {
            return Err(Failure::NotHere(format!(
                "the database of {} is not in this cluster",
                app.name()
            )));
        }
    }
    let (doors, provider) = (world.invoice_app().await?, world.payment_provider().await?);
    settle(&doors.outside).await?;
    let before = Snapshot::take(&doors.outside, &provider).await?;
    // The two services and their databases do not wait for each other.
    try_join_all(App::ALL.map(|app| one(world, app))).await?;
    let (doors, provider) = (world.invoice_app().await?, world.payment_provider().await?);
    before.unchanged(
        &Snapshot::take(&doors.outside, &provider).await?,
        "taking the databases away",
    )?;
    Ok(format!(
        "both services: 503 problem+json and not ready, alive without a restart, then as before: {}",
        before.summary()
    ))
}

/// The routes of a service that need its database.
const fn route(app: App) -> &'static str {
    match app {
        App::InvoiceApp => "/invoices",
        App::PaymentProvider => "/v1/payments",
    }
}

async fn one(world: &ClusterWorld, app: App) -> Result<(), Failure> {
    let pods = world.cluster.await_service(app).await?;
    let restarted =
        |pods: &[k8s_openapi::api::core::v1::Pod]| pods.iter().map(restarts).sum::<i32>();
    let mut doors = Vec::new();
    for pod in &pods {
        doors.push((
            world.door(pod, app.http_port()).await?,
            world.door(pod, app.management_port()).await?,
        ));
    }
    world
        .console()
        .step(&format!("scaling {} to 0", app.database()));
    world.cluster.take_away(Workload::Database(app)).await?;
    try_join_all(
        doors
            .iter()
            .map(|(public, management)| away(public, management, route(app))),
    )
    .await?;
    world.console().step(&format!(
        "{}: every replica says 503; scaling its database back",
        app.name()
    ));
    world.cluster.bring_back(Workload::Database(app)).await?;
    try_join_all(
        doors
            .iter()
            .map(|(public, management)| recovered(public, management, route(app))),
    )
    .await?;
    let now = world.cluster.await_service(app).await?;
    ensure(restarted(&now) == restarted(&pods), || {
        format!("{} was restarted because its database was away", app.name())
    })
}

async fn away(public: &Door, management: &Door, route: &str) -> Result<(), Failure> {
    poll::until(
        &format!("{} answering 503", public.name),
        NOTICED_WITHIN,
        async || {
            public.get(route).await?.expect(503)?.problem()?;
            management.get("/readyz").await?.expect(503)?;
            Ok(())
        },
    )
    .await?;
    // Alive all the same: restarting it would not bring its database back.
    management
        .request(Method::GET, "/livez")
        .timeout(Duration::from_secs(5))
        .send()
        .await?
        .expect(200)?;
    Ok(())
}

async fn recovered(public: &Door, management: &Door, route: &str) -> Result<(), Failure> {
    poll::until(
        &format!("{} recovered", public.name),
        RECOVERED_WITHIN,
        async || {
            management.get("/readyz").await?.expect(200)?;
            public.get(route).await?.expect(200)?;
            Ok(())
        },
    )
    .await
}
