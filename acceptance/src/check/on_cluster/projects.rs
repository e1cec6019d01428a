//! A team's project deploys into the team's namespace and into no other: the project says so, and the account
//! that its syncs are done with could not either. That they are done with that account is seen by what it may not.

mod everybody;
mod pruned;

use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec,
};
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::api::rbac::v1::Role;
use kube::api::PostParams;
use serde_json::json;

use super::ClusterWorld;
use super::trial::{Trial, Trials};
use crate::check::Seen;
use crate::check::doors::Deployment;
use crate::cluster::LABEL;
use crate::cluster::app::App;
use crate::failure::{Failure, ensure};
use crate::fresh;

/// The `ConfigMap` that is deployed, or is not.
const MADE: &str = "acceptance-project-trial";
/// The one that a project of acceptance's own deploys, and the Role that it lets through and that is not made.
const LET_THROUGH: &str = "acceptance-account-trial";

pub(crate) async fn are_apart(world: &ClusterWorld) -> Seen {
    everybody::may_nothing(world).await?;
    let trials = Trials::begin(world).await?;
    let (own, other) = (
        App::InvoiceApp.namespace(),
        App::PaymentProvider.namespace(),
    );
    for (name, namespace) in [("own", own), ("other", other)] {
        let text = manifest("v1", "ConfigMap", MADE, namespace);
        trials.write(&format!("{name}/config-map.yaml"), &text)?;
    }
    let text = manifest("v1", "ConfigMap", LET_THROUGH, own);
    trials.write("allowed/config-map.yaml", &text)?;
    // Without a rule, so that it would give nobody anything.
    let text = manifest("rbac.authorization.k8s.io/v1", "Role", LET_THROUGH, own);
    trials.write("forbidden/role.yaml", &text)?;
    pruned::write(&trials, own)?;
    trials
        .commit("ConfigMaps for each of two namespaces, and a Role")
        .await?;

    let trial = |folder, namespace| Trial {
        folder,
        project: own,
        namespace,
    };
    world
        .console()
        .step("deploying into the team's own namespace");
    trials
        .until(trial("own", own), "synced", |state| {
            state.phase() == "Succeeded"
        })
        .await?;
    ensure(made::<ConfigMap>(world, MADE, own).await?, || {
        format!("the control was not deployed into {own}")
    })?;

    world
        .console()
        .step("deploying into another team's namespace, by the Application and by the manifest");
    let by_application = trials.until(trial("other", other), "refused", |state| {
        let refused = |(kind, message): &(&str, &str)| {
            *kind == "InvalidSpecError"
                && message.contains("do not match any of the allowed destinations")
        };
        state.conditions().iter().any(refused)
    });
    by_application.await?;
    let by_manifest = trials.until(trial("other", own), "refused", |state| {
        let words = state.words();
        words.contains(&format!("namespace {other} is not permitted in project"))
    });
    by_manifest.await?;
    ensure(!made::<ConfigMap>(world, MADE, other).await?, || {
        format!("it was deployed into {other} all the same")
    })?;

    let account = format!("system:serviceaccount:{own}:argocd-sync");
    ensure(may_make(world, &account, own).await?, || {
        format!("{account} may not even deploy into {own}")
    })?;
    ensure(!may_make(world, &account, other).await?, || {
        format!("{account} may deploy into {other}")
    })?;
    impersonated(world, &trials, own, &account).await?;
    let pruned = pruned::is_gone(world, &trials, own, own).await?;
    trials.end().await?;
    Ok(format!(
        "project invoice deployed into {own}; into {other} it was refused by Application and by manifest; \
         a Role that a project like it lets through was refused to {account}, which has no right in {other}; what was \
         deleted from git was gone after {:.1} s; Argo CD gives nobody a role by default, and shows nothing to who does \
         not sign in",
        pruned.as_secs_f64()
    ))
}

/// A project as the team's that lets Roles through too: what stops one then is the account alone.
async fn impersonated(
    world: &ClusterWorld,
    trials: &Trials<'_>,
    own: &str,
    account: &str,
) -> Result<(), Failure> {
    world
        .console()
        .step("deploying what a project lets through and its account may not make");
    let project = format!("acceptance-{}", fresh::suffix());
    let roles = json!({"group": "rbac.authorization.k8s.io", "kind": "Role"});
    world
        .cluster
        .make_project(trials.argocd, &project, own, roles)
        .await?;
    let trial = |folder| Trial {
        folder,
        project: &project,
        namespace: own,
    };
    trials
        .until(trial("allowed"), "synced", |state| {
            state.phase() == "Succeeded"
        })
        .await?;
    ensure(made::<ConfigMap>(world, LET_THROUGH, own).await?, || {
        format!("the control of project {project} was not deployed")
    })?;
    let refusal = trials.until(trial("forbidden"), "refused", |state| {
        let words = state.words();
        state.phase() == "Failed" && words.contains("forbidden") && words.contains(account)
    });
    refusal.await?;
    ensure(!made::<Role>(world, LET_THROUGH, own).await?, || {
        format!("a Role was deployed, which {account} may not make: syncs are not done with it")
    })
}

fn manifest(api_version: &str, kind: &str, name: &str, namespace: &str) -> String {
    let labels = json!({
        LABEL: "true",
        "app.kubernetes.io/part-of": "invoice-platform",
        "app.kubernetes.io/name": "acceptance",
    });
    let metadata = json!({"name": name, "namespace": namespace, "labels": labels});
    json!({"apiVersion": api_version, "kind": kind, "metadata": metadata}).to_string()
}

async fn made<K>(world: &ClusterWorld, name: &str, namespace: &str) -> Result<bool, Failure>
where
    K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
        + Clone
        + serde::de::DeserializeOwned
        + std::fmt::Debug,
{
    let found = world.cluster.api::<K>(namespace).get_opt(name).await;
    let found = found.map_err(Failure::cluster(format!("get {name} of {namespace}")))?;
    Ok(found.is_some())
}

async fn may_make(world: &ClusterWorld, user: &str, namespace: &str) -> Result<bool, Failure> {
    let review = SubjectAccessReview {
        spec: SubjectAccessReviewSpec {
            user: Some(user.to_owned()),
            resource_attributes: Some(ResourceAttributes {
                namespace: Some(namespace.to_owned()),
                verb: Some(String::from("create")),
                resource: Some(String::from("configmaps")),
                ..ResourceAttributes::default()
            }),
            ..SubjectAccessReviewSpec::default()
        },
        ..SubjectAccessReview::default()
    };
    let asked = world
        .cluster
        .all::<SubjectAccessReview>()
        .create(&PostParams::default(), &review)
        .await;
    let answer = asked.map_err(Failure::cluster(format!("ask what {user} may")))?;
    Ok(answer.status.is_some_and(|status| status.allowed))
}
