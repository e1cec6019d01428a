//! Promotion on the live cluster: what passed the tests to local, through Argo CD, and from there to dev, as a
//! commit; a refusal while local is not well; and `git revert`, which brings the version before back.

use std::path::PathBuf;

use k8s_openapi::api::apps::v1::Deployment;
use kube::api::{Patch, PatchParams};
use promote::cli::Order;
use promote::{Tools, promote};
use serde_json::json;
use tokio::time::Instant;

use super::ClusterWorld;
use super::bad_commit::{DECIDED_WITHIN, back};
use super::versions::{self, Image};
use crate::branch::Branch;
use crate::check::Seen;
use crate::check::doors::Deployment as _;
use crate::cluster::app::App;
use crate::cluster::pods::without_image;
use crate::failure::{Failure, ensure};
use crate::fresh;
use crate::poll;
use crate::target::ArgoCd;

const APP: App = App::InvoiceApp;
/// A roll-out of three replicas, one by one.
const ARRIVES_WITHIN: u64 = 180;
/// Why an image may be promoted that `./test.sh` has not passed yet.
const A_TRIAL: Option<&str> = Some("a trial of acceptance, taken back after it");

pub(crate) async fn reaches_the_next(world: &ClusterWorld) -> Seen {
    let (argocd, branch) = (world.argocd()?, world.branch().await?);
    let here = &world.target.environment;
    let before = versions::wanted(world, APP).await?;
    let next = versions::copied(world, &before).await?;
    let promotion = Promotion::prepare(world, argocd, &branch, &next)?;

    world
        .console()
        .step(&format!("promoting the build to {here}"));
    let untested = untested_is_refused(&promotion, here).await?;
    promotion
        .run("build", here, ARRIVES_WITHIN, A_TRIAL)
        .await??;
    branch.catch_up().await?;
    let arrived = branch.head().await?;
    let now = versions::wanted(world, APP).await?;
    ensure(now == next, || {
        format!("{} wants {now}, not {next}", APP.name())
    })?;

    world
        .console()
        .step(&format!("promoting what runs in {here} to dev"));
    let said = promotion.run(here, "dev", 0, A_TRIAL).await??;
    ensure(
        said.lines()
            .any(|line| line.starts_with('+') && line.contains(&next.digest)),
        || format!("no difference was printed: {said}"),
    )?;
    branch.catch_up().await?;
    went_on_with_its_story(world, &branch, &next).await?;

    let refused = refused_while_unwell(world, argocd, &promotion, &next).await?;
    world.console().step("git revert");
    let began = Instant::now();
    let went_on = branch.head().await?;
    branch.revert(&went_on).await?;
    back(world, &branch, &arrived, APP, &before).await?;
    Ok(format!(
        "another digest arrived in {here} through Argo CD, then went to dev as a commit with its diff; after git revert \
         the one before ran again within {} s; refused without all tests: {untested}; refused while {here} was unwell: \
         {refused}",
        began.elapsed().as_secs()
    ))
}

/// Fails unless the latest commit has dev run it and looked at as here, and says from where and with which evidence.
async fn went_on_with_its_story(
    world: &ClusterWorld,
    branch: &Branch,
    next: &Image,
) -> Result<(), Failure> {
    let probe = &world.target.probe_image;
    let (_, hook) = probe
        .split_once('@')
        .ok_or_else(|| Failure::wrong(format!("{probe} is no image by digest")))?;
    let (message, file) = (
        branch.message().await?,
        branch.read(&versions::file(APP, "dev"))?,
    );
    for trailer in [
        format!("Promoted-Digest: {}", next.digest),
        format!("Promoted-Hook: {hook}"),
        format!("Promoted-From: {}", world.target.environment),
        String::from("Test-Evidence: not all tests passed (acceptance)"),
    ] {
        ensure(message.contains(&trailer), || {
            format!("the commit does not say {trailer}: {message}")
        })?;
    }
    ensure(file.contains(&next.digest) && file.contains(hook), || {
        format!("dev does not name {next} and {probe}: {file}")
    })
}

/// No tests passed on what acceptance promotes, and it may not say so.
async fn untested_is_refused(promotion: &Promotion, here: &str) -> Result<String, Failure> {
    match promotion.run("build", here, 0, None).await? {
        Err(Failure::Wrong(why)) if why.contains("test evidence is: not all") => Ok(why),
        Err(other) => Err(other),
        Ok(said) => Err(Failure::wrong(format!(
            "what did not pass all tests was promoted: {said}"
        ))),
    }
}

/// A clone that promotions are made from, beside which stands what `./deploy.sh` and `./test.sh` write.
struct Promotion {
    root: PathBuf,
    argocd: ArgoCd,
}

impl Promotion {
    fn prepare(
        world: &ClusterWorld,
        argocd: &ArgoCd,
        branch: &Branch,
        tested: &Image,
    ) -> Result<Self, Failure> {
        let target = json!({
            "kind": "cluster",
            "context": world.target.context,
            "environment": world.target.environment,
            "argocd": {"repository": argocd.repository},
        });
        let tested = json!({
            "commit": "of a trial", "dirty": false, "time": fresh::now().to_string(), "parts": ["acceptance"],
            "images": {(APP.name()): tested.to_string(), "probe": world.target.probe_image},
        });
        branch.write(".deploy/target.json", &target.to_string())?;
        branch.write(".deploy/tested.json", &tested.to_string())?;
        Ok(Self {
            root: branch.folder().to_owned(),
            argocd: argocd.clone(),
        })
    }

    /// Promotes; gives what was said, or why it was refused.
    async fn run(
        &self,
        from: &str,
        to: &str,
        wait: u64,
        without_evidence: Option<&str>,
    ) -> Result<Result<String, Failure>, Failure> {
        let order = Order {
            app: APP.name().to_owned(),
            from: from.to_owned(),
            to: to.to_owned(),
            root: self.root.clone(),
            repository: Some(self.argocd.repository.clone()),
            git_server: None,
            branch: self.argocd.branch.clone(),
            without_evidence: without_evidence.map(str::to_owned),
            wait,
        };
        let promoting = tokio::task::spawn_blocking(move || {
            let mut said = Vec::new();
            let promoted = promote(&order, &Tools::default(), &mut said);
            promoted.map(|()| String::from_utf8_lossy(&said).into_owned())
        });
        let promoted = promoting
            .await
            .map_err(|error| Failure::wrong(format!("the promotion broke off: {error}")))?;
        Ok(promoted.map_err(|error| Failure::wrong(error.to_string())))
    }
}

/// Past git, the Deployment gets an image that nobody has: its roll-out cannot end.
async fn refused_while_unwell(
    world: &ClusterWorld,
    argocd: &ArgoCd,
    promotion: &Promotion,
    runs: &Image,
) -> Result<String, Failure> {
    let here = &world.target.environment;
    world.console().step(&format!("making {here} unwell"));
    world.cluster.hold_still(argocd).await?;
    let patch = json!({"spec": {"template": {"spec": {"containers": [{"name": APP.name(), "image": runs.unknown().to_string()}]}}}});
    let api = world.cluster.api::<Deployment>(APP.namespace());
    let patched = api
        .patch(
            APP.name(),
            &PatchParams::default(),
            &Patch::Strategic(&patch),
        )
        .await;
    patched
        .map(drop)
        .map_err(Failure::cluster(format!("make {} unwell", APP.name())))?;
    // From then on until it is put back, so that nothing else can be why a promotion is refused.
    poll::until("a pod without its image", DECIDED_WITHIN, async || {
        let pods = world.cluster.pods_named(APP.namespace(), APP.name());
        without_image(&pods.await?)
    })
    .await?;
    let promoted = promotion.run(here, "dev", 0, A_TRIAL).await?;
    world.cluster.let_go(argocd).await?;
    world.cluster.await_service(APP).await?;
    match promoted {
        Ok(said) => Err(Failure::wrong(format!(
            "a promotion was not refused while {here} was unwell: {said}"
        ))),
        Err(Failure::Wrong(why)) if is_for_being_unwell(&why) => Ok(why),
        Err(other) => Err(Failure::wrong(format!(
            "{here} was unwell, and a promotion was refused for something else: {other}"
        ))),
    }
}

/// A promotion is refused for much else: without evidence, without a digest, or since nobody can be asked.
fn is_for_being_unwell(why: &str) -> bool {
    let not_whole = why.contains("it wants ") && why.contains(" replicas: ");
    why.contains(" is not promoted: ") && (not_whole || why.contains("its Application is "))
}

#[cfg(test)]
mod tests {
    use super::is_for_being_unwell;

    #[test]
    fn a_refusal_counts_when_it_is_for_being_unwell() {
        let refused = |why: &str| format!("invoice-app in local is not promoted: {why}");
        for unwell in [
            "it wants 3 replicas: 1 run the latest specification, 3 an earlier one, and 3 are available",
            "its Application is Degraded and Synced",
        ] {
            assert!(is_for_being_unwell(&refused(unwell)), "{unwell}");
            assert!(!is_for_being_unwell(unwell), "nothing was refused");
        }
        for other in [
            "of 0123456789ab the test evidence is: not all tests passed (acceptance)",
            "what looks at it after each sync has no digest that is known",
            "there is no Deployment invoice-app in namespace invoice of kube context testbed",
            "it runs localhost:5000/invoice-app:latest, which is not pinned by a digest",
        ] {
            assert!(!is_for_being_unwell(&refused(other)), "{other}");
        }
    }
}
