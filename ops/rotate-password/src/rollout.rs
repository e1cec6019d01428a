//! Replacing the pods of the app.

use std::collections::BTreeSet;
use std::time::Duration;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use kube::api::ListParams;
use tokio::time::{Instant, sleep};

use crate::cluster::{Cluster, LOOK_EVERY};
use crate::error::Error;

const ROLLED_WITHIN: Duration = Duration::from_mins(5);

impl Cluster {
    /// Replaces every pod of the app, and waits until those before are gone: they know the old password.
    ///
    /// # Errors
    /// When that takes more than minutes.
    pub(crate) async fn replace_pods(&self) -> Result<(), Error> {
        let before = self.replicas().await?;
        self.api::<Deployment>().restart(&self.app).await?;
        let deadline = Instant::now() + ROLLED_WITHIN;
        loop {
            let deployment = self.api::<Deployment>().get(&self.app).await?;
            if rolled_out(&deployment) && self.replicas().await?.is_disjoint(&before) {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(Error::NotRolled {
                    app: self.app.clone(),
                    namespace: self.namespace.clone(),
                });
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// The running pods of the app's Deployment, by what no two pods have in common.
    async fn replicas(&self) -> Result<BTreeSet<String>, Error> {
        let deployment = self.api::<Deployment>().get(&self.app).await?;
        let (all, set_api, pod_api) = (ListParams::default(), self.api(), self.api());
        let (sets, pods) = tokio::try_join!(set_api.list(&all), pod_api.list(&all))?;
        Ok(replicas_of(&deployment, &sets.items, &pods.items))
    }
}

/// By owner and not by label: another pod may wear the app's labels, and a roll-out does not replace it. A pod that
/// has ended has no session, and may stay for ever.
fn replicas_of(deployment: &Deployment, sets: &[ReplicaSet], pods: &[Pod]) -> BTreeSet<String> {
    let owner = deployment.uid();
    let sets: BTreeSet<String> = sets
        .iter()
        .filter(|set| owner.is_some() && controller(*set) == owner)
        .filter_map(ResourceExt::uid)
        .collect();
    pods.iter()
        .filter(|pod| controller(*pod).is_some_and(|set| sets.contains(&set)))
        .filter(|pod| !has_ended(pod))
        .filter_map(ResourceExt::uid)
        .collect()
}

fn controller(object: &impl ResourceExt) -> Option<String> {
    let mut owners = object.owner_references().iter();
    owners
        .find(|owner| owner.controller == Some(true))
        .map(|owner| owner.uid.clone())
}

fn has_ended(pod: &Pod) -> bool {
    let status = pod.status.as_ref();
    let phase = status.and_then(|status| status.phase.as_deref());
    matches!(phase, Some("Succeeded" | "Failed"))
}

fn rolled_out(deployment: &Deployment) -> bool {
    let wanted = deployment.spec.as_ref().and_then(|spec| spec.replicas);
    let status = deployment.status.clone().unwrap_or_default();
    status.observed_generation >= deployment.metadata.generation
        && wanted.is_some()
        && [
            status.updated_replicas,
            status.replicas,
            status.available_replicas,
        ] == [wanted; 3]
}

#[cfg(test)]
mod tests {
    use super::{Pod, replicas_of, rolled_out};
    use serde_json::{Value, from_value, json};

    #[test]
    fn a_roll_out_ends_when_all_replicas_are_new_available_and_alone() {
        let judged = |status: Value| {
            rolled_out(
                &from_value(json!({
                    "metadata": {"name": "a", "generation": 4},
                    "spec": {"replicas": 3, "selector": {}, "template": {}},
                    "status": status,
                }))
                .unwrap(),
            )
        };
        let ended = json!({"observedGeneration": 4, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 3});
        assert!(judged(ended.clone()));
        for (field, value) in [
            ("observedGeneration", 3),
            ("replicas", 4),
            ("availableReplicas", 2),
        ] {
            let mut other = ended.clone();
            other[field] = json!(value);
            assert!(!judged(other.clone()), "{other}");
        }
    }

    #[test]
    fn a_replica_is_a_pod_that_lives_under_a_replica_set_of_the_deployment() {
        let owned = |kind: &str, uid: &str, by: &str| {
            json!({"metadata": {"uid": uid, "labels": {"app.kubernetes.io/name": "app"}, "ownerReferences": [
                {"apiVersion": "apps/v1", "kind": kind, "name": by, "uid": by, "controller": true}
            ]}})
        };
        let deployment = from_value(json!({"metadata": {"uid": "app"}})).unwrap();
        let sets = [
            from_value(owned("Deployment", "set-1", "app")).unwrap(),
            from_value(owned("Deployment", "set-2", "app")).unwrap(),
            from_value(owned("Deployment", "foreign-set", "another")).unwrap(),
        ];
        let mut evicted = owned("ReplicaSet", "evicted", "set-2");
        evicted["status"] = json!({"phase": "Failed"});
        let mut running = owned("ReplicaSet", "running", "set-2");
        running["status"] = json!({"phase": "Running"});
        let pods: Vec<Pod> = [
            owned("ReplicaSet", "old", "set-1"),
            running,
            evicted,
            owned("ReplicaSet", "foreign", "foreign-set"),
            json!({"metadata": {"uid": "bare", "labels": {"app.kubernetes.io/name": "app"}}}),
        ]
        .map(|pod| from_value(pod).unwrap())
        .into();
        let found = replicas_of(&deployment, &sets, &pods);
        assert_eq!(found, ["old", "running"].map(String::from).into());
    }
}
