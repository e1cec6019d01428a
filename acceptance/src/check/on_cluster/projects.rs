//! A team's project deploys into the team's namespace and into no other: the project says so, and the account
//! that its syncs are done with could not either.

use std::time::Duration;

use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec,
};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::PostParams;
use serde_json::{Value, json};

use super::ClusterWorld;
use crate::branch::Branch;
use crate::check::Seen;
use crate::check::doors::Deployment;
use crate::cluster::LABEL;
use crate::cluster::app::App;
use crate::cluster::applications::State;
use crate::failure::{Failure, ensure};
use crate::fresh;
use crate::poll;
use crate::target::ArgoCd;

const DECIDED_WITHIN: Duration = Duration::from_mins(1);
/// The `ConfigMap` that is deployed, or is not.
const MADE: &str = "acceptance-project-trial";

pub(crate) async fn are_apart(world: &ClusterWorld) -> Seen {
    let argocd = world.argocd()?;
    let (own, other) = (
        App::InvoiceApp.namespace(),
        App::PaymentProvider.namespace(),
    );
    let branch = Branch::clone(argocd).await?;
    let folder = format!(
        "clusters/{}/acceptance-{}",
        world.target.environment,
        fresh::suffix()
    );
    for (name, namespace) in [("own", own), ("other", other)] {
        branch.write(
            &format!("{folder}/{name}/config-map.yaml"),
            &config_map(namespace),
        )?;
    }
    branch
        .commit("a ConfigMap for each of two namespaces")
        .await?;

    let deployed = format!("{}-{}", App::InvoiceApp.name(), world.target.environment);
    let deployed = world.cluster.application(argocd, &deployed).await?;
    let trial = |name: &'static str, namespace: &'static str| Trial {
        world,
        argocd,
        name: format!("acceptance-{name}-{}", fresh::suffix()),
        spec: spec(
            argocd,
            deployed.repository(),
            &format!("{folder}/{name}"),
            namespace,
        ),
    };
    world
        .console()
        .step("deploying into the team's own namespace");
    trial("own", own)
        .until("synced", |state| {
            state.words().contains("\"phase\":\"Succeeded\"")
        })
        .await?;
    ensure(made(world, own).await?, || {
        format!("the control was not deployed into {own}")
    })?;

    world
        .console()
        .step("deploying into another team's namespace, by the Application and by the manifest");
    let by_application = trial("other", other)
        .until("refused", |state| {
            let refused = |(kind, message): &(&str, &str)| {
                *kind == "InvalidSpecError"
                    && message.contains("do not match any of the allowed destinations")
            };
            state.conditions().iter().any(refused)
        })
        .await;
    by_application?;
    let by_manifest = trial("other", own).until("refused", |state| {
        let words = state.words();
        words.contains(&format!("namespace {other} is not permitted in project"))
    });
    by_manifest.await?;
    ensure(!made(world, other).await?, || {
        format!("it was deployed into {other} all the same")
    })?;

    let account = format!("system:serviceaccount:{own}:argocd-sync");
    ensure(may_make(world, &account, own).await?, || {
        format!("{account} may not even deploy into {own}")
    })?;
    ensure(!may_make(world, &account, other).await?, || {
        format!("{account} may deploy into {other}")
    })?;
    branch.restore().await?;
    Ok(format!(
        "project invoice deployed into {own}; into {other} it was refused by Application and by manifest, and its account has no right there"
    ))
}

struct Trial<'a> {
    world: &'a ClusterWorld,
    argocd: &'a ArgoCd,
    name: String,
    spec: Value,
}

impl Trial<'_> {
    /// Makes the Application, and waits until it says what is wanted.
    async fn until(self, wanted: &str, says: impl Fn(&State) -> bool) -> Result<(), Failure> {
        let Self {
            world,
            argocd,
            name,
            spec,
        } = self;
        world.cluster.make_application(argocd, &name, spec).await?;
        poll::until(
            &format!("Application {name} {wanted}"),
            DECIDED_WITHIN,
            async || {
                let state = world.cluster.application(argocd, &name).await?;
                ensure(says(&state), || format!("it says {:.600}", state.words()))
            },
        )
        .await
    }
}

/// One try, so that what is refused says so at once.
fn spec(argocd: &ArgoCd, repository: &str, path: &str, namespace: &str) -> Value {
    json!({
        "project": App::InvoiceApp.namespace(),
        "source": {"repoURL": repository, "targetRevision": argocd.branch, "path": path},
        "destination": {"server": "https://kubernetes.default.svc", "namespace": namespace},
        "syncPolicy": {"automated": {}, "retry": {"limit": 0}},
    })
}

fn config_map(namespace: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {MADE}\n  namespace: {namespace}\n  labels:\n    {LABEL}: \"true\"\n    app.kubernetes.io/part-of: invoice-platform\n    app.kubernetes.io/name: acceptance\n"
    )
}

async fn made(world: &ClusterWorld, namespace: &str) -> Result<bool, Failure> {
    let found = world
        .cluster
        .api::<ConfigMap>(namespace)
        .get_opt(MADE)
        .await;
    let found = found.map_err(Failure::cluster(format!(
        "get ConfigMap {MADE} of {namespace}"
    )))?;
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
