//! Taking a workload away for a while. How many replicas it had is noted on the workload itself, so that it
//! comes back even when the run that took it away was killed.

use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::ResourceExt;
use kube::api::{Patch, PatchParams};
use serde_json::json;

use super::Cluster;
use super::app::App;
use super::pods::{DATABASE_GRACE_SECONDS, READY_WITHIN};
use crate::failure::Failure;
use crate::poll;

const NOTE: &str = "invoice-platform.example/acceptance-replicas";

/// Something that can be scaled.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Workload {
    Service(App),
    Database(App),
}

impl Workload {
    const ALL: [Self; 4] = [
        Self::Database(App::InvoiceApp),
        Self::Database(App::PaymentProvider),
        Self::Service(App::InvoiceApp),
        Self::Service(App::PaymentProvider),
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Service(app) => app.name(),
            Self::Database(app) => app.database(),
        }
    }

    pub(crate) const fn namespace(self) -> &'static str {
        match self {
            Self::Service(app) | Self::Database(app) => app.namespace(),
        }
    }
}

/// A workload's metadata and the number of replicas that are wanted.
struct Wanted {
    metadata: ObjectMeta,
    replicas: i32,
}

impl Cluster {
    /// How many replicas the workload wants; `None` when there is no such workload.
    pub(crate) async fn wanted_replicas(&self, workload: Workload) -> Result<Option<i32>, Failure> {
        Ok(self.wanted(workload).await?.map(|wanted| wanted.replicas))
    }

    /// Waits until a service has all the ready replicas that it wants, and gives them in order of their names.
    /// How many it wants is asked again each time: an autoscaler may change its mind meanwhile.
    pub(crate) async fn await_service(&self, app: App) -> Result<Vec<Pod>, Failure> {
        let what = format!("all pods of {} ready", app.name());
        let mut pods = poll::until(&what, READY_WITHIN, async || {
            let wanted = self.wanted_replicas(Workload::Service(app)).await?;
            let wanted = wanted.ok_or_else(|| {
                Failure::wrong(format!("{} is not deployed: run ./deploy.sh", app.name()))
            })?;
            let count = usize::try_from(wanted).unwrap_or(0);
            self.all_ready(app.namespace(), app.name(), count).await
        })
        .await?;
        pods.sort_by_key(ResourceExt::name_any);
        Ok(pods)
    }

    /// Whether the cluster holds the service's database.
    pub(crate) async fn has_database(&self, app: App) -> Result<bool, Failure> {
        let wanted = self.wanted_replicas(Workload::Database(app)).await?;
        Ok(wanted.is_some())
    }

    /// Waits until the service's database is ready, where the cluster holds it.
    pub(crate) async fn await_database(&self, app: App) -> Result<(), Failure> {
        if self.has_database(app).await? {
            self.await_ready(app.namespace(), app.database(), 1).await?;
        }
        Ok(())
    }

    /// Takes all pods of a workload away and waits until they are gone.
    pub(crate) async fn take_away(&self, workload: Workload) -> Result<(), Failure> {
        let wanted = self.wanted_replicas(workload).await?;
        let wanted = wanted.ok_or_else(|| {
            Failure::NotHere(format!("{} is not in this cluster", workload.name()))
        })?;
        self.note(workload, Some(wanted)).await?;
        if let Workload::Database(app) = workload {
            // Before its controller does, with all the time that it may take: a node that has begun to wait for a
            // pod need not hear that less time was given. No other comes in its place until it is gone.
            for pod in self.pods_named(app.namespace(), app.database()).await? {
                self.end(&pod, Some(DATABASE_GRACE_SECONDS)).await?;
            }
        }
        self.set_replicas(workload, 0).await?;
        self.await_ready(workload.namespace(), workload.name(), 0)
            .await?;
        Ok(())
    }

    /// Brings back what was taken away, and waits until it is ready. Does nothing to a workload that is there.
    pub(crate) async fn bring_back(&self, workload: Workload) -> Result<(), Failure> {
        let Some(replicas) = self.noted(workload).await? else {
            return Ok(());
        };
        self.set_replicas(workload, replicas).await?;
        let count = usize::try_from(replicas).unwrap_or(0);
        self.await_ready(workload.namespace(), workload.name(), count)
            .await?;
        self.note(workload, None).await
    }

    /// Brings back everything that this or an earlier run took away; says what it was.
    pub(crate) async fn bring_everything_back(&self) -> Result<Vec<&'static str>, Failure> {
        let mut back = Vec::new();
        for workload in Workload::ALL {
            if self.noted(workload).await?.is_some() {
                self.bring_back(workload).await?;
                back.push(workload.name());
            }
        }
        Ok(back)
    }

    async fn noted(&self, workload: Workload) -> Result<Option<i32>, Failure> {
        let Some(wanted) = self.wanted(workload).await? else {
            return Ok(None);
        };
        let note = wanted
            .metadata
            .annotations
            .and_then(|mut annotations| annotations.remove(NOTE));
        Ok(note.and_then(|note| note.parse().ok()))
    }

    async fn wanted(&self, workload: Workload) -> Result<Option<Wanted>, Failure> {
        let (namespace, name) = (workload.namespace(), workload.name());
        let doing = Failure::cluster(format!("get {name}"));
        match workload {
            Workload::Service(_) => {
                let found = self
                    .api::<Deployment>(namespace)
                    .get_opt(name)
                    .await
                    .map_err(doing)?;
                Ok(found.map(|found| Wanted {
                    metadata: found.metadata,
                    replicas: found.spec.and_then(|spec| spec.replicas).unwrap_or(1),
                }))
            }
            Workload::Database(_) => {
                let found = self
                    .api::<StatefulSet>(namespace)
                    .get_opt(name)
                    .await
                    .map_err(doing)?;
                Ok(found.map(|found| Wanted {
                    metadata: found.metadata,
                    replicas: found.spec.and_then(|spec| spec.replicas).unwrap_or(1),
                }))
            }
        }
    }

    async fn note(&self, workload: Workload, replicas: Option<i32>) -> Result<(), Failure> {
        let note = replicas.map(|replicas| replicas.to_string());
        let patch = Patch::Merge(json!({"metadata": {"annotations": {NOTE: note}}}));
        let (namespace, name, params) = (
            workload.namespace(),
            workload.name(),
            PatchParams::default(),
        );
        let done = match workload {
            Workload::Service(_) => {
                let api = self.api::<Deployment>(namespace);
                api.patch_metadata(name, &params, &patch).await.map(drop)
            }
            Workload::Database(_) => {
                let api = self.api::<StatefulSet>(namespace);
                api.patch_metadata(name, &params, &patch).await.map(drop)
            }
        };
        done.map_err(Failure::cluster(format!("note the replicas of {name}")))
    }

    async fn set_replicas(&self, workload: Workload, replicas: i32) -> Result<(), Failure> {
        let patch = Patch::Merge(json!({"spec": {"replicas": replicas}}));
        let (namespace, name, params) = (
            workload.namespace(),
            workload.name(),
            PatchParams::default(),
        );
        let doing = format!("scale {name} to {replicas}");
        let scale = poll::within(&doing, std::time::Duration::from_secs(30), async {
            let done = match workload {
                Workload::Service(_) => {
                    self.api::<Deployment>(namespace)
                        .patch_scale(name, &params, &patch)
                        .await
                }
                Workload::Database(_) => {
                    self.api::<StatefulSet>(namespace)
                        .patch_scale(name, &params, &patch)
                        .await
                }
            };
            done.map(drop).map_err(Failure::cluster(doing.clone()))
        });
        scale.await
    }
}
