//! Nothing of these checks is left in the cluster.

use super::ClusterWorld;
use crate::check::Seen;
use crate::check::doors::Deployment;
use crate::run::World;

pub(crate) async fn anywhere(world: &ClusterWorld) -> Seen {
    Deployment::console(world).step("removing probe pods, trial policies and scratch namespaces");
    let removed = world.put_back().await?;
    Ok(format!(
        "removed or put back {} things, and waited until none was left",
        removed.len()
    ))
}
