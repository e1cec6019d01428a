//! A new version arrives, and `git revert` brings the one before back.

use tokio::time::Instant;

use super::ClusterWorld;
use super::bad_commit::back;
use super::versions;
use crate::branch::Branch;
use crate::check::Seen;
use crate::check::doors::Deployment;
use crate::cluster::app::App;
use crate::failure::ensure;

pub(crate) async fn restores(world: &ClusterWorld) -> Seen {
    let (argocd, app) = (world.argocd()?, App::PaymentProvider);
    let before = versions::wanted(world, app).await?;
    let next = versions::copied(world, &before).await?;
    let branch = Branch::clone(argocd).await?;
    world.console().step("a commit with another version");
    let commit = versions::commit(world, &branch, app, &before, &next).await?;
    let application = world.application_of(app);
    world
        .cluster
        .await_settled(argocd, &[&application], &commit)
        .await?;
    let now = versions::wanted(world, app).await?;
    ensure(now == next, || {
        format!("{} wants {now}, not {next}", app.name())
    })?;
    world.cluster.await_service(app).await?;
    world.console().step("git revert");
    let began = Instant::now();
    back(world, &branch, &commit, app, &before).await?;
    Ok(format!(
        "another version of {} arrived; after git revert the one before ran again within {} s, Synced and Healthy",
        app.name(),
        began.elapsed().as_secs()
    ))
}
