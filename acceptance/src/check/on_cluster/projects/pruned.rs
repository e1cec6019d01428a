//! What is deleted from git goes from the cluster too: an Application that is synced as the deployed ones are.

use std::time::Duration;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::ResourceExt;
use tokio::time::Instant;

use super::super::ClusterWorld;
use super::super::trial::{Trial, Trials};
use super::{made, manifest};
use crate::check::doors::Deployment;
use crate::failure::{Failure, ensure};
use crate::poll;

const FOLDER: &str = "pruned";
const GOES: &str = "acceptance-prune-trial-goes";
/// Argo CD empties no Application by itself.
const STAYS: &str = "acceptance-prune-trial-stays";
const GONE_WITHIN: Duration = Duration::from_mins(1);

/// Written before the first commit of the trials.
pub(super) fn write(trials: &Trials<'_>, namespace: &str) -> Result<(), Failure> {
    for name in [GOES, STAYS] {
        let text = manifest("v1", "ConfigMap", name, namespace);
        trials.write(&file(name), &text)?;
    }
    Ok(())
}

fn file(name: &str) -> String {
    format!("{FOLDER}/{name}.yaml")
}

/// Deploys two, deletes one of them from git, and waits until it is gone from the cluster; gives how long that took.
pub(super) async fn is_gone(
    world: &ClusterWorld,
    trials: &Trials<'_>,
    project: &str,
    namespace: &str,
) -> Result<Duration, Failure> {
    world
        .console()
        .step("deploying what is then deleted from git");
    let trial = Trial {
        folder: FOLDER,
        project,
        namespace,
    };
    let synced = trials.synced_as_deployed(trial).await?;
    for name in [GOES, STAYS] {
        ensure(made::<ConfigMap>(world, name, namespace).await?, || {
            format!("{name} was not deployed")
        })?;
    }
    let stays = uid(world, STAYS, namespace).await?;

    world
        .console()
        .step("waiting until it is gone from the cluster");
    trials.remove(&file(GOES))?;
    trials.commit("one ConfigMap less").await?;
    let began = Instant::now();
    world.cluster.refresh(trials.argocd, synced.name()).await?;
    poll::until("what git has no more", GONE_WITHIN, async || {
        ensure(!made::<ConfigMap>(world, GOES, namespace).await?, || {
            format!("{GOES} is still in {namespace}")
        })
    })
    .await?;
    ensure(uid(world, STAYS, namespace).await? == stays, || {
        format!("{STAYS} is in git and was made anew or deleted")
    })?;
    Ok(began.elapsed())
}

async fn uid(world: &ClusterWorld, name: &str, namespace: &str) -> Result<Option<String>, Failure> {
    let api = world.cluster.api::<ConfigMap>(namespace);
    let found = api.get_opt(name).await;
    let found = found.map_err(Failure::cluster(format!("get {name} of {namespace}")))?;
    Ok(found.and_then(|found| found.uid()))
}
