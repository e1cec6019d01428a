//! Which digest runs, and whether it runs well: only what is wholly there is promoted.

use std::collections::BTreeSet;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Pod, PodSpec};

use crate::image_file::Digest;

/// What runs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Running {
    pub(crate) digest: Digest,
    /// `repository@digest`.
    pub(crate) image: String,
    pub(crate) replicas: i32,
}

/// Why what runs is not promoted.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unhealthy {
    /// The controller has not seen the latest specification.
    #[error("its Deployment was changed a moment ago and nothing has come of that yet")]
    NotObserved,
    /// Nothing runs.
    #[error("its Deployment wants no replicas, so nothing runs")]
    Nothing,
    /// A roll-out that is not done, or replicas that are not available.
    #[error(
        "it wants {wanted} replicas: {updated} run the latest specification, {old} an earlier one, and \
         {available} are available"
    )]
    Incomplete {
        /// As the Deployment says.
        wanted: i32,
        /// Of the latest specification.
        updated: i32,
        /// Of an earlier one.
        old: i32,
        /// Ready for long enough.
        available: i32,
    },
    /// No container is named after the app.
    #[error("its Deployment has no container named after it")]
    NoContainer,
    /// The image may be another one tomorrow.
    #[error("it runs {0}, which is not pinned by a digest")]
    NotPinned(String),
    /// Pods with another image than the Deployment's.
    #[error("pods of several digests run: {0}")]
    SeveralDigests(String),
    /// Argo CD has run what looks at it, and that was not content.
    #[error("the hook {name} of its last sync failed{}", because(.message))]
    Hook {
        /// The hook's object.
        name: String,
        /// What Argo CD says of it.
        message: String,
    },
    /// Argo CD says so.
    #[error("its Application is {health} and {sync}{}", because(.message))]
    Application {
        /// `Degraded`, for example.
        health: String,
        /// `OutOfSync`, for example.
        sync: String,
        /// What Argo CD says of it.
        message: String,
    },
}

fn because(message: &str) -> String {
    if message.is_empty() {
        String::new()
    } else {
        format!(": {message}")
    }
}

/// What runs by a Deployment and its pods, if all of it does.
pub(crate) fn judge(
    app: &str,
    deployment: &Deployment,
    pods: &[Pod],
) -> Result<Running, Unhealthy> {
    let status = deployment.status.clone().unwrap_or_default();
    if status.observed_generation < deployment.metadata.generation {
        return Err(Unhealthy::NotObserved);
    }
    let spec = deployment.spec.as_ref();
    let wanted = spec.and_then(|spec| spec.replicas).unwrap_or(1);
    if wanted == 0 {
        return Err(Unhealthy::Nothing);
    }
    let (updated, available) = (
        status.updated_replicas.unwrap_or(0),
        status.available_replicas.unwrap_or(0),
    );
    let all = status.replicas.unwrap_or(0);
    if updated != wanted || available != wanted || all != wanted {
        let old = all - updated;
        return Err(Unhealthy::Incomplete {
            wanted,
            updated,
            old,
            available,
        });
    }
    let template = spec.and_then(|spec| spec.template.spec.as_ref());
    let image = template
        .and_then(|pod| image(pod, app))
        .ok_or(Unhealthy::NoContainer)?;
    let not_pinned = || Unhealthy::NotPinned(image.to_owned());
    let digest = Digest::of_reference(image).ok_or_else(not_pinned)?;
    one_digest(app, &digest, pods)?;
    Ok(Running {
        digest,
        image: image.to_owned(),
        replicas: wanted,
    })
}

/// A node runs nothing else than the digest that a pod's specification names.
fn one_digest(app: &str, digest: &Digest, pods: &[Pod]) -> Result<(), Unhealthy> {
    let staying = pods
        .iter()
        .filter(|pod| pod.metadata.deletion_timestamp.is_none());
    let images: BTreeSet<&str> = staying
        .filter_map(|pod| image(pod.spec.as_ref()?, app))
        .collect();
    if images
        .iter()
        .all(|image| Digest::of_reference(image).as_ref() == Some(digest))
    {
        return Ok(());
    }
    let images: Vec<_> = images.into_iter().collect();
    Err(Unhealthy::SeveralDigests(images.join(", ")))
}

fn image<'a>(pod: &'a PodSpec, app: &str) -> Option<&'a str> {
    let container = pod
        .containers
        .iter()
        .find(|container| container.name == app)?;
    container.image.as_deref()
}

#[cfg(test)]
mod tests {
    use super::{Unhealthy, judge};
    use k8s_openapi::api::apps::v1::Deployment;
    use k8s_openapi::api::core::v1::Pod;
    use serde_json::{Value, json};

    fn reference(digit: &str) -> String {
        format!("localhost:5000/app@sha256:{}", digit.repeat(64))
    }

    fn healthy() -> Value {
        let container = json!({"name": "app", "image": reference("a")});
        json!({
            "metadata": {"generation": 2},
            "spec": {"replicas": 3, "selector": {}, "template": {"spec": {"containers": [container]}}},
            "status": {"observedGeneration": 2, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 3},
        })
    }

    fn pod(name: &str, image: &str) -> Pod {
        let container = json!({"name": name, "image": image});
        serde_json::from_value(json!({"spec": {"containers": [container]}})).unwrap()
    }

    fn refusal(change: impl FnOnce(&mut Value), pods: &[Pod]) -> Unhealthy {
        let mut value = healthy();
        change(&mut value);
        let deployment: Deployment = serde_json::from_value(value).unwrap();
        judge("app", &deployment, pods).unwrap_err()
    }

    #[test]
    fn what_is_wholly_there_is_found_with_its_digest() {
        let deployment: Deployment = serde_json::from_value(healthy()).unwrap();
        // Acceptance's pods carry the app's label too, and another container.
        let pods = [pod("app", &reference("a")), pod("probe", "probe:1")];
        let running = judge("app", &deployment, &pods).unwrap();
        assert_eq!(running.image, reference("a"));
        assert_eq!((running.digest.as_str().len(), running.replicas), (71, 3));
    }

    #[test]
    fn a_rollout_that_is_not_done_is_refused() {
        for field in ["updatedReplicas", "availableReplicas"] {
            let seen = refusal(|value| value["status"][field] = json!(2), &[]);
            assert!(
                matches!(seen, Unhealthy::Incomplete { wanted: 3, .. }),
                "{field}: {seen}"
            );
        }
        // One of the old pods is still there.
        let seen = refusal(|value| value["status"]["replicas"] = json!(4), &[]);
        assert!(matches!(seen, Unhealthy::Incomplete { .. }), "{seen}");
        let seen = refusal(|value| value["metadata"]["generation"] = json!(3), &[]);
        assert_eq!(seen, Unhealthy::NotObserved);
    }

    #[test]
    fn a_deployment_of_nothing_is_refused() {
        assert_eq!(
            refusal(|value| value["spec"]["replicas"] = json!(0), &[]),
            Unhealthy::Nothing
        );
    }

    #[test]
    fn an_image_by_tag_is_refused() {
        let tag = |value: &mut Value| {
            value["spec"]["template"]["spec"]["containers"][0]["image"] = json!("app:latest");
        };
        assert_eq!(
            refusal(tag, &[]),
            Unhealthy::NotPinned(String::from("app:latest"))
        );
    }

    #[test]
    fn pods_of_another_digest_are_refused() {
        let pods = [pod("app", &reference("a")), pod("app", &reference("b"))];
        let seen = refusal(|_| (), &pods).to_string();
        assert!(
            seen.contains(&reference("a")) && seen.contains(&reference("b")),
            "{seen}"
        );
    }
}
