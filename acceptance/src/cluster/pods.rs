//! Pods: which there are, and waiting for them.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use kube::api::{DeleteParams, ListParams};

use super::app::App;
use super::{Cluster, LABEL};
use crate::failure::{Failure, ensure};
use crate::poll;

/// The fewest replicas of each service.
pub(crate) const REPLICAS: usize = 3;
/// Long enough for a pod to stop, be scheduled, started and found ready on a busy machine.
/// A database waits for its clients, and the services do not leave: its whole grace period would pass. Never none:
/// what is deleted by force may still run while its successor starts on the same volume.
pub(crate) const DATABASE_GRACE_SECONDS: u32 = 1;
pub(crate) const READY_WITHIN: Duration = Duration::from_secs(150);

impl Cluster {
    /// The pods with this `app.kubernetes.io/name`, acceptance's own left out.
    pub(crate) async fn pods_named(
        &self,
        namespace: &str,
        name: &str,
    ) -> Result<Vec<Pod>, Failure> {
        let labels = format!("app.kubernetes.io/name={name},!{LABEL}");
        let pods = self
            .api::<Pod>(namespace)
            .list(&ListParams::default().labels(&labels))
            .await;
        Ok(pods
            .map_err(Failure::cluster(format!("list the pods of {name}")))?
            .items)
    }

    /// The replicas of a service that are ready and stay.
    pub(crate) async fn replicas(&self, app: App) -> Result<Vec<Pod>, Failure> {
        let pods = self.pods_named(app.namespace(), app.name()).await?;
        let mut ready: Vec<Pod> = pods.into_iter().filter(is_ready).collect();
        ready.sort_by_key(ResourceExt::name_any);
        ensure(!ready.is_empty(), || {
            format!("{} has no ready pod", app.name())
        })?;
        Ok(ready)
    }

    /// The pod of a service's database; a database elsewhere is not this cluster's to touch.
    pub(crate) async fn database_pod(&self, app: App) -> Result<Pod, Failure> {
        let pods = self.pods_named(app.namespace(), app.database()).await?;
        pods.into_iter()
            .find(|pod| pod.metadata.deletion_timestamp.is_none())
            .ok_or_else(|| {
                Failure::NotHere(format!(
                    "the database of {} is not in this cluster",
                    app.name()
                ))
            })
    }

    /// Waits until `count` pods of this name are ready and no other is there.
    pub(crate) async fn await_ready(
        &self,
        namespace: &str,
        name: &str,
        count: usize,
    ) -> Result<Vec<Pod>, Failure> {
        poll::until(
            &format!("{count} ready pods of {name}"),
            READY_WITHIN,
            async || self.all_ready(namespace, name, count).await,
        )
        .await
    }

    /// The pods of this name, if `count` of them are ready and no other is there.
    pub(super) async fn all_ready(
        &self,
        namespace: &str,
        name: &str,
        count: usize,
    ) -> Result<Vec<Pod>, Failure> {
        let pods = self.pods_named(namespace, name).await?;
        let ready = pods.iter().filter(|pod| is_ready(pod)).count();
        ensure(ready == count && pods.len() == count, || {
            format!(
                "{ready} of {} pods are ready, should be {count}: {}",
                pods.len(),
                states(&pods)
            )
        })?;
        Ok(pods)
    }

    /// Deletes a pod, which has so many seconds to end, its own number of them without; does not wait for it.
    pub(crate) async fn end(&self, pod: &Pod, grace_seconds: Option<u32>) -> Result<(), Failure> {
        let name = pod.name_any();
        let pods = self.api::<Pod>(&pod.namespace().unwrap_or_default());
        let within = DeleteParams {
            grace_period_seconds: grace_seconds,
            ..DeleteParams::default()
        };
        let ended = pods.delete(&name, &within).await;
        ended
            .map(drop)
            .map_err(Failure::cluster(format!("delete pod {name}")))
    }

    /// The same, and waits until it is gone.
    pub(crate) async fn delete_pod(
        &self,
        pod: &Pod,
        grace_seconds: Option<u32>,
    ) -> Result<(), Failure> {
        self.end(pod, grace_seconds).await?;
        let (namespace, name) = (pod.namespace().unwrap_or_default(), pod.name_any());
        let api = self.api::<Pod>(&namespace);
        poll::until(
            &format!("the end of pod {name}"),
            READY_WITHIN,
            async || {
                let now = api
                    .get_opt(&name)
                    .await
                    .map_err(Failure::cluster(format!("get pod {name}")))?;
                // A StatefulSet's next pod has the same name and another uid.
                ensure(now.is_none_or(|now| now.uid() != pod.uid()), || {
                    format!("{name} is still there")
                })
            },
        )
        .await
    }
}

/// Whether the pod is ready and nobody asked it to go.
pub(crate) fn is_ready(pod: &Pod) -> bool {
    let conditions = pod
        .status
        .as_ref()
        .and_then(|status| status.conditions.as_deref())
        .unwrap_or_default();
    pod.metadata.deletion_timestamp.is_none()
        && conditions
            .iter()
            .any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

/// The pod's address, once it has one.
pub(crate) fn address(pod: &Pod) -> Result<String, Failure> {
    let address = pod.status.as_ref().and_then(|status| status.pod_ip.clone());
    address.ok_or_else(|| Failure::wrong(format!("pod {} has no address yet", pod.name_any())))
}

/// `host:port` of a pod's port, with IPv6 in brackets.
pub(crate) fn endpoint(address: &str, port: u16) -> String {
    if address.contains(':') {
        format!("[{address}]:{port}")
    } else {
        format!("{address}:{port}")
    }
}

/// How often the pod's containers were restarted.
pub(crate) fn restarts(pod: &Pod) -> i32 {
    let statuses = pod
        .status
        .as_ref()
        .and_then(|status| status.container_statuses.as_deref());
    statuses
        .unwrap_or_default()
        .iter()
        .map(|status| status.restart_count)
        .sum()
}

/// What keeps the pod among these whose image nobody can pull.
pub(crate) fn without_image(pods: &[Pod]) -> Result<String, Failure> {
    let states: Vec<String> = pods.iter().map(state).collect();
    let stuck = states.iter().find(|state| state.contains("ImagePull"));
    stuck
        .cloned()
        .ok_or_else(|| Failure::wrong(states.join(", ")))
}

fn states(pods: &[Pod]) -> String {
    pods.iter()
        .map(|pod| format!("{} {}", pod.name_any(), state(pod)))
        .collect::<Vec<_>>()
        .join(", ")
}

/// What keeps a pod, in a word: a container's reason says more than the pod's phase.
pub(crate) fn state(pod: &Pod) -> String {
    let Some(status) = &pod.status else {
        return String::from("unknown");
    };
    let waiting = status
        .container_statuses
        .iter()
        .flatten()
        .find_map(|container| {
            let waiting = container.state.as_ref()?.waiting.as_ref()?;
            let message = waiting
                .message
                .as_ref()
                .map(|message| format!(" ({message})"))
                .unwrap_or_default();
            Some(format!("{}{message}", waiting.reason.as_deref()?))
        });
    let phase = status.phase.clone().unwrap_or_default();
    match waiting {
        Some(reason) => reason,
        None if is_ready(pod) => String::from("ready"),
        None => format!("{phase}, not ready"),
    }
}

#[cfg(test)]
mod tests {
    use super::{endpoint, is_ready, state, without_image};
    use k8s_openapi::api::core::v1::Pod;
    use serde_json::json;

    fn pod(value: serde_json::Value) -> Pod {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_pod_that_is_going_is_not_ready() {
        let ready = json!({"conditions": [{"type": "Ready", "status": "True"}]});
        assert!(is_ready(&pod(
            json!({"metadata": {"name": "a"}, "status": ready})
        )));
        let going = json!({"name": "a", "deletionTimestamp": "2026-01-01T00:00:00Z"});
        assert!(!is_ready(&pod(json!({"metadata": going, "status": ready}))));
        assert!(!is_ready(&pod(json!({"metadata": {"name": "a"}}))));
    }

    fn waiting(reason: &str, message: &str) -> Pod {
        let waiting = json!({"waiting": {"reason": reason, "message": message}});
        let container = json!({"name": "c", "image": "", "imageID": "", "ready": false, "restartCount": 0, "state": waiting});
        pod(
            json!({"metadata": {"name": "a"}, "status": {"phase": "Pending", "containerStatuses": [container]}}),
        )
    }

    #[test]
    fn a_waiting_container_tells_why() {
        let pod = waiting("CreateContainerConfigError", "runs as root");
        assert_eq!(state(&pod), "CreateContainerConfigError (runs as root)");
    }

    #[test]
    fn a_pod_whose_image_nobody_has_is_told_from_one_that_waits_for_something_else() {
        let creating = || waiting("ContainerCreating", "soon");
        for reason in ["ErrImagePull", "ImagePullBackOff"] {
            let found = without_image(&[creating(), waiting(reason, "not found")]).unwrap();
            assert_eq!(found, format!("{reason} (not found)"));
        }
        let failure = without_image(&[creating()]).unwrap_err().to_string();
        assert_eq!(failure, "ContainerCreating (soon)");
    }

    #[test]
    fn an_ipv6_address_is_bracketed() {
        assert_eq!(endpoint("10.0.0.1", 80), "10.0.0.1:80");
        assert_eq!(endpoint("fd00::1", 80), "[fd00::1]:80");
    }
}
