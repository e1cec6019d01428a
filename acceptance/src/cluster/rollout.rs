//! Rolling updates, through the API, and evictions, as a drain of a node makes them.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use kube::api::EvictParams;

use super::Cluster;
use super::app::App;
use super::pods::READY_WITHIN;
use crate::failure::{Failure, ensure};
use crate::poll;

impl Cluster {
    /// Begins a rolling update of a service to pods that are the same but new.
    pub(crate) async fn begin_roll_out(&self, app: App) -> Result<(), Failure> {
        let restarted = self
            .api::<Deployment>(app.namespace())
            .restart(app.name())
            .await;
        restarted
            .map(drop)
            .map_err(Failure::cluster(format!("roll out {}", app.name())))
    }

    /// Waits until a rolling update has replaced every pod and the old ones are gone.
    pub(crate) async fn await_rolled_out(&self, app: App) -> Result<(), Failure> {
        let what = format!("the roll-out of {}", app.name());
        poll::until(&what, READY_WITHIN, async || {
            let found = self
                .api::<Deployment>(app.namespace())
                .get(app.name())
                .await
                .map_err(Failure::cluster(format!("get {}", app.name())))?;
            rolled_out(&found)
        })
        .await?;
        self.await_service(app).await.map(drop)
    }

    /// Evicts a pod as soon as its disruption budget lets it go; gives whether it was, or was gone before.
    pub(crate) async fn evict(&self, pod: &Pod) -> Result<bool, Failure> {
        let name = pod.name_any();
        let pods = self.api::<Pod>(&pod.namespace().unwrap_or_default());
        poll::until(
            &format!("the eviction of {name}"),
            READY_WITHIN,
            async || {
                let answer = pods.evict(&name, &EvictParams::default()).await;
                was_evicted(answer).map_err(Failure::cluster(format!("evict {name}")))
            },
        )
        .await
    }
}

/// Whether it was by the API's answer, if that is final.
fn was_evicted<T>(answer: Result<T, kube::Error>) -> Result<bool, kube::Error> {
    match answer {
        Ok(_) => Ok(true),
        // Somebody else took it away, an autoscaler for one.
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(false),
        Err(other) => Err(other),
    }
}

fn rolled_out(deployment: &Deployment) -> Result<(), Failure> {
    let wanted = deployment
        .spec
        .as_ref()
        .and_then(|spec| spec.replicas)
        .unwrap_or(1);
    let status = deployment.status.clone().unwrap_or_default();
    let seen = status.observed_generation >= deployment.metadata.generation;
    let (updated, all, available) = (
        status.updated_replicas.unwrap_or(0),
        status.replicas.unwrap_or(0),
        status.available_replicas.unwrap_or(0),
    );
    ensure(
        seen && (updated, all, available) == (wanted, wanted, wanted),
        || format!("{updated} of {wanted} replicas are new, {available} of {all} available"),
    )
}

#[cfg(test)]
mod tests {
    use super::{rolled_out, was_evicted};
    use kube::core::Status;
    use serde_json::json;

    fn judged(status: &serde_json::Value) -> bool {
        let deployment = json!({
            "metadata": {"name": "a", "generation": 4},
            "spec": {"replicas": 3, "selector": {}, "template": {}},
            "status": status,
        });
        rolled_out(&serde_json::from_value(deployment).unwrap()).is_ok()
    }

    #[test]
    fn a_pod_that_was_gone_was_not_evicted_and_one_that_must_stay_is_asked_again() {
        let answered = |code| {
            let status = Status::failure("no", "reason").with_code(code);
            was_evicted::<()>(Err(kube::Error::Api(status.boxed())))
        };
        assert!(was_evicted(Ok(())).unwrap());
        assert!(!answered(404).unwrap());
        assert!(answered(429).is_err(), "its budget keeps it for now");
    }

    #[test]
    fn a_roll_out_ends_when_all_replicas_are_new_available_and_alone() {
        let ended = json!({"observedGeneration": 4, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 3});
        assert!(judged(&ended));
        for (field, value) in [
            ("observedGeneration", 3),
            ("replicas", 4),
            ("updatedReplicas", 2),
            ("availableReplicas", 2),
        ] {
            let mut other = ended.clone();
            other[field] = json!(value);
            assert!(!judged(&other), "{other}");
        }
        assert!(!judged(&json!({})));
    }
}
