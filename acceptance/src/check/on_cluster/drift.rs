//! What is changed past git is brought back by Argo CD.

use std::time::Duration;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::ResourceExt;
use kube::api::{DeleteParams, Patch, PatchParams};
use serde_json::json;
use tokio::time::Instant;

use super::ClusterWorld;
use crate::branch::Branch;
use crate::check::Seen;
use crate::check::doors::Deployment as _;
use crate::cluster::app::App;
use crate::failure::{Failure, ensure};
use crate::poll;

const HEALED_WITHIN: Duration = Duration::from_secs(10);

/// A policy that somebody deletes.
struct Deleted {
    /// The Application that has it.
    application: String,
    namespace: &'static str,
    name: &'static str,
}

pub(crate) async fn is_healed(world: &ClusterWorld) -> Seen {
    let branch = world.branch().await?;
    let app = App::InvoiceApp;
    let own = world.application_of(app);
    let policies = [
        Deleted {
            application: String::from("platform-tenants"),
            namespace: app.namespace(),
            name: "default-deny",
        },
        Deleted {
            application: own.clone(),
            namespace: app.namespace(),
            name: app.name(),
        },
    ];
    let mut seen = Vec::new();
    for policy in policies {
        new_commit(world, &branch, &policy.application).await?;
        let took = policy.delete(world).await?;
        seen.push(format!(
            "policy {} back after {}",
            policy.name,
            seconds(took)
        ));
    }
    new_commit(world, &branch, &own).await?;
    let took = change_deployment(world, app).await?;
    seen.push(format!(
        "a changed Deployment as before after {}",
        seconds(took)
    ));
    Ok(seen.join(", "))
}

/// For one and the same commit Argo CD waits longer before each healing: each trial begins with a commit.
async fn new_commit(
    world: &ClusterWorld,
    branch: &Branch,
    application: &str,
) -> Result<(), Failure> {
    let argocd = world.argocd()?;
    let commit = branch.commit("the same, before a drift").await?;
    world
        .cluster
        .await_settled(argocd, &[application], &commit)
        .await
}

impl Deleted {
    async fn delete(&self, world: &ClusterWorld) -> Result<Duration, Failure> {
        let Self {
            namespace, name, ..
        } = self;
        let api = world.cluster.api::<NetworkPolicy>(namespace);
        let before = api
            .get(name)
            .await
            .map_err(Failure::cluster(format!("get policy {name}")))?;
        world
            .console()
            .step(&format!("deleting policy {name} of {namespace}"));
        let began = Instant::now();
        let deleted = api.delete(name, &DeleteParams::default()).await;
        deleted
            .map(drop)
            .map_err(Failure::cluster(format!("delete policy {name}")))?;
        poll::until(&format!("policy {name} back"), HEALED_WITHIN, async || {
            let now = api
                .get_opt(name)
                .await
                .map_err(Failure::cluster(format!("get policy {name}")))?;
            let now = now.ok_or_else(|| Failure::wrong("it is gone"))?;
            ensure(now.uid() != before.uid() && now.spec == before.spec, || {
                String::from("it is not as it was")
            })
        })
        .await?;
        Ok(began.elapsed())
    }
}

/// Changes how many replicas a roll-out may leave out, which restarts nothing.
async fn change_deployment(world: &ClusterWorld, app: App) -> Result<Duration, Failure> {
    let (api, name) = (world.cluster.api::<Deployment>(app.namespace()), app.name());
    let doing = || Failure::cluster(format!("change the Deployment {name}"));
    let before = api.get(name).await.map_err(doing())?;
    let strategy = |deployment: &Deployment| {
        deployment
            .spec
            .as_ref()
            .and_then(|spec| spec.strategy.clone())
    };
    world
        .console()
        .step(&format!("changing the Deployment {name}"));
    let began = Instant::now();
    let patch = json!({"spec": {"strategy": {"rollingUpdate": {"maxUnavailable": 2}}}});
    let changed = api
        .patch(name, &PatchParams::default(), &Patch::Merge(&patch))
        .await
        .map_err(doing())?;
    ensure(strategy(&changed) != strategy(&before), || {
        String::from("the change changed nothing")
    })?;
    poll::until("the Deployment as before", HEALED_WITHIN, async || {
        let now = api.get(name).await.map_err(doing())?;
        ensure(strategy(&now) == strategy(&before), || {
            String::from("it is still changed")
        })
    })
    .await?;
    Ok(began.elapsed())
}

fn seconds(duration: Duration) -> String {
    format!(
        "{}.{} s",
        duration.as_secs(),
        duration.subsec_millis() / 100
    )
}
