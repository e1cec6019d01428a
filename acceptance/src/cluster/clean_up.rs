//! Taking out of the cluster what acceptance put there. It goes by the label, so it also finds what a run
//! that was killed left behind.

use std::time::Duration;

use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Pod, Service};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::rbac::v1::Role;
use kube::ResourceExt;
use kube::api::{DeleteParams, ListParams, ObjectList, Patch, PatchParams};
use serde_json::json;

use super::{Cluster, LABEL};
use crate::failure::{Failure, ensure};
use crate::poll;

/// A namespace is gone only when everything in it is.
const GONE_WITHIN: Duration = Duration::from_secs(90);

impl Cluster {
    /// Brings back what was taken away and removes what was added; says what there was to do.
    pub(crate) async fn clean_up(&self) -> Result<Vec<String>, Failure> {
        let mut done: Vec<String> = self.leftovers().await?;
        self.remove_trials().await?;
        self.remove::<ConfigMap>().await?;
        self.remove::<Role>().await?;
        self.remove::<Deployment>().await?;
        self.remove::<Service>().await?;
        self.remove_jobs().await?;
        self.remove_pods().await?;
        self.remove::<NetworkPolicy>().await?;
        self.remove_namespaces().await?;
        if self.join_services().await? {
            done.push(String::from("the way to payment-provider (opened again)"));
        }
        let lowered = self.lower_replicas_again().await?;
        done.extend(
            lowered
                .into_iter()
                .map(|name| format!("{name} (fewest replicas lowered again)")),
        );
        let certificates = self.identities_back().await?;
        done.extend(
            certificates
                .into_iter()
                .map(|name| format!("{name} (put back)")),
        );
        let back = self.bring_everything_back().await?;
        done.extend(
            back.into_iter()
                .map(|name| format!("{name} (brought back)")),
        );
        poll::until(
            "the end of what acceptance added",
            GONE_WITHIN,
            async || {
                let left = self.leftovers().await?;
                ensure(left.is_empty(), || left.join(", "))
            },
        )
        .await?;
        Ok(done)
    }

    /// Everything in the cluster that carries acceptance's label.
    pub(crate) async fn leftovers(&self) -> Result<Vec<String>, Failure> {
        let mut left = self.left::<Pod>("pod").await?;
        left.extend(self.left::<Job>("Job").await?);
        left.extend(self.trials().await?);
        left.extend(self.left::<ConfigMap>("ConfigMap").await?);
        left.extend(self.left::<Role>("Role").await?);
        left.extend(self.left::<Deployment>("Deployment").await?);
        left.extend(self.left::<Service>("Service").await?);
        left.extend(self.left::<NetworkPolicy>("policy").await?);
        left.extend(self.left::<Namespace>("namespace").await?);
        Ok(left)
    }

    /// Each of a kind, called so.
    async fn left<K>(&self, kind: &str) -> Result<Vec<String>, Failure>
    where
        K: kube::Resource<DynamicType = ()> + Clone + serde::de::DeserializeOwned + std::fmt::Debug,
    {
        let found = self.labelled::<K>().await?;
        let names = found.iter().map(ResourceExt::name_any);
        Ok(names.map(|name| format!("{kind} {name}")).collect())
    }

    async fn labelled<K>(&self) -> Result<ObjectList<K>, Failure>
    where
        K: kube::Resource<DynamicType = ()> + Clone + serde::de::DeserializeOwned + std::fmt::Debug,
    {
        let doing = format!("list what carries {LABEL}");
        self.all::<K>()
            .list(&ListParams::default().labels(LABEL))
            .await
            .map_err(Failure::cluster(doing))
    }

    /// What is in a namespace and ends at once.
    async fn remove<K>(&self) -> Result<(), Failure>
    where
        K: kube::Resource<DynamicType = (), Scope = NamespaceResourceScope>
            + Clone
            + serde::de::DeserializeOwned
            + std::fmt::Debug,
    {
        for made in self.labelled::<K>().await? {
            let name = made.name_any();
            let api = self.api::<K>(&made.namespace().unwrap_or_default());
            let done = api.delete(&name, &DeleteParams::background()).await;
            gone(done.map(drop), &name)?;
        }
        Ok(())
    }

    /// Argo CD holds a hook until its sync has ended, and by then nobody may be left to let it go.
    async fn remove_jobs(&self) -> Result<(), Failure> {
        let free = Patch::Merge(json!({"metadata": {"finalizers": null}}));
        for job in self.labelled::<Job>().await? {
            let name = job.name_any();
            let api = self.api::<Job>(&job.namespace().unwrap_or_default());
            let done = api.patch(&name, &PatchParams::default(), &free).await;
            gone(done.map(drop), &name)?;
        }
        self.remove::<Job>().await
    }

    async fn remove_pods(&self) -> Result<(), Failure> {
        for pod in self.labelled::<Pod>().await? {
            let at_once = DeleteParams::default().grace_period(0);
            let name = pod.name_any();
            let api = self.api::<Pod>(&pod.namespace().unwrap_or_default());
            gone(api.delete(&name, &at_once).await.map(drop), &name)?;
        }
        Ok(())
    }

    async fn remove_namespaces(&self) -> Result<(), Failure> {
        for namespace in self.labelled::<Namespace>().await? {
            let name = namespace.name_any();
            gone(
                self.all::<Namespace>()
                    .delete(&name, &DeleteParams::default())
                    .await
                    .map(drop),
                &name,
            )?;
        }
        Ok(())
    }
}

/// What is gone already needs no removing, nor what somebody else is removing.
pub(super) fn gone(removed: kube::Result<()>, name: &str) -> Result<(), Failure> {
    match removed {
        Err(kube::Error::Api(status)) if status.code == 404 || status.code == 409 => Ok(()),
        other => other.map_err(Failure::cluster(format!("remove {name}"))),
    }
}
