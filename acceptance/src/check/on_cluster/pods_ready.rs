//! Three replicas of each service are ready, and the databases.

use super::ClusterWorld;
use crate::check::Seen;
use crate::cluster::app::App;
use crate::cluster::pods::{REPLICAS, restarts};
use crate::cluster::scale::Workload;
use crate::failure::ensure;

pub(crate) async fn all(world: &ClusterWorld) -> Seen {
    let mut seen = Vec::new();
    for app in App::ALL {
        let pods = world.cluster.await_service(app).await?;
        let count = pods.len();
        ensure(count >= REPLICAS, || {
            format!(
                "{} wants {count} replicas, should be {REPLICAS}",
                app.name()
            )
        })?;
        let restarts: i32 = pods.iter().map(restarts).sum();
        seen.push(format!("{count} {} ({restarts} restarts)", app.name()));
        if world
            .cluster
            .wanted_replicas(Workload::Database(app))
            .await?
            .is_some()
        {
            world
                .cluster
                .await_ready(app.namespace(), app.database(), 1)
                .await?;
            seen.push(format!("its database {}", app.database()));
        }
    }
    Ok(format!("ready: {}", seen.join(", ")))
}
