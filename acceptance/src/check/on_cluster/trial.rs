//! Applications of acceptance's own: each deploys a folder of the branch once, and says how that ended.

use std::time::Duration;

use serde_json::{Value, json};

use super::ClusterWorld;
use crate::branch::Branch;
use crate::cluster::app::App;
use crate::cluster::applications::State;
use crate::failure::{Failure, ensure};
use crate::fresh;
use crate::poll;
use crate::target::ArgoCd;

const DECIDED_WITHIN: Duration = Duration::from_mins(1);

/// A folder on the branch for what is tried, and the way to try it.
pub(super) struct Trials<'a> {
    world: &'a ClusterWorld,
    pub(super) argocd: &'a ArgoCd,
    branch: Branch,
    folder: String,
    /// As the cluster reads it.
    repository: String,
    /// As what is deployed is synced.
    deployed: Value,
}

/// What is tried: a folder of the trials, by a project, into a namespace.
pub(super) struct Trial<'a> {
    pub(super) folder: &'a str,
    pub(super) project: &'a str,
    pub(super) namespace: &'a str,
}

impl<'a> Trials<'a> {
    pub(super) async fn begin(world: &'a ClusterWorld) -> Result<Self, Failure> {
        let argocd = world.argocd()?;
        let environment = &world.target.environment;
        let deployed = world.application_of(App::InvoiceApp);
        let deployed = world.cluster.application(argocd, &deployed).await?;
        Ok(Self {
            world,
            argocd,
            branch: world.branch().await?,
            folder: format!("clusters/{environment}/acceptance-{}", fresh::suffix()),
            repository: deployed.repository().to_owned(),
            deployed: deployed.sync_policy(),
        })
    }

    /// Writes a file, to be committed with the others.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<(), Failure> {
        self.branch.write(&format!("{}/{name}", self.folder), text)
    }

    /// Deletes one, to be committed.
    pub(super) fn remove(&self, name: &str) -> Result<(), Failure> {
        self.branch.remove(&format!("{}/{name}", self.folder))
    }

    pub(super) async fn commit(&self, why: &str) -> Result<String, Failure> {
        self.branch.commit(why).await
    }

    /// Takes what was committed back.
    pub(super) async fn end(self) -> Result<(), Failure> {
        self.branch.restore().await.map(drop)
    }

    /// Makes the Application, and waits until it says what is wanted; gives what it says then. It has one try, so
    /// that what is refused says so at once.
    pub(super) async fn until(
        &self,
        trial: Trial<'_>,
        wanted: &str,
        says: impl Fn(&State) -> bool,
    ) -> Result<State, Failure> {
        let once = json!({"automated": {}, "retry": {"limit": 0}});
        self.made_until(&trial, &once, wanted, says).await
    }

    /// The same, synced as what is deployed is, until it is synced.
    pub(super) async fn synced_as_deployed(&self, trial: Trial<'_>) -> Result<State, Failure> {
        self.made_until(&trial, &self.deployed, "synced", |state| {
            state.phase() == "Succeeded"
        })
        .await
    }

    async fn made_until(
        &self,
        trial: &Trial<'_>,
        policy: &Value,
        wanted: &str,
        says: impl Fn(&State) -> bool,
    ) -> Result<State, Failure> {
        let name = format!("acceptance-{}-{}", trial.folder, fresh::suffix());
        let cluster = &self.world.cluster;
        cluster
            .make_application(self.argocd, &name, self.spec(trial, policy))
            .await?;
        let what = format!("Application {name} {wanted}");
        poll::until(&what, DECIDED_WITHIN, async || {
            let state = cluster.application(self.argocd, &name).await?;
            ensure(says(&state), || format!("it says {:.600}", state.words()))?;
            Ok(state)
        })
        .await
    }

    fn spec(&self, trial: &Trial<'_>, policy: &Value) -> Value {
        json!({
            "project": trial.project,
            "source": {
                "repoURL": self.repository,
                "targetRevision": self.argocd.branch,
                "path": format!("{}/{}", self.folder, trial.folder),
            },
            "destination": {"server": "https://kubernetes.default.svc", "namespace": trial.namespace},
            "syncPolicy": policy,
        })
    }
}
