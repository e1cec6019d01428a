//! Teams apart: the API server is asked about every group and account of access.yaml, in the teams'
//! namespaces and in the whole cluster, for every request that there is to every resource that it has; their
//! rules are looked through in all namespaces, those for the API server's own pages too, and every binding for
//! holders whom nobody knows; then some of it is done.

mod bindings;
mod pages;
mod practice;
mod questions;

pub(super) use practice::{FORBIDDEN, refused};

use std::time::Instant;

use k8s_openapi::api::core::v1::ServiceAccount;
use proof::access::{Expected, Matrix};

use super::ClusterWorld;
use crate::check::Seen;
use crate::check::doors::Deployment;
use crate::failure::{Failure, ensure};

const ACCESS: &str = include_str!("../../../../../access.yaml");
/// More would not fit on a screen, and the first ones say what is wrong.
const SHOWN: usize = 12;

pub(crate) async fn as_access_yaml_says(world: &ClusterWorld) -> Seen {
    let expected = Expected::parse(ACCESS).map_err(|error| Failure::wrong(error.to_string()))?;
    let matrix = in_this_cluster(world, &expected).await?;
    let start = Instant::now();
    let mut asked = questions::ask(world, &expected, &matrix).await?;
    let took = start.elapsed();
    let bound = bindings::look_through(world, &matrix.subjects(), expected.teams()).await?;
    // First, since each is the reason for many answers.
    asked.differences.splice(0..0, bound.strangers);
    ensure(asked.differences.is_empty(), || {
        let shown = asked.differences.len().min(SHOWN);
        format!(
            "the cluster and access.yaml differ in {} answers: {}",
            asked.differences.len(),
            asked.differences[..shown].join("; ")
        )
    })?;
    let others: Vec<_> = bound.of_the_cluster.iter().map(String::as_str).collect();
    world.console().step(&format!(
        "the cluster's own programs hold roles of the whole cluster by {}",
        others.join(", ")
    ));
    let done = practice::as_the_answers_say(world).await?;
    Ok(format!(
        "{} questions about {} groups and accounts, {} places, {} resources and sub-resources, and their rules in {} \
         namespaces, in {}.{} s: {} yes, all as access.yaml says; of {} bindings none gives anybody else anything, {} \
         being the cluster's own; {done}",
        asked.questions,
        asked.subjects,
        asked.places,
        asked.resources,
        asked.namespaces,
        took.as_secs(),
        took.subsec_millis() / 100,
        asked.allowed,
        bound.count,
        bound.of_the_cluster.len()
    ))
}

/// Argo CD's part of access.yaml counts where its account is.
async fn in_this_cluster(world: &ClusterWorld, expected: &Expected) -> Result<Matrix, Failure> {
    let account = world
        .cluster
        .api::<ServiceAccount>("argocd")
        .get_opt("platform-sync")
        .await
        .map_err(Failure::cluster("look for the platform's sync account"))?;
    Ok(match account {
        Some(_) => expected.everywhere().clone(),
        None => expected.without_argo_cd(),
    })
}
