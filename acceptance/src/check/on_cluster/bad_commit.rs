//! A commit that cannot work: what runs goes on answering, and git brings the state before back.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use tokio::time::{Instant, sleep};

use super::ClusterWorld;
use super::kept::Kept;
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
/// Some rounds of a readiness probe.
const UNREADY_FOR: Duration = Duration::from_secs(8);
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// A page that no program of ours has.
const NEVER: &str = "/acceptance-never";

pub(crate) async fn is_survived(world: &ClusterWorld) -> Seen {
    let branch = world.branch().await?;
    let load = Load::start(&world.target.ingress_url, RATE)?;
    let done = all(world, &branch, &load).await;
    let report = load.stop().await?;
    // Which requests failed says more than that a trial did not end.
    none_failed(&report, RATE)?;
    Ok(format!("{}; meanwhile {}", done?, report.summary()))
}

async fn all(world: &ClusterWorld, branch: &Branch, load: &Load) -> Result<String, Failure> {
    load.phase("an image that nobody has");
    let absent = never_starts(world, branch).await?;
    load.phase("a version that never gets ready");
    let unready = never_ready(world, branch).await?;
    load.phase("an image that admission refuses");
    let refused = refused(world, branch).await?;
    Ok(format!("{absent}; {unready}; {refused}"))
}

/// The new pods never start, and the old ones stay.
async fn never_starts(world: &ClusterWorld, branch: &Branch) -> Result<String, Failure> {
    let app = App::PaymentProvider;
    let before = versions::wanted(world, app).await?;
    let mut kept = Kept::all_of(world, app).await?;
    world.console().step(&format!(
        "{} is to run an image that nobody has",
        app.name()
    ));
    let commit = versions::commit(world, branch, app, &before, &before.unknown()).await?;
    arrives(world, app).await?;
    let why = poll::until("a pod that does not start", DECIDED_WITHIN, async || {
        let pods = match kept.look(world).await? {
            Ok(pods) => pods,
            too_few => return Ok(too_few.map(|_| String::new())),
        };
        let states: Vec<String> = pods.iter().map(state).collect();
        let stuck = states.iter().find(|state| state.contains("ImagePull"));
        let stuck = stuck.ok_or_else(|| Failure::wrong(states.join(", ")))?;
        Ok(Ok(stuck.clone()))
    })
    .await??;
    is_not_called_healthy(world, app, &mut kept).await?;
    back(world, branch, &commit, app, &before).await?;
    let reason = why.split_whitespace().next().unwrap_or_default().to_owned();
    Ok(format!(
        "an image that nobody has ({reason}) left {} replicas of {} running",
        kept.count(),
        app.name()
    ))
}

/// The new pod starts, lives, and is never ready; the old ones stay.
async fn never_ready(world: &ClusterWorld, branch: &Branch) -> Result<String, Failure> {
    let app = App::PaymentProvider;
    let before = versions::wanted(world, app).await?;
    let mut kept = Kept::all_of(world, app).await?;
    world.console().step(&format!(
        "a version of {} starts and never gets ready",
        app.name()
    ));
    let commit = commit_unready(world, branch, app).await?;
    arrives(world, app).await?;
    poll::until("a pod that has started", DECIDED_WITHIN, async || {
        let pods = match kept.look(world).await? {
            Ok(pods) => pods,
            too_few => return Ok(too_few.map(drop)),
        };
        let states: Vec<String> = pods.iter().map(state).collect();
        let new = pods.iter().find(|pod| is_unready_version(pod));
        ensure(new.is_some_and(has_started), || states.join(", "))?;
        Ok(Ok(()))
    })
    .await??;
    stays_unready(world, &mut kept).await?;
    is_not_called_healthy(world, app, &mut kept).await?;
    back(world, branch, &commit, app, &before).await?;
    Ok(format!(
        "one that started and was not ready for {} s left {} replicas running",
        UNREADY_FOR.as_secs(),
        kept.count()
    ))
}

/// For longer than it takes a pod to be found ready: the new one is not, and takes nobody's place.
async fn stays_unready(world: &ClusterWorld, kept: &mut Kept) -> Result<(), Failure> {
    let end = Instant::now() + UNREADY_FOR;
    while Instant::now() < end {
        let pods = kept.look(world).await??;
        let new: Vec<_> = pods.iter().filter(|pod| is_unready_version(pod)).collect();
        ensure(!new.is_empty(), || {
            String::from("the pod that is never ready went away")
        })?;
        ensure(!new.iter().any(|pod| is_ready(pod)), || {
            String::from("the pod that is never ready was ready")
        })?;
        sleep(LOOK_EVERY).await;
    }
    Ok(())
}

/// Has Argo CD look at the branch now.
async fn arrives(world: &ClusterWorld, app: App) -> Result<(), Failure> {
    let application = world.application_of(app);
    world.cluster.refresh(world.argocd()?, &application).await
}

/// What it says may come a little after what is.
async fn is_not_called_healthy(
    world: &ClusterWorld,
    app: App,
    kept: &mut Kept,
) -> Result<(), Failure> {
    let (argocd, application) = (world.argocd()?, world.application_of(app));
    poll::until("Argo CD's word of it", DECIDED_WITHIN, async || {
        if let Err(too_few) = kept.look(world).await? {
            return Ok(Err(too_few));
        }
        let says = world.cluster.application(argocd, &application).await?;
        ensure(says.health() != "Healthy", || {
            format!("Argo CD calls {application} healthy")
        })?;
        Ok(Ok(()))
    })
    .await?
}

/// Has the readiness probe ask for a page that the program does not have.
async fn commit_unready(
    world: &ClusterWorld,
    branch: &Branch,
    app: App,
) -> Result<String, Failure> {
    let file = versions::file(app, &world.target.environment);
    let before = branch.read(&file)?;
    ensure(!before.contains("patches:"), || {
        format!("{file} has patches already")
    })?;
    branch.write(&file, &format!("{before}{}", unready_patch()))?;
    branch
        .commit(&format!("{} is never to be ready", app.name()))
        .await
}

fn unready_patch() -> String {
    format!(
        "patches:
- target:
    kind: Deployment
  patch: |-
    - op: replace
      path: /spec/template/spec/containers/0/readinessProbe/httpGet/path
      value: {NEVER}
"
    )
}

/// Whether a pod has the probe that is never answered.
fn is_unready_version(pod: &Pod) -> bool {
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    let mut probes = containers.filter_map(|container| container.readiness_probe.as_ref());
    probes.any(|probe| {
        let path = probe.http_get.as_ref().and_then(|get| get.path.as_deref());
        path == Some(NEVER)
    })
}

/// Whether its containers run, and are past their startup probes.
fn has_started(pod: &Pod) -> bool {
    let statuses = pod.status.as_ref().map(|status| &status.container_statuses);
    let statuses = statuses.and_then(Option::as_deref).unwrap_or_default();
    !statuses.is_empty() && statuses.iter().all(|one| one.started == Some(true))
}

/// The API server refuses the Deployment itself.
async fn refused(world: &ClusterWorld, branch: &Branch) -> Result<String, Failure> {
    let (argocd, app) = (world.argocd()?, App::InvoiceApp);
    let before = versions::wanted(world, app).await?;
    let mut kept = Kept::all_of(world, app).await?;
    let elsewhere = Image {
        repository: format!("elsewhere.example/{}", app.name()),
        digest: before.unknown().digest,
    };
    world.console().step(&format!(
        "{} is to run an image of a registry that is not allowed",
        app.name()
    ));
    let commit = versions::commit(world, branch, app, &before, &elsewhere).await?;
    arrives(world, app).await?;
    let application = world.application_of(app);
    poll::until("the refusal", DECIDED_WITHIN, async || {
        if let Err(too_few) = kept.look(world).await? {
            return Ok(Err(too_few));
        }
        let words = world
            .cluster
            .application(argocd, &application)
            .await?
            .words();
        ensure(
            words.contains("ValidatingAdmissionPolicy") && words.contains(&commit),
            || format!("Argo CD says {words:.600}"),
        )?;
        Ok(Ok(()))
    })
    .await??;
    let now = versions::wanted(world, app).await?;
    ensure(now == before, || {
        format!("{} was changed to {now}", app.name())
    })?;
    back(world, branch, &commit, app, &before).await?;
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
    let application = world.application_of(app);
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

#[cfg(test)]
mod tests {
    use super::{has_started, is_unready_version, unready_patch};
    use serde_json::json;

    #[test]
    fn the_pod_that_is_never_ready_is_known_by_its_probe_and_has_started_when_it_says_so() {
        let pod = |path: &str, started: bool| {
            let container =
                json!({"name": "c", "readinessProbe": {"httpGet": {"path": path, "port": 1}}});
            let status = json!({"name": "c", "image": "", "imageID": "", "ready": false, "restartCount": 0, "started": started});
            let pod = json!({"metadata": {}, "spec": {"containers": [container]}, "status": {"containerStatuses": [status]}});
            serde_json::from_value(pod).unwrap()
        };
        assert!(is_unready_version(&pod("/acceptance-never", false)));
        assert!(!is_unready_version(&pod("/readyz", true)));
        assert!(has_started(&pod("/acceptance-never", true)));
        assert!(!has_started(&pod("/acceptance-never", false)));
        assert!(unready_patch().contains("value: /acceptance-never\n"));
    }
}
