//! A commit that cannot work: what runs goes on answering, and git brings the state before back.

use std::time::Duration;

use futures_util::future::try_join;
use k8s_openapi::api::core::v1::Pod;
use tokio::time::{Instant, sleep};

use super::ClusterWorld;
use super::kept::Kept;
use super::versions::{self, Image};
use crate::branch::Branch;
use crate::check::Seen;
use crate::check::doors::Deployment;
use crate::cluster::app::App;
use crate::cluster::pods::{is_ready, state, without_image};
use crate::failure::{Failure, ensure};
use crate::load::{Load, none_failed};
use crate::poll;

/// Requests a second, a tenth of which move money.
const RATE: u32 = 50;
pub(super) const DECIDED_WITHIN: Duration = Duration::from_secs(90);
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
    load.phase("an image that nobody has, and one that admission refuses");
    let images = images(world, branch).await?;
    load.phase("a version that never gets ready");
    let unready = never_ready(world, branch).await?;
    Ok(format!("{images}; {unready}"))
}

/// A commit for each of the two services, which do not wait for each other.
async fn images(world: &ClusterWorld, branch: &Branch) -> Result<String, Failure> {
    let (absent_to, refused_to) = (App::PaymentProvider, App::InvoiceApp);
    let (ran, stays) = try_join(
        versions::wanted(world, absent_to),
        versions::wanted(world, refused_to),
    )
    .await?;
    let mut absent = Kept::all_of(world, absent_to).await?;
    let mut refused = Kept::all_of(world, refused_to).await?;
    world.console().step(&format!(
        "{} is to run an image that nobody has, {} one of a registry that is not allowed",
        absent_to.name(),
        refused_to.name()
    ));
    let elsewhere = Image {
        repository: format!("elsewhere.example/{}", refused_to.name()),
        digest: stays.unknown().digest,
    };
    let first = versions::commit(world, branch, absent_to, &ran, &ran.unknown()).await?;
    let second = versions::commit(world, branch, refused_to, &stays, &elsewhere).await?;
    try_join(arrives(world, absent_to), arrives(world, refused_to)).await?;
    let (reason, ()) = try_join(
        never_starts(world, absent_to, &mut absent),
        is_refused(world, refused_to, &second, &mut refused),
    )
    .await?;
    let now = versions::wanted(world, refused_to).await?;
    ensure(now == stays, || {
        format!("{} was changed to {now}", refused_to.name())
    })?;
    branch.revert(&second).await?;
    back(world, branch, &first, absent_to, &ran).await?;
    let head = branch.head().await?;
    arrived(world, refused_to, &head, &stays).await?;
    Ok(format!(
        "an image that nobody has ({reason}) left {} replicas of {} running; one of another registry was refused by \
         admission, and {} stayed as it was",
        absent.count(),
        absent_to.name(),
        refused_to.name()
    ))
}

/// The new pods never start, and the old ones stay; gives why they do not.
async fn never_starts(world: &ClusterWorld, app: App, kept: &mut Kept) -> Result<String, Failure> {
    let why = poll::until("a pod that does not start", DECIDED_WITHIN, async || {
        let pods = match kept.look(world).await? {
            Ok(pods) => pods,
            too_few => return Ok(too_few.map(|_| String::new())),
        };
        without_image(&pods).map(Ok)
    })
    .await??;
    is_not_called_healthy(world, app, kept).await?;
    Ok(why.split_whitespace().next().unwrap_or_default().to_owned())
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

/// The API server refuses the Deployment itself, and Argo CD says so of this commit.
async fn is_refused(
    world: &ClusterWorld,
    app: App,
    commit: &str,
    kept: &mut Kept,
) -> Result<(), Failure> {
    let (argocd, application) = (world.argocd()?, world.application_of(app));
    poll::until("the refusal", DECIDED_WITHIN, async || {
        if let Err(too_few) = kept.look(world).await? {
            return Ok(Err(too_few));
        }
        let said = world.cluster.application(argocd, &application).await?;
        let words = said.words();
        ensure(
            words.contains("ValidatingAdmissionPolicy") && words.contains(commit),
            || format!("Argo CD says {words:.600}"),
        )?;
        Ok(Ok(()))
    })
    .await?
}

/// Reverts the commit, and waits until all is as before.
pub(super) async fn back(
    world: &ClusterWorld,
    branch: &Branch,
    commit: &str,
    app: App,
    before: &Image,
) -> Result<(), Failure> {
    let reverted = branch.revert(commit).await?;
    arrived(world, app, &reverted, before).await
}

/// Waits until the service is as the commit says, with the image that ran before.
async fn arrived(
    world: &ClusterWorld,
    app: App,
    commit: &str,
    before: &Image,
) -> Result<(), Failure> {
    let (argocd, application) = (world.argocd()?, world.application_of(app));
    world
        .cluster
        .await_settled(argocd, &[&application], commit)
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
