//! A commit that cannot work: what runs goes on answering, and git brings the state before back.

use std::time::Duration;

use super::ClusterWorld;
use super::rollouts::none_failed;
use super::versions::{self, Image};
use crate::branch::Branch;
use crate::check::Seen;
use crate::check::doors::Deployment;
use crate::cluster::app::App;
use crate::cluster::pods::{is_ready, state};
use crate::failure::{Failure, ensure};
use crate::load::Load;
use crate::poll;

/// Requests a second, a tenth of which move money.
const RATE: u32 = 50;
const DECIDED_WITHIN: Duration = Duration::from_secs(90);

pub(crate) async fn is_survived(world: &ClusterWorld) -> Seen {
    world.argocd()?;
    let load = Load::start(&world.target.ingress_url, RATE)?;
    let done = both(world, &load).await;
    let report = load.stop().await?;
    // Which requests failed says more than that a trial did not end.
    none_failed(&report)?;
    Ok(format!("{}; meanwhile {}", done?, report.summary()))
}

async fn both(world: &ClusterWorld, load: &Load) -> Result<String, Failure> {
    load.phase("an image that nobody has");
    let never = never_ready(world).await?;
    load.phase("an image that admission refuses");
    let refused = refused(world).await?;
    Ok(format!("{never}; {refused}"))
}

/// The new pods never start, and the old ones stay.
async fn never_ready(world: &ClusterWorld) -> Result<String, Failure> {
    let (argocd, app) = (world.argocd()?, App::PaymentProvider);
    let branch = Branch::clone(argocd).await?;
    let before = versions::wanted(world, app).await?;
    let ready = world.cluster.await_service(app).await?.len();
    let unknown = before.unknown();
    world.console().step(&format!(
        "{} is to run an image that nobody has",
        app.name()
    ));
    let commit = versions::commit(world, &branch, app, &before, &unknown).await?;
    let application = format!("{}-{}", app.name(), world.target.environment);
    world.cluster.refresh(argocd, &application).await?;
    let why = poll::until("a pod that does not start", DECIDED_WITHIN, async || {
        let pods = world
            .cluster
            .pods_named(app.namespace(), app.name())
            .await?;
        let states: Vec<String> = pods.iter().map(state).collect();
        let stuck = states
            .iter()
            .find(|state| state.contains("ImagePull"))
            .cloned();
        let kept = pods.iter().filter(|pod| is_ready(pod)).count();
        ensure(kept >= ready, || {
            format!("only {kept} of {ready} replicas are left")
        })?;
        stuck.ok_or_else(|| Failure::wrong(states.join(", ")))
    })
    .await?;
    let says = world.cluster.application(argocd, &application).await?;
    ensure(says.health() != "Healthy", || {
        format!("Argo CD calls {application} healthy")
    })?;
    back(world, &branch, &commit, app, &before).await?;
    let reason = why.split_whitespace().next().unwrap_or_default().to_owned();
    Ok(format!(
        "an image that nobody has ({reason}) left {ready} replicas of {} running",
        app.name()
    ))
}

/// The API server refuses the Deployment itself.
async fn refused(world: &ClusterWorld) -> Result<String, Failure> {
    let (argocd, app) = (world.argocd()?, App::InvoiceApp);
    let branch = Branch::clone(argocd).await?;
    let before = versions::wanted(world, app).await?;
    let elsewhere = Image {
        repository: format!("elsewhere.example/{}", app.name()),
        digest: before.unknown().digest,
    };
    world.console().step(&format!(
        "{} is to run an image of a registry that is not allowed",
        app.name()
    ));
    let commit = versions::commit(world, &branch, app, &before, &elsewhere).await?;
    let application = format!("{}-{}", app.name(), world.target.environment);
    world.cluster.refresh(argocd, &application).await?;
    poll::until("the refusal", DECIDED_WITHIN, async || {
        let words = world
            .cluster
            .application(argocd, &application)
            .await?
            .words();
        ensure(
            words.contains("ValidatingAdmissionPolicy") && words.contains(&commit),
            || format!("Argo CD says {words:.600}"),
        )
    })
    .await?;
    let now = versions::wanted(world, app).await?;
    ensure(now == before, || {
        format!("{} was changed to {now}", app.name())
    })?;
    back(world, &branch, &commit, app, &before).await?;
    Ok(format!(
        "one of another registry was refused by admission, and {} stayed as it was",
        app.name()
    ))
}

/// Reverts the commit, and waits until all is as before.
pub(super) async fn back(
    world: &ClusterWorld,
    branch: &Branch,
    commit: &str,
    app: App,
    before: &Image,
) -> Result<(), Failure> {
    let argocd = world.argocd()?;
    let reverted = branch.revert(commit).await?;
    let application = format!("{}-{}", app.name(), world.target.environment);
    world
        .cluster
        .await_settled(argocd, &[&application], &reverted)
        .await?;
    world.cluster.await_service(app).await?;
    let now = versions::wanted(world, app).await?;
    ensure(now == *before, || {
        format!("{} wants {now} after the revert, not {before}", app.name())
    })
}
