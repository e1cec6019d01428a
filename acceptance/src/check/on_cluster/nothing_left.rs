//! Nothing of these checks is left in the cluster.

use super::ClusterWorld;
use crate::check::Seen;
use crate::check::doors::Deployment;

pub(crate) async fn anywhere(world: &ClusterWorld) -> Seen {
    world
        .console()
        .step("removing probe pods, trial policies and scratch namespaces");
    let removed = world.cluster.clean_up().await?;
    Ok(format!(
        "removed {} things by their label, and waited until none was left",
        removed.len()
    ))
}
