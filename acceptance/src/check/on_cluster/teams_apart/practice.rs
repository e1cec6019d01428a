//! Some of the answers tried: what is allowed happens, what is not is refused by the API server itself.
//! Nothing is kept: writes are dry runs.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Pod, Secret};
use k8s_openapi::api::rbac::v1::Role;
use kube::api::{ListParams, LogParams, Patch, PatchParams, PostParams};
use kube::{Api, ResourceExt};
use proof::access::Subject;
use serde_json::json;

use super::super::ClusterWorld;
use crate::cluster::LABEL;
use crate::cluster::app::App;
use crate::cluster::inside::{RIGHT, run_inside};
use crate::cluster::probe_pod::from_json;
use crate::failure::Failure;
use crate::fresh;

/// What the API server says of a role with more than its writer holds.
const ESCALATION: &str = "attempting to grant";
/// What it says of everything else that nobody allowed.
pub(in crate::check::on_cluster) const FORBIDDEN: &str = "cannot ";

pub(super) async fn as_the_answers_say(world: &ClusterWorld) -> Result<String, Failure> {
    let seen = [
        developer(world).await?,
        inside_a_pod(world).await?,
        deploying(world).await?,
        granting(world).await?,
    ];
    Ok(seen.join("; "))
}

/// Own pods and logs, and scaling; not another team's pods, not Secrets, not writing.
async fn developer(world: &ClusterWorld) -> Result<String, Failure> {
    let who = Subject::Group("team-invoice".to_owned());
    let client = world.cluster.client_as(&who)?;
    let all = ListParams::default();
    let (own, others) = (
        App::InvoiceApp.namespace(),
        App::PaymentProvider.namespace(),
    );
    let pods: Api<Pod> = Api::namespaced(client.clone(), own);
    let listed = pods.list(&all).await.map_err(allowed("list its pods"))?;
    let app = App::InvoiceApp.name();
    // Not by its name: the database's begins as the service's does.
    let has_app = |pod: &&Pod| {
        let mut containers = pod.spec.iter().flat_map(|spec| &spec.containers);
        containers.any(|container| container.name == app)
    };
    let pod = listed
        .iter()
        .find(has_app)
        .ok_or_else(|| Failure::wrong("team-invoice sees no pod of its own"))?;
    let lines = LogParams {
        container: Some(app.to_owned()),
        tail_lines: Some(1),
        ..LogParams::default()
    };
    let logs = pods.logs(&pod.name_any(), &lines).await;
    logs.map_err(allowed("read its pods' logs"))?;
    let scale = Patch::Merge(json!({"spec": {"replicas": 4}}));
    let scaled = Api::<Deployment>::namespaced(client.clone(), own)
        .patch_scale(app, &dry_patch(), &scale)
        .await;
    scaled.map_err(allowed("scale its Deployment"))?;
    let elsewhere = Api::<Pod>::namespaced(client.clone(), others);
    refused(elsewhere.list(&all).await, "list payments' pods", FORBIDDEN)?;
    let secrets = Api::<Secret>::namespaced(client.clone(), own);
    refused(secrets.list(&all).await, "list its Secrets", FORBIDDEN)?;
    refused(make_config(client, own).await, "deploy by hand", FORBIDDEN)?;
    Ok(format!(
        "as {who}: {} pods listed, a log read, scaling taken, payments' pods, Secrets and deploying refused",
        listed.items.len()
    ))
}

/// A command in a pod of the team: the program of our own images, the only one that is in them.
async fn inside_a_pod(world: &ClusterWorld) -> Result<String, Failure> {
    let app = App::InvoiceApp;
    let pods = world.cluster.replicas(app).await?;
    let pod = pods
        .first()
        .map(ResourceExt::name_any)
        .ok_or_else(|| Failure::wrong(format!("{} has no ready pod", app.name())))?;
    let run = async |who: &Subject| {
        run_inside(world.cluster.client_as(who)?, app.namespace(), &pod).await
    };
    let developer = Subject::Group("team-invoice".to_owned());
    refused(run(&developer).await?, "run a command in its pod", RIGHT)?;
    let breaker = Subject::Group("break-glass-invoice".to_owned());
    run(&breaker)
        .await?
        .map_err(allowed("run a command in its pod"))?;
    Ok(format!(
        "{breaker} ran a command in a pod, {developer} did not"
    ))
}

/// The sync account of a team, in its own namespace and in another's.
async fn deploying(world: &ClusterWorld) -> Result<String, Failure> {
    let (own, others) = (
        App::InvoiceApp.namespace(),
        App::PaymentProvider.namespace(),
    );
    let who = Subject::account(own, "argocd-sync");
    let client = world.cluster.client_as(&who)?;
    let made = make_config(client.clone(), own).await;
    made.map_err(allowed("deploy in its namespace"))?;
    refused(
        make_config(client, others).await,
        "deploy in payments",
        FORBIDDEN,
    )?;
    Ok(format!("{who} deploys in {own} and is refused in {others}"))
}

/// The platform's sync account grants what it holds, and nothing else.
async fn granting(world: &ClusterWorld) -> Result<String, Failure> {
    let who = Subject::account("argocd", "platform-sync");
    let roles: Api<Role> =
        Api::namespaced(world.cluster.client_as(&who)?, App::InvoiceApp.namespace());
    let grant = async |resource: &str| {
        let role: Role = from_json(json!({
            "metadata": {"name": format!("acceptance-{}", fresh::suffix()), "labels": {LABEL: "true"}},
            "rules": [{"apiGroups": [""], "resources": [resource], "verbs": ["get"]}],
        }))?;
        Ok::<_, Failure>(roles.create(&dry_create(), &role).await)
    };
    let made = grant("pods").await?;
    made.map_err(allowed("grant the sight of pods"))?;
    refused(
        grant("secrets").await?,
        "grant the sight of Secrets",
        ESCALATION,
    )?;
    Ok(format!(
        "{who} grants the sight of pods and is refused that of Secrets"
    ))
}

async fn make_config(client: kube::Client, namespace: &str) -> kube::Result<ConfigMap> {
    let config = ConfigMap {
        metadata: kube::core::ObjectMeta {
            name: Some(format!("acceptance-{}", fresh::suffix())),
            ..kube::core::ObjectMeta::default()
        },
        ..ConfigMap::default()
    };
    Api::<ConfigMap>::namespaced(client, namespace)
        .create(&dry_create(), &config)
        .await
}

fn dry_create() -> PostParams {
    PostParams {
        dry_run: true,
        ..PostParams::default()
    }
}

fn dry_patch() -> PatchParams {
    PatchParams {
        dry_run: true,
        ..PatchParams::default()
    }
}

fn allowed(what: &str) -> impl FnOnce(kube::Error) -> Failure {
    Failure::cluster(format!("{what}, which access.yaml allows"))
}

/// Fails unless the API server itself refused, in the words that it has for this.
pub(in crate::check::on_cluster) fn refused<T>(
    answer: kube::Result<T>,
    what: &str,
    words: &str,
) -> Result<(), Failure> {
    match answer {
        Ok(_) => Err(Failure::wrong(format!(
            "it was possible to {what}, which access.yaml does not allow"
        ))),
        Err(kube::Error::Api(status)) if status.code == 403 && status.message.contains(words) => {
            Ok(())
        }
        Err(error) => Err(Failure::cluster(format!("being refused to {what}"))(error)),
    }
}
